//! Another master key opens nothing and changes nothing.

use std::sync::Arc;

use authkeep_vault::{Expected, OpenError, SqliteOptions, SqliteStore, Store as _};

use crate::home::{Fixed, Home, entropy, key, read, snapshot};

fn options(home: &Home, bytes: [u8; 32]) -> SqliteOptions {
    SqliteOptions {
        key_source: Arc::new(Fixed(bytes)),
        ..home.options("default")
    }
}

#[test]
fn a_thousand_wrong_keys_yield_nothing_and_change_nothing() {
    let home = Home::new();
    let mut right = [0; 32];
    entropy(&mut right).unwrap();
    let store = SqliteStore::create(&options(&home, right)).unwrap();
    store.put(&key("a"), b"value", Expected::Any).unwrap();
    drop(store);

    let before = snapshot(home.path());
    let mut refused = 0;
    for number in 0..1_000_usize {
        let mut wrong = right;
        if number < 256 {
            // As near to the right key as can be: each of its bits changed alone.
            wrong[number / 8] ^= 1 << (number % 8);
        } else {
            entropy(&mut wrong).unwrap();
        }
        match SqliteStore::open(&options(&home, wrong)) {
            Err(OpenError::WrongKey { .. }) => refused += 1,
            found => panic!("{found:?}"),
        }
        if number % 100 == 0 {
            assert_eq!(snapshot(home.path()), before);
        }
    }
    assert_eq!(snapshot(home.path()), before);
    println!("wrong keys refused: {refused} of 1000, 0 bytes changed");

    // The right key still opens it, and a write does change the snapshot.
    let store = SqliteStore::open(&options(&home, right)).unwrap();
    assert_eq!(read(&store, "a").unwrap(), b"value");
    store.put(&key("a"), b"other", Expected::Any).unwrap();
    drop(store);
    assert_ne!(snapshot(home.path()), before);
}

#[test]
fn a_vault_without_its_master_key_gets_no_new_one() {
    let home = Home::new();
    drop(home.create("default"));
    let key_file = home.path().join("master.key");
    std::fs::remove_file(&key_file).unwrap();
    let before = snapshot(home.path());
    for open in [SqliteStore::open, SqliteStore::open_or_create] {
        let error = open(&home.options("default")).unwrap_err();
        assert!(
            matches!(error, OpenError::MasterKeyMissing { .. }),
            "{error:?}"
        );
    }
    assert!(matches!(
        SqliteStore::create(&home.options("default")),
        Err(OpenError::AlreadyExists { .. })
    ));
    assert_eq!(snapshot(home.path()), before);
}
