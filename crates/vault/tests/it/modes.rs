//! Everything the vault makes is private from its birth, whatever the umask.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "what a test does outside its test function, too"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::child::{Task, start};
use crate::home::Home;

/// Every path below a directory with its permission bits.
fn modes(directory: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), metadata.permissions().mode() & 0o7777));
        if metadata.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

#[test]
fn nothing_is_open_to_others_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let root = Home::new();
        let home = root.path().join("home");
        fs::create_dir(&home).unwrap();
        let child = start(Task::TouchEverything, &home, Some(umask));
        let found = modes(&home);
        child.finish();

        let name = |path: &Path| path.strip_prefix(&home).unwrap().display().to_string();
        let names: Vec<_> = found.iter().map(|(path, _)| name(path)).collect();
        for expected in [
            "master.key",
            "profiles",
            "profiles/default",
            "profiles/default/store.db",
            "profiles/default/store.db-wal",
            "profiles/default/store.db-shm",
            "profiles/default/lock",
            "profiles/default/locks",
        ] {
            assert!(
                names.iter().any(|name| name == expected),
                "{expected} in {names:?}"
            );
        }
        assert_eq!(
            names.len(),
            10,
            "those, a lock file and the careless file: {names:?}"
        );
        for (path, mode) in &found {
            if name(path) == "careless" {
                // The negative control: made in the same process without any care.
                assert_eq!(mode & 0o077 == 0, umask == "077", "{mode:o}");
            } else {
                let expected = if path.is_dir() { 0o700 } else { 0o600 };
                assert_eq!(*mode, expected, "umask {umask}: {}", path.display());
            }
        }
    }
}
