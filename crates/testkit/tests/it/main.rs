//! The fakes, proven from outside: over the network and as a spawned program.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod browser;
mod client;
mod oauth_server;
