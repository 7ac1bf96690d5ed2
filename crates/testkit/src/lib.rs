//! Fakes and fixtures for authkeep's tests, shipped as code.
//!
//! What it is: an OAuth 2 authorization server that really runs on loopback ([`oauth_server`]), an API
//! behind TLS ([`tls_origin`]), an internet with whatever services a test puts there ([`world`]), a
//! stand-in for the person and the browser ([`browser`]), a clock that moves only when told
//! ([`clock`]), a form without any defence ([`careless_form`]), a throwaway home directory for spawned binaries ([`home`]), and a detector of
//! leaked secrets ([`canary`]).
//!
//! What it is not: part of the product. It knows none of the other crates, takes shortcuts a
//! product must not take, shows secrets freely (all of them are made up), and panics when a
//! fixture cannot be set up, because then the test has failed.
//!
//! Start at [`OAuthServer`](oauth_server::OAuthServer) and [`follow`](browser::follow): together
//! they complete a login in four lines.
#![expect(
    clippy::expect_used,
    reason = "a fake that cannot start must fail the test that asked for it"
)]

mod authority;
pub mod browser;
pub mod callback;
pub mod canary;
pub mod careless_form;
pub mod clock;
pub mod home;
pub mod message;
pub mod oauth_server;
pub mod plain_http;
pub mod tls_origin;
pub mod world;
