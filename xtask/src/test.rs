//! The tests: all of them quick, some of them with their full counts.

use std::process::Command;

use crate::shell::{Failed, cargo, run};

/// The end-to-end tests run the real binary, so it is built first.
fn build() -> Result<(), Failed> {
    let build = [
        "build",
        "--locked",
        "-p",
        "authkeep-cli",
        "-p",
        "authkeep-testkit",
        "-p",
        "authkeep-demo",
    ];
    cargo(&build)
}

pub(crate) fn quick() -> Result<(), Failed> {
    build()?;
    cargo(&["test", "--locked", "--workspace"])
}

pub(crate) fn torture() -> Result<(), Failed> {
    build()?;
    with_full_counts(&["--workspace"])
}

/// The part of the torture that CI can afford: the vault under kill -9.
pub(crate) fn short_torture() -> Result<(), Failed> {
    with_full_counts(&["-p", "authkeep-vault", "--test", "it", "--", "kill"])
}

fn with_full_counts(arguments: &[&str]) -> Result<(), Failed> {
    let mut test = Command::new(env!("CARGO"));
    test.args(["test", "--locked"]).args(arguments);
    run(test.env("AUTHKEEP_TORTURE", "1"))
}
