//! Several stores on one file in one process do not disturb each other's locks.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "what a test does outside its test function, too"
)]

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use authkeep_vault::{Expected, SqliteStore, Store as _};

use crate::home::{Home, key, read};

/// How many record locks the kernel knows on a file.
fn locks_on(path: &Path) -> usize {
    let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .filter(|line| line.contains("POSIX") && line.contains(&inode))
        .count()
}

/// Closing any descriptor of a file drops all POSIX locks that the process has on it. Without its
/// lock an open store is invisible to other processes, and one of them may take itself for the
/// last user of the write-ahead log and remove it.
#[test]
fn opening_a_second_store_keeps_the_first_one_s_locks() {
    let home = Home::new();
    let path = home.database("default");
    let store = home.create("default");
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    assert_eq!(locks_on(&path), 1);

    for _ in 0..3 {
        drop(SqliteStore::open(&home.options("default")).unwrap());
        assert_eq!(locks_on(&path), 1);
    }
    fs::rename(home.path().join("master.key"), home.path().join("away")).unwrap();
    assert!(SqliteStore::open(&home.options("default")).is_err());
    assert_eq!(locks_on(&path), 1, "an attempt that fails keeps them too");
    assert_eq!(read(&store, "a").unwrap(), b"1");

    // The negative control: reading the file's first bytes in the plain way does lose them.
    drop(File::open(&path).unwrap());
    assert_eq!(locks_on(&path), 0);
}
