//! A ciphertext moved to another row, profile or vault does not open.
//!
//! That the check can fail is shown beside the envelope's own code, where the same swaps are done
//! without associated data and all succeed.

use authkeep_vault::{Expected, OpenError, SqliteStore, Store as _, StoreError, UnsealError};
use rusqlite::Connection;

use crate::home::{Home, canary, key, read};

fn name(number: usize) -> String {
    let profile = ["work", "home"][number % 2];
    format!(
        "profile:{profile}:provider{}:connection:c{}",
        number / 10,
        number % 10
    )
}

#[test]
fn all_9_900_swaps_between_100_records_are_refused() {
    let home = Home::new();
    let store = home.create("default");
    for number in 0..100 {
        store
            .put(&key(&name(number)), canary().as_bytes(), Expected::Absent)
            .unwrap();
    }
    let raw = Connection::open(home.database("default")).unwrap();
    raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let rows: Vec<(i64, String)> = (0..100)
        .map(|number| {
            raw.query_row(
                "SELECT rev, value FROM entry WHERE key = ?1",
                [name(number)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap()
        })
        .collect();
    let place = |to: usize, (rev, value): &(i64, String)| {
        raw.execute(
            "UPDATE entry SET rev = ?2, value = ?3 WHERE key = ?1",
            (name(to), rev, value),
        )
        .unwrap();
    };

    let mut refused = 0;
    for to in 0..100 {
        for from in (0..100).filter(|from| *from != to) {
            // The revision is copied along, so that it is not what gives the swap away.
            place(to, &rows[from]);
            match store.get(&key(&name(to))) {
                Err(StoreError::Unreadable {
                    cause: UnsealError::Refused,
                    ..
                }) => refused += 1,
                found => panic!("{from} in the place of {to}: {found:?}"),
            }
        }
        place(to, &rows[to]);
    }
    println!("swaps refused: {refused} of 9900");
    assert_eq!(refused, 9_900);
    // The way of swapping is sound: every row put back opens again.
    assert_eq!(store.list("").unwrap().len(), 100);
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_row_with_the_ciphertext_only_is_refused_for_its_revision() {
    let home = Home::new();
    let store = home.create("default");
    store.put(&key("a"), b"1", Expected::Absent).unwrap();
    store.put(&key("b"), b"2", Expected::Absent).unwrap();
    let raw = Connection::open(home.database("default")).unwrap();
    raw.execute(
        "UPDATE entry SET value = (SELECT value FROM entry WHERE key = 'b') WHERE key = 'a'",
        [],
    )
    .unwrap();
    assert!(matches!(
        store.get(&key("a")),
        Err(StoreError::Unreadable {
            cause: UnsealError::WrongRevision,
            ..
        })
    ));
}

#[test]
fn nothing_moves_between_vaults_under_one_master_key() {
    let home = Home::new();
    let secret = canary();
    let source = home.create("source");
    let target = home.create("target");
    // The same key and the same revision in both vaults.
    source
        .put(&key("a"), secret.as_bytes(), Expected::Absent)
        .unwrap();
    target.put(&key("a"), b"own", Expected::Absent).unwrap();
    drop((source, target));

    let raw = Connection::open(home.database("target")).unwrap();
    raw.execute(
        "ATTACH ?1 AS source",
        [home.database("source").to_str().unwrap()],
    )
    .unwrap();
    let copy = |sql: &str| raw.execute(sql, []).unwrap();
    let open = || SqliteStore::open(&home.options("target"));

    copy("UPDATE main.entry SET value = (SELECT value FROM source.entry)");
    assert!(matches!(
        open().unwrap().get(&key("a")),
        Err(StoreError::Unreadable {
            cause: UnsealError::UnknownKey,
            ..
        })
    ));
    // With the other vault's data key brought along, the vault as a whole is refused.
    copy("INSERT INTO main.data_key SELECT * FROM source.data_key");
    assert!(matches!(open(), Err(OpenError::Corrupt(_))));
    // With everything that names the other vault it *is* the other vault: this shows that the
    // copying works and that the steps before were refused for their binding alone.
    copy("UPDATE main.vault SET vault_id = (SELECT vault_id FROM source.vault)");
    copy("DELETE FROM main.data_key WHERE kid = (SELECT active_kid FROM main.vault)");
    copy("UPDATE main.vault SET active_kid = (SELECT active_kid FROM source.vault)");
    assert_eq!(read(&open().unwrap(), "a").unwrap(), secret.as_bytes());
}
