//! Foreign, truncated and altered files: refused by name, never changed, never a wrong value.
#![expect(
    clippy::unwrap_used,
    reason = "what a test does outside its test function, too"
)]

use std::fs;
use std::sync::Arc;

use authkeep_vault::{Expected, OpenError, SqliteOptions, SqliteStore, Store as _, StoreError};
use rusqlite::Connection;
use secrecy::ExposeSecret as _;

use crate::home::{Fixed, Home, key, snapshot};

fn options(home: &Home) -> SqliteOptions {
    SqliteOptions {
        key_source: Arc::new(Fixed([5; 32])),
        ..home.options("default")
    }
}

/// The bytes of a small vault with three entries.
fn vault_bytes() -> Vec<u8> {
    let home = Home::new();
    let store = SqliteStore::create(&options(&home)).unwrap();
    for name in ["a", "b", "c"] {
        store
            .put(&key(name), name.repeat(20).as_bytes(), Expected::Any)
            .unwrap();
    }
    drop(store);
    fs::read(home.database("default")).unwrap()
}

fn foreign_database() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(
        "PRAGMA journal_mode = WAL; CREATE TABLE notes (text); INSERT INTO notes VALUES (1)",
    )
    .unwrap();
    drop(raw);
    fs::read(path).unwrap()
}

#[test]
fn what_is_not_a_whole_vault_is_refused_and_left_alone() {
    let whole = vault_bytes();
    let mut zeroed = whole.clone();
    zeroed[4096..].fill(0);
    let is_foreign = |error: &OpenError| matches!(error, OpenError::NotAVault { .. });
    let is_corrupt = |error: &OpenError| matches!(error, OpenError::Corrupt(_));
    for (what, bytes, expected) in [
        (
            "empty",
            Vec::new(),
            &is_foreign as &dyn Fn(&OpenError) -> bool,
        ),
        (
            "garbage",
            b"not a database at all\n".repeat(300),
            &is_foreign,
        ),
        ("foreign", foreign_database(), &is_foreign),
        ("a cut header", whole[..60].to_vec(), &is_foreign),
        ("the header alone", whole[..100].to_vec(), &is_corrupt),
        ("one page", whole[..4096].to_vec(), &is_corrupt),
        ("zeroes after the first page", zeroed, &is_corrupt),
    ] {
        let home = Home::new();
        let options = options(&home);
        fs::create_dir_all(&options.dir).unwrap();
        fs::write(home.database("default"), &bytes).unwrap();
        let before = snapshot(home.path());
        for open in [SqliteStore::open, SqliteStore::open_or_create] {
            let error = open(&options).unwrap_err();
            assert!(expected(&error), "{what}: {error:?}");
        }
        let error = SqliteStore::create(&options).unwrap_err();
        assert!(
            matches!(error, OpenError::AlreadyExists { .. }),
            "{what}: {error:?}"
        );
        fs::remove_file(options.dir.join("lock")).unwrap();
        assert_eq!(snapshot(home.path()), before, "{what}");
    }
    // The bytes this table is made from are a vault.
    let home = Home::new();
    fs::create_dir_all(options(&home).dir).unwrap();
    fs::write(home.database("default"), whole).unwrap();
    SqliteStore::open(&options(&home)).unwrap();
}

#[test]
fn a_directory_in_its_place_is_refused() {
    let home = Home::new();
    fs::create_dir_all(home.database("default")).unwrap();
    assert!(matches!(
        SqliteStore::open_or_create(&options(&home)),
        Err(OpenError::Unsafe(_))
    ));
}

/// Flips every bit of a stored value. Either the entry is refused or it reads as written.
#[test]
fn no_flipped_bit_of_a_stored_value_yields_another_plaintext() {
    let home = Home::new();
    let store = SqliteStore::create(&options(&home)).unwrap();
    store.put(&key("a"), b"plaintext", Expected::Any).unwrap();
    let raw = Connection::open(home.database("default")).unwrap();
    raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let value: String = raw
        .query_row("SELECT value FROM entry", [], |row| row.get(0))
        .unwrap();
    let put = |bytes: &[u8]| {
        raw.execute("UPDATE entry SET value = CAST(?1 AS TEXT)", [bytes])
            .unwrap();
    };
    let (mut refused, mut same) = (0, 0);
    for at in 0..value.len() * 8 {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        put(&bytes);
        match store.get(&key("a")) {
            Err(StoreError::Unreadable { .. }) => refused += 1,
            Ok(Some(entry)) => {
                assert_eq!(entry.value.expose_secret(), b"plaintext", "bit {at}");
                same += 1;
            }
            found => panic!("bit {at}: {found:?}"),
        }
    }
    println!("bit flips in a value: {refused} refused, {same} without effect, 0 wrong");
    assert_eq!(same, 0);
    put(value.as_bytes());
    assert!(store.verify().unwrap().is_sound());
}

/// Flips bits all over the file, one at a time.
#[test]
fn no_flipped_bit_of_the_file_yields_a_panic_or_another_plaintext() {
    let whole = vault_bytes();
    let home = Home::new();
    let options = options(&home);
    fs::create_dir_all(&options.dir).unwrap();
    let (mut refused, mut read, mut noticed) = (0, 0, 0);
    for (round, at) in (0..whole.len()).step_by(5).enumerate() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (round % 8);
        fs::write(home.database("default"), &bytes).unwrap();
        for leftover in ["store.db-wal", "store.db-shm"] {
            drop(fs::remove_file(options.dir.join(leftover)));
        }
        let Ok(store) = SqliteStore::open(&options) else {
            refused += 1;
            continue;
        };
        for name in ["a", "b", "c"] {
            if let Ok(Some(entry)) = store.get(&key(name)) {
                assert_eq!(
                    entry.value.expose_secret(),
                    name.repeat(20).as_bytes(),
                    "byte {at}"
                );
                read += 1;
            }
        }
        drop(store.list(""));
        noticed += usize::from(!store.verify().is_ok_and(|found| found.is_sound()));
    }
    println!(
        "bit flips in the file: {refused} refused at once, {noticed} found by verify, {read} right values, 0 wrong"
    );
    assert!(refused > 0 && noticed > 0 && read > 0);
}
