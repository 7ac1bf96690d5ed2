//! The folder with the node programs, and whether it is ready to use.

use std::path::{Path, PathBuf};

/// What to do about anything missing.
pub(crate) const SETUP: &str = "run `cargo xtask setup`";

/// `tests/fixtures/oidc-provider`.
///
/// Panics when its node modules have not been installed.
pub(crate) fn oidc_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/oidc-provider");
    for module in ["oidc-provider", "playwright-core"] {
        let manifest = folder
            .join("node_modules")
            .join(module)
            .join("package.json");
        assert!(
            manifest.is_file(),
            "node module `{module}` is not installed: {SETUP}"
        );
    }
    folder
}

/// The machine's own search path: node may be installed anywhere.
///
/// Panics when there is none.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the harness runs the machine's own programs"
)]
pub fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").expect("a PATH to find programs on")
}
