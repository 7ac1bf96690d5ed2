//! Locks on keys: between threads, between processes, and after a kill.

use std::fs;
use std::time::{Duration, Instant};

use authkeep_vault::{LockError, SqliteStore, Store as _};

use crate::child::{Running, Task, start};
use crate::home::{Home, key};

const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn another_process_keeps_the_lock_until_it_ends_or_is_killed() {
    let home = Home::new();
    let store = home.create("default");
    for end in [Running::finish, |child: Running| drop(child.kill())] {
        let child = start(Task::Lock, home.path(), None);
        match store.lock(&key("a"), SHORT) {
            Err(LockError::Busy { waited }) => assert!(waited >= SHORT),
            found => panic!("{found:?}"),
        }
        // Neither other keys nor reading and writing are concerned.
        drop(store.lock(&key("b"), Duration::ZERO).unwrap());
        store
            .put(&key("a"), b"1", authkeep_vault::Expected::Any)
            .unwrap();
        end(child);
        drop(store.lock(&key("a"), Duration::ZERO).unwrap());
    }
}

#[test]
fn threads_exclude_each_other_through_one_store_and_through_several() {
    let home = Home::new();
    let store = home.create("default");
    let other = SqliteStore::open(&home.options("default")).unwrap();
    let guard = store.lock(&key("a"), Duration::ZERO).unwrap();
    for store in [&store, &other] {
        assert!(matches!(
            store.lock(&key("a"), Duration::ZERO),
            Err(LockError::Busy { .. })
        ));
    }
    // The guard may move to another thread, and whoever waits gets the lock when it drops there.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| other.lock(&key("a"), LONG));
        scope.spawn(move || drop(guard));
        drop(waiting.join().unwrap().unwrap());
    });
}

/// Reads a number from a file, adds one and writes it back, which loses counts unless excluded.
#[test]
fn a_counter_behind_the_lock_loses_no_count() {
    let home = Home::new();
    let store = home.create("default");
    let counter = home.path().join("counter");
    fs::write(&counter, "0").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let _guard = store.lock(&key("counter"), LONG).unwrap();
                    let number: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                    std::thread::yield_now();
                    fs::write(&counter, (number + 1).to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "200");
}

#[test]
fn a_longest_key_can_be_locked_and_patience_is_kept_to() {
    let home = Home::new();
    let store = home.create("default");
    let longest = key(&"k:".repeat(256));
    let _guard = store.lock(&longest, Duration::ZERO).unwrap();
    let started = Instant::now();
    assert!(matches!(
        store.lock(&longest, SHORT),
        Err(LockError::Busy { .. })
    ));
    assert!(started.elapsed() >= SHORT);
}
