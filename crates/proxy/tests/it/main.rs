//! The sidecar and its parts, against real sockets, a real vault and the testkit's authorization server.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up must fail its test"
)]

mod accounts;
mod addresses;
mod authority;
mod broker_source;
mod certificates;
mod echoes;
#[cfg(target_os = "linux")]
mod exhaustion;
mod gate;
mod headers;
mod paths;
mod reflections;
mod refusals;
mod replay;
mod resources;
mod slice;
mod smuggling;
mod stage;
mod streams;
mod token_endpoint;
mod trailers;
mod tunnels;
mod upgrades;
mod world;
