//! The contract of the store: entries, revisions, preconditions, prefixes, the description.

use authkeep_vault::{Expected, PutError, SqliteStore, Store as _};
use secrecy::ExposeSecret as _;

use crate::home::{Home, canary, key, read};

#[test]
fn entries_come_back_as_they_were_written() {
    let home = Home::new();
    let store = home.create("default");
    let large = vec![7; 300_000];
    for (name, value) in [
        ("a", &b"value"[..]),
        ("b", b""),
        ("c", b"\0\xff"),
        ("d", &large),
    ] {
        let revision = store.put(&key(name), value, Expected::Absent).unwrap();
        let entry = store.get(&key(name)).unwrap().unwrap();
        assert_eq!(entry.value.expose_secret(), value);
        assert_eq!(entry.revision, revision);
    }
    assert!(store.get(&key("missing")).unwrap().is_none());

    drop(store);
    let store = SqliteStore::open(&home.options("default")).unwrap();
    assert_eq!(read(&store, "d").unwrap(), large);
    assert!(store.delete(&key("d"), Expected::Any).unwrap());
    assert!(!store.delete(&key("d"), Expected::Any).unwrap());
    assert!(store.get(&key("d")).unwrap().is_none());
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_write_on_a_stale_read_is_a_conflict_and_changes_nothing() {
    let home = Home::new();
    let store = home.create("default");
    let other = SqliteStore::open(&home.options("default")).unwrap();
    let a = key("a");

    let first = store.put(&a, b"1", Expected::Absent).unwrap();
    let second = other.put(&a, b"2", Expected::Revision(first)).unwrap();
    assert!(second > first);
    for stale in [Expected::Absent, Expected::Revision(first)] {
        match store.put(&a, b"3", stale) {
            Err(PutError::Conflict { current }) => assert_eq!(current, Some(second)),
            found => panic!("{found:?}"),
        }
        assert!(matches!(
            store.delete(&a, stale),
            Err(PutError::Conflict { .. })
        ));
    }
    assert_eq!(read(&store, "a").unwrap(), b"2");
    // Without a precondition the same write goes through.
    store.put(&a, b"3", Expected::Any).unwrap();
    assert_eq!(read(&other, "a").unwrap(), b"3");

    let b = key("b");
    assert!(matches!(
        store.put(&b, b"1", Expected::Revision(first)),
        Err(PutError::Conflict { current: None })
    ));
}

#[test]
fn a_revision_is_never_used_twice() {
    let home = Home::new();
    let store = home.create("default");
    let a = key("a");
    let first = store.put(&a, b"1", Expected::Absent).unwrap();
    store.delete(&a, Expected::Revision(first)).unwrap();
    let again = store.put(&a, b"2", Expected::Absent).unwrap();
    assert!(again > first);
    assert!(matches!(
        store.put(&a, b"3", Expected::Revision(first)),
        Err(PutError::Conflict { .. })
    ));
}

#[test]
fn a_prefix_is_literal_and_the_list_is_sorted() {
    let home = Home::new();
    let store = home.create("default");
    let names = [
        "p:a", "p:a:x", "p:ab", "p:a_", "p:a.", "p:aZ", "p:axb", "p:b", "P:a", "p", "p:a-",
    ];
    for name in names {
        store
            .put(&key(name), name.as_bytes(), Expected::Absent)
            .unwrap();
    }
    for prefix in [
        "p:a",
        "p:a:",
        "p:ab",
        "p:a_",
        "p:a%",
        "p:",
        "P",
        "",
        "q",
        "p:a*",
        "p:a\u{7f}",
        "ä",
        "p:a'",
    ] {
        let mut expected: Vec<_> = names
            .into_iter()
            .filter(|n| n.starts_with(prefix))
            .collect();
        expected.sort_unstable();
        let listed = store.list(prefix).unwrap();
        let found: Vec<_> = listed.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(found, expected, "{prefix:?}");
        for (key, entry) in &listed {
            assert_eq!(entry.value.expose_secret(), key.as_str().as_bytes());
        }
    }
}

#[test]
fn many_writers_with_preconditions_lose_no_update() {
    let home = Home::new();
    drop(home.create("default"));
    let add_one = |store: &SqliteStore| {
        loop {
            let (number, expected) = match store.get(&key("counter")).unwrap() {
                Some(entry) => {
                    let text = str::from_utf8(entry.value.expose_secret())
                        .unwrap()
                        .to_owned();
                    (
                        text.parse::<u32>().unwrap(),
                        Expected::Revision(entry.revision),
                    )
                }
                None => (0, Expected::Absent),
            };
            match store.put(
                &key("counter"),
                (number + 1).to_string().as_bytes(),
                expected,
            ) {
                Ok(_) => return,
                Err(PutError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = SqliteStore::open(&home.options("default")).unwrap();
                (0..10).for_each(|_| add_one(&store));
            });
        }
    });
    let store = SqliteStore::open(&home.options("default")).unwrap();
    assert_eq!(read(&store, "counter").unwrap(), b"40");
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn the_description_is_true_and_holds_no_secret() {
    let home = Home::new();
    let store = home.create("default");
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    store.put(&key("b"), b"1", Expected::Any).unwrap();
    let meta = store.meta().unwrap();
    assert_eq!((meta.format, meta.entries, meta.data_key_uses), (1, 2, 5));
    assert_eq!(meta.key_source, "local_key");
    assert_eq!(meta.vault_id.len(), 32);
    let again = SqliteStore::open(&home.options("default"))
        .unwrap()
        .meta()
        .unwrap();
    assert_eq!(meta, again);
    assert_ne!(home.create("other").meta().unwrap().vault_id, meta.vault_id);
}

#[test]
fn no_value_reaches_the_disk_in_the_clear() {
    let home = Home::new();
    let store = home.create("default");
    let secrets: Vec<_> = (0..20).map(|_| canary()).collect();
    for (number, secret) in secrets.iter().enumerate() {
        let name = key(&format!("visible-name:{number}"));
        store.put(&name, secret.as_bytes(), Expected::Any).unwrap();
        store.put(&name, secret.as_bytes(), Expected::Any).unwrap();
    }
    // Once with the write-ahead log in place and once after it was merged.
    let mut checked = 0;
    let mut look = || {
        let mut names_seen = false;
        for path in crate::home::snapshot(home.path()).into_keys() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &str| {
                bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            };
            assert!(!has("cnry_"), "{}", path.display());
            assert!(
                !secrets.iter().any(|secret| has(&secret[5..])),
                "{}",
                path.display()
            );
            names_seen |= has("visible-name:");
            checked += 1;
        }
        assert!(names_seen, "the search finds what is in the clear");
    };
    look();
    drop(store);
    look();
    assert!(checked > 6);
}

#[test]
fn debug_of_everything_shows_no_secret() {
    let home = Home::new();
    let store = home.create("default");
    let secret = canary();
    store
        .put(&key("a"), secret.as_bytes(), Expected::Any)
        .unwrap();
    let entry = store.get(&key("a")).unwrap();
    let guard = store.lock(&key("a"), std::time::Duration::ZERO).unwrap();
    let shown = format!(
        "{store:?} {entry:?} {guard:?} {:?} {:?} {:?}",
        store.list("").unwrap(),
        store.verify().unwrap(),
        home.options("default"),
    );
    assert!(!shown.contains(&secret));
    let bytes = format!("{:?}", secret.as_bytes());
    assert!(!shown.contains(&bytes[1..bytes.len() - 1]));
}
