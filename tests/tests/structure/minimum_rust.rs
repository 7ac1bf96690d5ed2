//! The minimum Rust version that the workspace states is one that its dependencies accept.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::metadata;

fn version(text: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = text
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    parts.resize(3, 0);
    parts
}

/// Packages that need a newer Rust than `stated`.
fn too_new(metadata: &Value, stated: &str) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .filter_map(|package| {
            let needs = package["rust_version"].as_str()?;
            let newer = version(needs).cmp(&version(stated)) == Ordering::Greater;
            newer.then(|| format!("{} {needs}", package["name"].as_str().unwrap_or_default()))
        })
        .collect()
}

fn stated() -> String {
    let metadata = metadata(&["--no-deps"]);
    metadata["packages"][0]["rust_version"]
        .as_str()
        .expect("a rust-version is stated")
        .to_owned()
}

#[test]
fn no_dependency_needs_a_newer_rust_than_is_stated() {
    assert_eq!(
        too_new(&metadata(&["--all-features"]), &stated()),
        Vec::<String>::new()
    );
}

#[test]
fn a_dependency_that_is_too_new_would_be_seen() {
    let sample = json!({ "packages": [
        { "name": "old", "rust_version": "1.60" },
        { "name": "new", "rust_version": "1.99.1" },
        { "name": "silent", "rust_version": null },
    ] });
    assert_eq!(too_new(&sample, &stated()), ["new 1.99.1"]);
}
