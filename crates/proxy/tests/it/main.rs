//! The sidecar and its parts, against real sockets, a real vault and the testkit's authorization server.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up must fail its test"
)]

mod broker_source;
mod world;
