//! Creating: never over anything, and once for all who try at the same time.

use std::fs;

use authkeep_vault::{Expected, OpenError, SqliteStore, Store as _};
use rusqlite::Connection;

use crate::child::{Task, start};
use crate::home::{Home, key, read, snapshot};

#[test]
fn without_a_vault_open_says_so_and_makes_nothing() {
    let home = Home::new();
    let options = home.options("default");
    assert!(matches!(
        SqliteStore::open(&options),
        Err(OpenError::NotFound { .. })
    ));
    assert!(!SqliteStore::exists(&options.dir));
    assert!(snapshot(home.path()).is_empty());
    fs::create_dir_all(&options.dir).unwrap();
    assert!(matches!(
        SqliteStore::open(&options),
        Err(OpenError::NotFound { .. })
    ));

    drop(SqliteStore::create(&options).unwrap());
    assert!(SqliteStore::exists(&options.dir));
    assert!(matches!(
        SqliteStore::create(&options),
        Err(OpenError::AlreadyExists { .. })
    ));
    SqliteStore::open_or_create(&options).unwrap();
}

#[test]
fn processes_that_create_at_once_agree_on_one_vault_and_one_key() {
    let home = Home::new();
    let mut children: Vec<_> = (0..8)
        .map(|_| start(Task::Create, home.path(), None))
        .collect();
    children.iter_mut().for_each(crate::child::Running::go);
    let ids: Vec<_> = children
        .iter_mut()
        .map(|child| child.next_line().unwrap())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    children.into_iter().for_each(crate::child::Running::finish);
}

#[test]
fn leftovers_of_a_killed_creation_are_replaced() {
    let home = Home::new();
    let options = home.options("default");
    fs::create_dir_all(&options.dir).unwrap();
    for name in [
        "store.db.new",
        "store.db.new-wal",
        "store.db.new-shm",
        "store.db.new-journal",
    ] {
        fs::write(options.dir.join(name), "half of something").unwrap();
    }
    let store = SqliteStore::create(&options).unwrap();
    store.put(&key("a"), b"1", Expected::Absent).unwrap();
    assert!(store.verify().unwrap().is_sound());
    assert!(!options.dir.join("store.db.new").exists());
}

#[test]
fn the_log_of_a_lost_database_is_not_taken_for_the_new_one_s() {
    let home = Home::new();
    let options = home.options("default");
    let store = SqliteStore::create(&options).unwrap();
    store.put(&key("a"), b"1", Expected::Absent).unwrap();
    let log = fs::read(options.dir.join("store.db-wal")).unwrap();
    drop(store);
    fs::remove_file(home.database("default")).unwrap();
    fs::write(options.dir.join("store.db-wal"), &log).unwrap();

    let error = SqliteStore::open_or_create(&options).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("store.db-wal"), "{error}");
    assert_eq!(fs::read(options.dir.join("store.db-wal")).unwrap(), log);
}

#[cfg(unix)]
#[test]
fn a_linked_database_is_refused_and_a_linked_directory_is_not() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    drop(home.create("default"));
    let linked = home.options("linked");
    symlink(home.path().join("profiles/default"), &linked.dir).unwrap();
    let store = SqliteStore::open(&linked).unwrap();
    store.put(&key("a"), b"1", Expected::Absent).unwrap();
    drop(store);

    let other = home.options("other");
    fs::create_dir_all(&other.dir).unwrap();
    symlink(home.database("default"), home.database("other")).unwrap();
    for open in [SqliteStore::open, SqliteStore::open_or_create] {
        assert!(matches!(open(&other), Err(OpenError::Unsafe(_))));
    }
    assert!(SqliteStore::exists(&other.dir));
    let store = SqliteStore::open(&home.options("default")).unwrap();
    assert_eq!(read(&store, "a").unwrap(), b"1");

    // A lock file that is a link is refused as well; nothing is made through it.
    let third = home.options("third");
    fs::create_dir_all(&third.dir).unwrap();
    symlink(home.path().join("elsewhere"), third.dir.join("lock")).unwrap();
    assert!(matches!(
        SqliteStore::create(&third),
        Err(OpenError::Unsafe(_))
    ));
    assert!(!home.path().join("elsewhere").exists());
}

#[test]
fn a_vault_of_a_later_format_is_refused_even_from_the_log() {
    let home = Home::new();
    drop(home.create("default"));
    let raw = Connection::open(home.database("default")).unwrap();
    raw.execute_batch("PRAGMA user_version = 9; ALTER TABLE vault RENAME TO safe")
        .unwrap();
    // The number is in the write-ahead log only, as long as this connection is open.
    let refused = || match SqliteStore::open(&home.options("default")) {
        Err(OpenError::Newer { found, supported }) => assert_eq!((found, supported), (9, 1)),
        found => panic!("{found:?}"),
    };
    refused();
    drop(raw);
    let before = snapshot(home.path());
    refused();
    assert_eq!(snapshot(home.path()), before);
}
