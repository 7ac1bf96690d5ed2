//! The broker from outside: a real vault in a temporary home, a real HTTP client, a scripted authorization
//! server, and a person who does as told.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a fixture that cannot be set up must fail its test"
)]

mod fakes;
mod process;

mod client_credentials;
mod discovery;
mod form;
mod http_client;
mod login;
mod logout;
mod model;
mod record;
mod refresh;
mod registration;
mod release;
mod resolve;
mod token_responses;
mod vendors;
