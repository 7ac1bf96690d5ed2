//! The log from outside: many processes, torn tails, files that must not be used.

mod fixture;
mod many;
mod refused;
mod torn;
