//! End to end, one module for each part of the harness and each promise of the product.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod authorization;
mod binary;
mod chromium;
mod fixtures;
mod oidc_provider;
