//! The registry from outside: the user's directory, storing, overriding, broken files.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its fixture should stop there"
)]

mod authsome_originals;
mod bundled;
mod dialect;
mod extends;
mod performance;
mod registering;
mod robustness;
mod schema;
mod user_directory;

use std::path::Path;

use authkeep_registry::{ProviderName, Registry};

/// A definition with nothing wrong.
fn definition(name: &str) -> String {
    format!(
        r#"{{"schema_version": 2, "name": "{name}", "display_name": "{name}", "flows": ["api_key"],
            "hosts": ["api.{name}.example"], "api_key": {{}}, "env": {{"X_{}_KEY": "{{token}}"}}}}"#,
        name.to_uppercase().replace(['-', '.', '@', '+'], "_")
    )
}

fn name(text: &str) -> ProviderName {
    text.parse().unwrap()
}

/// A registry over a directory that holds the given files.
fn registry_with(dir: &Path, files: &[(&str, &str)]) -> Registry {
    for (file, text) in files {
        std::fs::write(dir.join(file), text).unwrap();
    }
    Registry::new(Some(dir.to_owned()))
}
