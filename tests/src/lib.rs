//! The harness of the end-to-end tests: starts what the real binary is tested against.
//!
//! What it is: the authorization server `oidc-provider` (nobody's code here) as a child process
//! ([`OidcProvider`]), headless Chromium as the person's browser ([`Browser`]), and the binary
//! under test ([`authkeep_bin`]) with a home of its own ([`Product`]). For the tests of refreshes there are a way to
//! make a token run out ([`expire`]), crowds of processes ([`all_at_once`]), and the program `embedder`, which uses the
//! library as an agent would and can leave its defences out.
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
mod counts;
mod expiry;
mod fixture;
mod oidc_provider;
mod processes;
mod product;

pub use binary::authkeep_bin;
pub use browser::{Browser, BrowserAction, BrowserVisit};
pub use counts::{moment, rounds};
pub use expiry::{age, entropy, expire, open_vault, put_record, stored_record};
pub use fixture::search_path;
pub use oidc_provider::{OidcClient, OidcOptions, OidcProvider, OidcRotation};
pub use processes::{
    Ended, Process, all_at_once, ended, processes_of, processes_with, send_signal, started,
};
pub use product::{Consent, Product, document, files_below, wait_until};
