//! What the crate promises, checked from outside over large or realistic inputs.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod canary;
mod random;

mod arbitrary;
mod callback;
mod entropy;
mod metadata;
mod redaction;
mod token_response;
