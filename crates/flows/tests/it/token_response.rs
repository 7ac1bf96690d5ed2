//! Answers of token endpoints: real ones, and ten thousand broken ones.

mod mutated;
mod real_world;
