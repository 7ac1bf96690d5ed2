//! The harness of the end-to-end tests: starts what the real binary is tested against.
//!
//! What it is: the authorization server `oidc-provider` (nobody's code here) as a child process
//! ([`OidcProvider`]), headless Chromium as the person's browser ([`Browser`]), and the binary
//! under test ([`authkeep_bin`]) with a home of its own ([`Product`]).
//!
//! What it is not: a set of fakes (those are in `authkeep-testkit`), nor the tests themselves
//! (those are in `tests/it`). Nothing is skipped: a missing program is a failure that says what
//! to run.
//!
//! Start at [`OidcProvider::start`] and [`Product::new`].
#![expect(
    clippy::expect_used,
    reason = "a counterparty that cannot start must fail the test that asked for it"
)]

mod binary;
mod browser;
mod fixture;
mod oidc_provider;
mod product;

pub use binary::authkeep_bin;
pub use browser::{Browser, BrowserAction, BrowserVisit};
pub use oidc_provider::{OidcClient, OidcOptions, OidcProvider, OidcRotation};
pub use product::{Consent, Product, document, files_below, wait_until};
