//! Reading: one entry, all entries with a prefix, the vault's description.
//!
//! Reading does not check the set of entries; [`verify`](super::verify) does.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::schema::FORMAT;
use super::{SqliteStore, trouble};
use crate::envelope::Envelope;
use crate::sealed_state::SealedState;
use crate::{Entry, EntryKey, Meta, Revision, StoreError, UnsealError};

pub(super) fn get(store: &SqliteStore, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
    let opened = store
        .connection()
        .query_row(
            "SELECT rev, value FROM entry WHERE key = ?1",
            [key.as_str()],
            |row| Ok(open_row(store, key, row, 0)),
        )
        .optional()
        .map_err(|error| trouble::in_store(error, &store.path))?;
    opened.transpose().map_err(|cause| StoreError::Unreadable {
        key: key.clone(),
        cause,
    })
}

pub(super) fn list(
    store: &SqliteStore,
    prefix: &str,
) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
    let in_store = |error| trouble::in_store(error, &store.path);
    let connection = store.connection();
    // All characters of a key sort below \x7f, so these bounds enclose all keys with the prefix.
    let mut statement = connection
        .prepare("SELECT rev, value, key FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key")
        .map_err(in_store)?;
    let mut rows = statement
        .query((prefix, format!("{prefix}\x7f")))
        .map_err(in_store)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(in_store)? {
        let key: String = row.get(2).map_err(in_store)?;
        let key = EntryKey::new(key).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        // A prefix with characters that no key has may enclose others.
        if key.as_str().starts_with(prefix) {
            let entry = open_row(store, &key, row, 0).map_err(|cause| StoreError::Unreadable {
                key: key.clone(),
                cause,
            })?;
            entries.push((key, entry));
        }
    }
    Ok(entries)
}

pub(super) fn meta(store: &SqliteStore) -> Result<Meta, StoreError> {
    let state = state(store, &store.connection())?;
    Ok(Meta {
        vault_id: store.vault_id.clone(),
        format: FORMAT,
        kid: store.active_key().kid().to_owned(),
        entries: state.entries,
        data_key_uses: state.data_key_uses,
        key_source: store.key_source,
    })
}

/// Reads and opens the sealed state.
pub(super) fn state(
    store: &SqliteStore,
    connection: &Connection,
) -> Result<SealedState, StoreError> {
    let sealed: String = connection
        .query_row("SELECT state FROM vault", [], |row| row.get(0))
        .map_err(|error| trouble::in_store(error, &store.path))?;
    SealedState::open(&sealed, store.active_key(), &store.vault_id)
        .map_err(|cause| StoreError::Corrupt(format!("the vault's state does not open: {cause}")))
}

/// Opens the entry in a row whose columns `at` and `at + 1` are the revision and the value.
pub(super) fn open_row(
    store: &SqliteStore,
    key: &EntryKey,
    row: &Row<'_>,
    at: usize,
) -> Result<Entry, UnsealError> {
    let revision = match row.get_ref(at) {
        Ok(ValueRef::Integer(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    let revision = Revision::new(revision.ok_or(UnsealError::Malformed)?);
    let sealed = row.get_ref(at + 1).map_err(|_| UnsealError::Malformed)?;
    let envelope = Envelope::read(sealed.as_str().map_err(|_| UnsealError::Malformed)?)?;
    let data_key = store
        .data_key(&envelope.kid)
        .ok_or(UnsealError::UnknownKey)?;
    let value = data_key.open_entry(&store.vault_id, key, revision, envelope)?;
    Ok(Entry { value, revision })
}
