//! The store can be implemented from outside: another backend needs nothing private.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authkeep_vault::{
    Entry, EntryKey, Expected, LockError, LockGuard, Meta, PutError, Revision, Store, StoreError,
    Verification,
};
use secrecy::ExposeSecret as _;

use crate::home::key;

/// Keeps everything in memory, in the clear.
#[derive(Debug, Default)]
struct InMemory {
    entries: Mutex<BTreeMap<EntryKey, (u64, Vec<u8>)>>,
    held: Arc<Mutex<Vec<EntryKey>>>,
}

/// Gives its key back when dropped.
struct Held(Arc<Mutex<Vec<EntryKey>>>, EntryKey);

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut held) = self.0.lock() {
            held.retain(|key| *key != self.1);
        }
    }
}

fn entry((revision, value): &(u64, Vec<u8>)) -> Entry {
    Entry {
        value: value.clone().into(),
        revision: Revision::new(*revision),
    }
}

#[expect(clippy::unwrap_used, reason = "a poisoned lock is a failed test")]
impl Store for InMemory {
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
        Ok(self.entries.lock().unwrap().get(key).map(entry))
    }

    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
        let mut entries = self.entries.lock().unwrap();
        let current = entries.get(key).map(|found| Revision::new(found.0));
        if !expected.admits(current) {
            return Err(PutError::Conflict { current });
        }
        let revision = current.map_or(0, Revision::get) + 1;
        entries.insert(key.clone(), (revision, value.to_vec()));
        Ok(Revision::new(revision))
    }

    fn delete(&self, key: &EntryKey, _: Expected) -> Result<bool, PutError> {
        Ok(self.entries.lock().unwrap().remove(key).is_some())
    }

    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
        let entries = self.entries.lock().unwrap();
        let listed = entries
            .iter()
            .filter(|(key, _)| key.as_str().starts_with(prefix));
        Ok(listed
            .map(|(key, found)| (key.clone(), entry(found)))
            .collect())
    }

    fn lock(&self, key: &EntryKey, patience: Duration) -> Result<LockGuard, LockError> {
        let mut held = self.held.lock().unwrap();
        if held.contains(key) {
            return Err(LockError::Busy { waited: patience });
        }
        held.push(key.clone());
        Ok(LockGuard::new(Held(Arc::clone(&self.held), key.clone())))
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        Ok(Meta {
            vault_id: "memory".to_owned(),
            format: 0,
            kid: String::new(),
            entries: self.entries.lock().unwrap().len() as u64,
            data_key_uses: 0,
            key_source: "none",
        })
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        Ok(Verification::new(self.meta()?.entries, Vec::new()))
    }
}

#[test]
fn a_backend_from_outside_keeps_the_same_contract() {
    let store: Box<dyn Store> = Box::new(InMemory::default());
    let first = store.put(&key("a"), b"1", Expected::Absent).unwrap();
    assert!(matches!(
        store.put(&key("a"), b"2", Expected::Absent),
        Err(PutError::Conflict { current }) if current == Some(first)
    ));
    assert_eq!(
        store.get(&key("a")).unwrap().unwrap().value.expose_secret(),
        b"1"
    );
    let guard = store.lock(&key("a"), Duration::ZERO).unwrap();
    assert!(matches!(
        store.lock(&key("a"), Duration::ZERO),
        Err(LockError::Busy { .. })
    ));
    drop(guard);
    drop(store.lock(&key("a"), Duration::ZERO).unwrap());
    assert_eq!(store.list("").unwrap().len(), 1);
    assert!(store.delete(&key("a"), Expected::Any).unwrap());
    assert!(store.verify().unwrap().is_sound());
}
