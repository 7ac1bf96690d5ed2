//! End to end, one module for each part of the harness and each promise of the product.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod acme;
mod arguments;
mod authorization;
mod binary;
mod chromium;
mod cli_home;
mod cli_interrupt;
mod cli_login_refusals;
mod cli_problems;
mod cli_profiles;
mod cli_refresh;
mod cli_refusals;
mod cli_shapes;
mod cli_store;
mod completions;
mod escapes;
mod export_shells;
mod fixtures;
mod leaks_argv;
mod leaks_logs;
mod login_openid;
mod login_refused;
mod login_run;
mod oidc_provider;
mod openid;
mod refresh_callers_killed;
mod refresh_helper_killed;
mod refresh_lock_fails;
mod refresh_logout;
mod refresh_openid;
mod refresh_rate_limit;
mod refresh_single_flight;
mod refresh_window;
mod refresh_world;
mod refusal;
