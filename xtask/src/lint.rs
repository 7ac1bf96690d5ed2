//! Formatting, lints, features and documentation. Warnings are errors.

use std::process::Command;

use crate::shell::{self, Failed, cargo};

pub(crate) fn run() -> Result<(), Failed> {
    format_and_lints()?;
    docs()
}

fn format_and_lints() -> Result<(), Failed> {
    cargo(&["fmt", "--all", "--check"])?;
    let clippy = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo(&clippy)?;
    // The fuzz targets, which are a workspace of their own.
    let fuzz = ["--manifest-path", "fuzz/Cargo.toml"];
    cargo(&[&["fmt"], &fuzz[..], &["--check"]].concat())?;
    let clippy = ["--target-dir", "target/fuzz", "--", "-D", "warnings"];
    cargo(&[&["clippy"], &fuzz[..], &clippy].concat())?;
    // The embedder's view: the core without the HTTP adapter.
    let bare = [
        "clippy",
        "--locked",
        "-p",
        "authkeep-core",
        "--no-default-features",
        "--",
        "-D",
        "warnings",
    ];
    cargo(&bare)
}

fn docs() -> Result<(), Failed> {
    let mut docs = Command::new(env!("CARGO"));
    docs.args(["doc", "--locked", "--workspace", "--no-deps", "--quiet"]);
    shell::run(docs.env("RUSTDOCFLAGS", "-D warnings"))
}
