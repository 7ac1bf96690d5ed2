//! The architecture, as tests: what the folder list promises is what the code does.
//!
//! Each rule is a function from text to findings, tried on a sample that breaks it before it is believed.
#![expect(
    clippy::expect_used,
    reason = "a structure that cannot be read has failed the test"
)]

mod layers;
mod minimum_rust;
mod sources;

use std::path::{Path, PathBuf};

/// The workspace's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the package lies in the workspace")
        .to_owned()
}

/// Everything `cargo metadata` says of the workspace.
fn metadata(arguments: &[&str]) -> serde_json::Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}
