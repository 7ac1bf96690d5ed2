//! Examines the whole vault: the database, each entry, and the set of entries.

use rusqlite::{Connection, Row};

use super::{SqliteStore, read, trouble};
use crate::sealed_state::SealedState;
use crate::set_mac::{SetMac, SetMacKey};
use crate::{EntryKey, Problem, StoreError, UnsealError, Verification};

pub(super) fn verify(store: &SqliteStore) -> Result<Verification, StoreError> {
    let mut connection = store.connection();
    // One transaction, so that a writer in between cannot look like a fault.
    let snapshot = connection
        .transaction()
        .map_err(|error| trouble::in_store(error, &store.path))?;
    let mut problems = Vec::new();
    check_database(&snapshot, store, &mut problems)?;
    let mut seen = Seen::default();
    if let Err(error) = check_entries(&snapshot, store, &mut seen, &mut problems) {
        damage(error, store, &mut problems)?;
    }
    match read_state(&snapshot, store) {
        Ok(Ok(state)) => {
            if state.entries != seen.entries {
                let (expected, found) = (state.entries, seen.entries);
                problems.push(Problem::EntryCount { expected, found });
            }
            if state.set_mac != seen.set_mac {
                problems.push(Problem::EntrySet);
            }
        }
        Ok(Err(cause)) => problems.push(Problem::State(cause)),
        Err(error) => damage(error, store, &mut problems)?,
    }
    Ok(Verification::new(seen.entries, problems))
}

/// The entries that are there, counted the way the sealed state counts them.
#[derive(Default)]
struct Seen {
    entries: u64,
    set_mac: SetMac,
}

/// SQLite's own check of the file's structure.
fn check_database(
    connection: &Connection,
    store: &SqliteStore,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    let complaints = connection
        .prepare("PRAGMA integrity_check")
        .and_then(|mut check| {
            check
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<_>, _>>()
        });
    match complaints {
        Ok(lines) => {
            problems.extend(
                lines
                    .into_iter()
                    .filter(|line| line != "ok")
                    .map(Problem::Database),
            );
            Ok(())
        }
        Err(error) => damage(error, store, problems),
    }
}

fn check_entries(
    connection: &Connection,
    store: &SqliteStore,
    seen: &mut Seen,
    problems: &mut Vec<Problem>,
) -> rusqlite::Result<()> {
    let mac_key = SetMacKey::new(store.active_key());
    let mut statement = connection.prepare("SELECT key, rev, value FROM entry ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        seen.entries += 1;
        let raw = row.get_ref(0)?.as_bytes().unwrap_or_default();
        let shown = raw.escape_ascii().to_string();
        match open(store, raw, row) {
            Ok((key, revision)) => {
                seen.set_mac = seen.set_mac.with(&mac_key, key.as_str(), revision);
            }
            Err(cause) => problems.push(Problem::Entry { key: shown, cause }),
        }
    }
    Ok(())
}

/// Opens an entry and forgets its value.
fn open(
    store: &SqliteStore,
    raw: &[u8],
    row: &Row<'_>,
) -> Result<(EntryKey, crate::Revision), UnsealError> {
    let key = str::from_utf8(raw)
        .ok()
        .and_then(|text| EntryKey::new(text).ok());
    let key = key.ok_or(UnsealError::Malformed)?;
    let entry = read::open_row(store, &key, row, 1)?;
    Ok((key, entry.revision))
}

fn read_state(
    connection: &Connection,
    store: &SqliteStore,
) -> rusqlite::Result<Result<SealedState, UnsealError>> {
    let sealed: String = connection.query_row("SELECT state FROM vault", [], |row| row.get(0))?;
    Ok(SealedState::open(
        &sealed,
        store.active_key(),
        &store.vault_id,
    ))
}

/// Damage to the database is what an examination is there to find; any other failure ends it.
fn damage(
    error: rusqlite::Error,
    store: &SqliteStore,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    match trouble::in_store(error, &store.path) {
        StoreError::Corrupt(detail) => {
            problems.push(Problem::Database(detail));
            Ok(())
        }
        other => Err(other),
    }
}
