//! What the project may depend on: `deny.toml`, checked by cargo-deny.

use std::process::Command;

use crate::shell::{Failed, cargo};

/// Pinned, so that a new release of the tool changes nothing unasked.
const VERSION: &str = "0.20.2";

pub(crate) fn run() -> Result<(), Failed> {
    let installed = Command::new(env!("CARGO"))
        .args(["deny", "--version"])
        .output();
    if !installed.is_ok_and(|output| output.status.success()) {
        cargo(&["install", "cargo-deny", "--version", VERSION, "--locked"])?;
    }
    cargo(&[
        "deny",
        "--offline",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ])
}
