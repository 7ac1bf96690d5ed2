//! Writing: an entry and the sealed state that accounts for it, in one transaction.

use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior};

use super::{SqliteStore, read, trouble};
use crate::sealed_state::SealedState;
use crate::set_mac::SetMacKey;
use crate::{EntryKey, Expected, PutError, Revision, StoreError};

pub(super) fn put(
    store: &SqliteStore,
    key: &EntryKey,
    value: &[u8],
    expected: Expected,
) -> Result<Revision, PutError> {
    change(store, key, expected, |transaction, current, state| {
        // This write seals twice: the value and the state.
        if state.data_key_uses + 2 > store.max_data_key_uses {
            return Err(StoreError::DataKeyExhausted {
                uses: state.data_key_uses,
            });
        }
        let revision = state.advance();
        let sealed =
            store
                .active_key()
                .seal_entry(&store.vault_id, key, revision, value, store.entropy)?;
        state.data_key_uses += 1;
        account(store, state, key, current, Some(revision));
        transaction
            .execute(
                "INSERT INTO entry (key, rev, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value",
                (key.as_str(), revision.get().cast_signed(), &sealed),
            )
            .map_err(|error| trouble::in_store(error, &store.path))?;
        Ok(revision)
    })
}

/// Deleting seals the state only. It is never refused for an exhausted data key: the limit is
/// half of what is safe, and removing a credential must always be possible.
pub(super) fn delete(
    store: &SqliteStore,
    key: &EntryKey,
    expected: Expected,
) -> Result<bool, PutError> {
    change(store, key, expected, |transaction, current, state| {
        if current.is_none() {
            return Ok(false);
        }
        state.advance();
        account(store, state, key, current, None);
        transaction
            .execute("DELETE FROM entry WHERE key = ?1", [key.as_str()])
            .map_err(|error| trouble::in_store(error, &store.path))?;
        Ok(true)
    })
}

/// Runs a change in a transaction that excludes other writers from the first read on: checks the
/// precondition, lets `apply` do its part, and saves the state if that moved it on.
fn change<T>(
    store: &SqliteStore,
    key: &EntryKey,
    expected: Expected,
    apply: impl FnOnce(&Transaction<'_>, Option<Revision>, &mut SealedState) -> Result<T, StoreError>,
) -> Result<T, PutError> {
    let in_store = |error| trouble::in_store(error, &store.path);
    let mut connection = store.connection();
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(in_store)?;
    let current = transaction
        .query_row(
            "SELECT rev FROM entry WHERE key = ?1",
            [key.as_str()],
            |row| {
                let number: i64 = row.get(0)?;
                u64::try_from(number)
                    .map(Revision::new)
                    .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
            },
        )
        .optional()
        .map_err(in_store)?;
    if !expected.admits(current) {
        return Err(PutError::Conflict { current });
    }
    let mut state = read::state(store, &transaction)?;
    let generation = state.generation;
    let outcome = apply(&transaction, current, &mut state)?;
    if state.generation != generation {
        let sealed = state
            .seal(store.active_key(), &store.vault_id, store.entropy)
            .map_err(StoreError::from)?;
        transaction
            .execute("UPDATE vault SET state = ?1", [&sealed])
            .map_err(in_store)?;
        transaction.commit().map_err(in_store)?;
    }
    Ok(outcome)
}

/// Takes the entry's old revision out of the count and the set, and puts the new one in.
fn account(
    store: &SqliteStore,
    state: &mut SealedState,
    key: &EntryKey,
    old: Option<Revision>,
    new: Option<Revision>,
) {
    let mac_key = SetMacKey::new(store.active_key());
    if let Some(revision) = old {
        state.entries = state.entries.saturating_sub(1);
        state.set_mac = state.set_mac.without(&mac_key, key.as_str(), revision);
    }
    if let Some(revision) = new {
        state.entries += 1;
        state.set_mac = state.set_mac.with(&mac_key, key.as_str(), revision);
    }
}
