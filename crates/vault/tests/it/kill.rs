//! SIGKILL at random moments loses no write that was acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use authkeep_vault::{Expected, SqliteStore, Store as _};

use crate::child::{Task, start};
use crate::home::{Home, key, random, read};

/// Few rounds as a rule; many when a long run is asked for.
#[expect(clippy::disallowed_methods, reason = "the only switch of this test")]
fn rounds(quick: usize) -> usize {
    if std::env::var("AUTHKEEP_TORTURE").is_ok() {
        500
    } else {
        quick
    }
}

/// The keys whose stored number is smaller than the last one acknowledged.
fn lost(store: &SqliteStore, acknowledged: &BTreeMap<String, u64>) -> Vec<String> {
    let stored = |name: &str| {
        let value = read(store, name)?;
        str::from_utf8(&value).ok()?.parse::<u64>().ok()
    };
    acknowledged
        .iter()
        .filter(|(name, number)| stored(name) < Some(**number))
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn no_acknowledged_write_is_lost() {
    let home = Home::new();
    drop(home.create("default"));
    let mut acknowledged = BTreeMap::new();
    let (rounds, mut writes) = (rounds(60), 0);
    for round in 0..rounds {
        let mut child = start(Task::Write, home.path(), None);
        let mut said = Vec::new();
        for _ in 0..random(6) {
            said.extend(child.next_line());
        }
        // Anywhere within the next few writes, not only just after an answer.
        std::thread::sleep(Duration::from_micros(u64::try_from(random(8_000)).unwrap()));
        said.extend(child.kill());
        for line in said {
            let (name, number) = line.split_once(' ').unwrap();
            acknowledged.insert(name.to_owned(), number.parse().unwrap());
            writes += 1;
        }
        let store = SqliteStore::open(&home.options("default")).unwrap();
        assert_eq!(
            lost(&store, &acknowledged),
            Vec::<String>::new(),
            "round {round}"
        );
        let verification = store.verify().unwrap();
        assert!(verification.is_sound(), "round {round}: {verification:?}");
    }
    println!("kills: {rounds}, acknowledged writes: {writes}, lost: 0, unsound: 0");
    assert!(writes > rounds, "the children did write");

    // Undo one acknowledged write by hand: the check must see it.
    let store = SqliteStore::open(&home.options("default")).unwrap();
    let (name, number) = acknowledged.iter().next().unwrap();
    let older = (number - 8).to_string();
    store
        .put(&key(name), older.as_bytes(), Expected::Any)
        .unwrap();
    assert_eq!(lost(&store, &acknowledged), std::slice::from_ref(name));
    store.delete(&key(name), Expected::Any).unwrap();
    assert_eq!(lost(&store, &acknowledged), std::slice::from_ref(name));
}

#[test]
fn a_killed_creation_leaves_a_whole_vault_or_none() {
    let (rounds, mut whole, mut none) = (rounds(60), 0, 0);
    for _ in 0..rounds {
        let home = Home::new();
        let mut child = start(Task::Create, home.path(), None);
        child.go();
        std::thread::sleep(Duration::from_micros(
            u64::try_from(random(25_000)).unwrap(),
        ));
        child.kill();
        if SqliteStore::exists(&home.options("default").dir) {
            let store = SqliteStore::open(&home.options("default")).unwrap();
            assert!(store.verify().unwrap().is_sound());
            whole += 1;
        } else {
            none += 1;
        }
        // Whatever was left behind does not hinder the next attempt, and is gone after it.
        let store = SqliteStore::open_or_create(&home.options("default")).unwrap();
        store.put(&key("a"), b"1", Expected::Absent).unwrap();
        drop(store);
        let names: Vec<_> = crate::home::snapshot(home.path())
            .into_keys()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        if none + whole == rounds {
            println!("files: {names:?}");
        }
        assert!(
            names.iter().all(|name| !name.starts_with("store.db.")),
            "{names:?}"
        );
    }
    println!("killed creations: {rounds}, whole vaults: {whole}, none: {none}");
    assert!(whole > 0 && none > 0, "the kills fell on both sides");
}
