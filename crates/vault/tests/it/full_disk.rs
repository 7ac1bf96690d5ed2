//! A full disk is reported as such and costs nothing that was there.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::Path;
use std::process::Command;

use authkeep_vault::{Expected, OpenError, PutError, SqliteStore, Store as _, StoreError};

use crate::home::{Home, key, options_in, read};

/// A small file system of its own; unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path, kilobytes: u32) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: mounting a small file system takes root");
        }
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0).output());
    }
}

#[test]
fn a_write_that_does_not_fit_is_refused_and_the_rest_stays() {
    let root = Home::new();
    let Some(disk) = SmallDisk::mount(root.path(), 512) else {
        return;
    };
    let options = options_in(disk.0, "default");
    let store = SqliteStore::create(&options).unwrap();
    store.put(&key("a"), b"small", Expected::Any).unwrap();
    // Room that can be made later.
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 200_000]).unwrap();

    let mut written = 0;
    let refusal = loop {
        match store.put(
            &key(&format!("large:{written}")),
            &[7; 20_000],
            Expected::Any,
        ) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the disk never filled up");
    };
    assert!(
        matches!(refusal, PutError::Store(StoreError::Full { .. })),
        "{refusal:?}"
    );
    assert_eq!(read(&store, "a").unwrap(), b"small");
    assert!(store.verify().unwrap().is_sound());
    assert_eq!(store.meta().unwrap().entries, written + 1);

    // A new vault does not fit either.
    std::fs::write(disk.0.join("rest"), vec![0; 1_000_000]).unwrap_err();
    let other = options_in(disk.0, "other");
    let error = SqliteStore::create(&other).unwrap_err();
    assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
    assert!(!SqliteStore::exists(&other.dir));

    // Making room mends both, and the store that was refused is still good.
    std::fs::remove_file(ballast).unwrap();
    assert!(store.delete(&key("large:0"), Expected::Any).unwrap());
    store.put(&key("a"), b"again", Expected::Any).unwrap();
    assert!(store.verify().unwrap().is_sound());
    drop(SqliteStore::create(&other).unwrap());
}
