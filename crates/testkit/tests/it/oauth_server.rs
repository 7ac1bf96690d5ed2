//! The authorization server: a login, its tokens, its refusals, its faults.

mod authorize;
mod device;
mod refresh;
mod revoke;
mod scripted;
mod token;
