use std::fs;
use std::sync::Mutex;

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::*;
use crate::fixture::system_entropy;
use crate::{KeySourceError, MasterKey, Problem, UnsealError};

/// A key source in memory.
#[derive(Debug, Default)]
struct InMemory(Mutex<Option<[u8; 32]>>);

impl KeySource for InMemory {
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .map(|bytes| MasterKey::new(Zeroizing::new(bytes))))
    }

    fn create(&self, entropy: Entropy) -> Result<MasterKey, KeySourceError> {
        let key = MasterKey::generate(entropy)?;
        *self.0.lock().unwrap() = Some(*key.expose_secret());
        Ok(key)
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

fn vault() -> (tempfile::TempDir, SqliteStore) {
    let home = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(&SqliteOptions {
        dir: home.path().join("default"),
        key_source: Arc::new(InMemory::default()),
        entropy: system_entropy,
    })
    .unwrap();
    (home, store)
}

fn key(name: &str) -> EntryKey {
    EntryKey::new(name).unwrap()
}

#[test]
fn the_data_key_s_uses_are_counted_and_limited() {
    let (_home, mut store) = vault();
    assert_eq!(store.meta().unwrap().data_key_uses, 1, "the first state");
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    assert_eq!(
        store.meta().unwrap().data_key_uses,
        3,
        "a value and a state"
    );
    store.put(&key("b"), b"2", Expected::Any).unwrap();
    store.delete(&key("b"), Expected::Any).unwrap();
    store.delete(&key("b"), Expected::Any).unwrap();
    assert_eq!(
        store.meta().unwrap().data_key_uses,
        6,
        "deleting nothing seals nothing"
    );

    assert_eq!(store.max_data_key_uses, 2_147_483_648);
    store.max_data_key_uses = 8;
    store.put(&key("a"), b"3", Expected::Any).unwrap();
    let refused = store.put(&key("a"), b"4", Expected::Any).unwrap_err();
    assert!(matches!(
        refused,
        PutError::Store(StoreError::DataKeyExhausted { uses: 8 })
    ));
    assert_eq!(
        store.get(&key("a")).unwrap().unwrap().value.expose_secret(),
        b"3"
    );
    assert!(
        store.delete(&key("a"), Expected::Any).unwrap(),
        "deleting stays possible"
    );
    store.max_data_key_uses = 100;
    store.put(&key("a"), b"4", Expected::Any).unwrap();
}

#[test]
fn a_value_under_a_key_that_the_vault_lacks_says_so() {
    let (_home, store) = vault();
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    let kid = store.active_key().kid().to_owned();
    store
        .connection()
        .execute(
            "UPDATE entry SET value = replace(value, ?1, 'another')",
            [&kid],
        )
        .unwrap();
    assert!(matches!(
        store.get(&key("a")),
        Err(StoreError::Unreadable {
            cause: UnsealError::UnknownKey,
            ..
        })
    ));
}

#[test]
fn a_writer_that_panics_leaves_the_store_usable() {
    fn broken(_: &mut [u8]) -> Result<(), crate::EntropyError> {
        panic!("no randomness")
    }
    let (_home, mut store) = vault();
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    store.entropy = broken;
    let store = Arc::new(store);
    let writer = Arc::clone(&store);
    assert!(
        std::thread::spawn(move || writer.put(&key("a"), b"2", Expected::Any))
            .join()
            .is_err()
    );
    assert_eq!(
        store.get(&key("a")).unwrap().unwrap().value.expose_secret(),
        b"1"
    );
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_failing_random_source_changes_nothing() {
    fn failing(_: &mut [u8]) -> Result<(), crate::EntropyError> {
        Err(crate::EntropyError::new("gone"))
    }
    let (_home, mut store) = vault();
    store.entropy = failing;
    let refused = store.put(&key("a"), b"1", Expected::Any).unwrap_err();
    assert!(matches!(refused, PutError::Store(StoreError::Entropy(_))));
    assert!(store.get(&key("a")).unwrap().is_none());
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn the_connection_is_set_up_for_durability() {
    let (_home, store) = vault();
    let number = |name: &str| -> i64 {
        store
            .connection()
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(number("synchronous"), 2, "FULL");
    assert_eq!(number("secure_delete"), 1);
    assert_eq!(number("trusted_schema"), 0);
    assert_eq!(number("busy_timeout"), 10_000);
    let mode: String = store
        .connection()
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_vault_that_lost_its_write_ahead_mode_gets_it_back() {
    let home = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        dir: home.path().join("default"),
        key_source: Arc::new(InMemory::default()),
        entropy: system_entropy,
    };
    drop(SqliteStore::create(&options).unwrap());
    let path = options.dir.join(DATABASE);
    let plain = Connection::open(&path).unwrap();
    plain
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .unwrap();
    drop(plain);
    assert_eq!(fs::read(&path).unwrap()[18], 1);
    drop(SqliteStore::open(&options).unwrap());
    assert_eq!(fs::read(&path).unwrap()[18], 2);
}

#[test]
fn verify_names_what_is_wrong_and_nothing_else() {
    let (_home, store) = vault();
    for name in ["a", "b", "c"] {
        store.put(&key(name), b"value", Expected::Any).unwrap();
    }
    assert!(store.verify().unwrap().is_sound());
    let alter = |sql: &str| store.connection().execute(sql, []).unwrap();
    let problems = || {
        let found = store.verify().unwrap().problems;
        found.iter().map(Problem::to_string).collect::<Vec<_>>()
    };

    // The same row put back to an earlier state, together with its own envelope.
    store
        .connection()
        .execute_batch("CREATE TABLE old AS SELECT * FROM entry")
        .unwrap();
    store.put(&key("a"), b"newer", Expected::Any).unwrap();
    assert!(store.verify().unwrap().is_sound());
    alter("INSERT OR REPLACE INTO entry SELECT * FROM old WHERE key = 'a'");
    assert_eq!(
        store.get(&key("a")).unwrap().unwrap().value.expose_secret(),
        b"value"
    );
    assert_eq!(problems(), ["an entry was removed, added or rolled back"]);

    // Writing the row again does not launder the set.
    store.put(&key("a"), b"newest", Expected::Any).unwrap();
    assert_eq!(problems(), ["an entry was removed, added or rolled back"]);

    alter("DELETE FROM entry WHERE key = 'b'");
    assert_eq!(
        problems(),
        [
            "2 entries where the vault wrote 3",
            "an entry was removed, added or rolled back"
        ]
    );
    alter("UPDATE entry SET rev = rev + 1 WHERE key = 'c'");
    assert_eq!(
        problems()[0],
        "entry `c`: its revision does not match its row"
    );
    alter("UPDATE vault SET state = 'x'");
    assert_eq!(problems()[1], "sealed state: it is not a sealed value");
}
