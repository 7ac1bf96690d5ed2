//! Where the binary under test is. It builds nothing.

use std::path::PathBuf;

/// The path of `authkeep`: what `AUTHKEEP_BIN` names, or the binary of the same profile as the
/// running test.
///
/// Panics when it is not there.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "how a release build is tested with the same tests"
)]
pub fn authkeep_bin() -> PathBuf {
    let path = std::env::var_os("AUTHKEEP_BIN").map_or_else(next_to_test, PathBuf::from);
    assert!(
        path.is_file(),
        "no {}: build it with `cargo build -p authkeep-cli`",
        path.display()
    );
    path
}

/// Tests run from `target/<profile>/deps`.
fn next_to_test() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the running test");
    let profile = test.ancestors().nth(2).expect("a target folder");
    profile.join(format!("authkeep{}", std::env::consts::EXE_SUFFIX))
}
