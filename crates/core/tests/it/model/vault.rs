//! The vault as one process holds it: every operation is a stop of the machine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use authkeep_vault::{
    Entry, EntryKey, Expected, LockError, LockGuard, Meta, PutError, Revision, Store, StoreError,
    Verification,
};
use secrecy::SecretSlice;

use super::login::Login;
use super::machine::{Machine, Op, Outside};

/// Whether a write looks at what it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    Compares,
    /// What the product would be without compare-and-swap.
    Clobbers,
}

/// One process's handle on the vault.
pub(super) struct Vault {
    pub(super) machine: Arc<Machine>,
    pub(super) process: usize,
    pub(super) swap: Swap,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault(p{})", self.process)
    }
}

impl Vault {
    /// Replaces an entry if the precondition holds. `None` deletes it.
    fn replace(
        &self,
        op: Op,
        key: &EntryKey,
        value: Option<&[u8]>,
        expected: Expected,
    ) -> Result<Option<u64>, Option<u64>> {
        let expected = match self.swap {
            Swap::Compares => expected,
            Swap::Clobbers => Expected::Any,
        };
        self.machine.step(self.process, op, |outside, _| {
            let key = key.as_str();
            let current = outside.entries.get(key).map(|(revision, _)| *revision);
            if !expected.admits(current.map(Revision::new)) {
                return Err(current);
            }
            outside.revision += 1;
            match value {
                Some(value) => {
                    watch(outside, key, value);
                    let written = (outside.revision, value.to_vec());
                    outside.entries.insert(key.to_owned(), written);
                    Ok(Some(outside.revision))
                }
                None => Ok(outside.entries.remove(key).map(|(revision, _)| revision)),
            }
        })
    }
}

/// The pair of a stored login.
fn stored_pair(outside: &Outside, key: &str) -> Option<usize> {
    let (_, value) = outside.entries.get(key)?;
    let login = Login::read(key, value)?;
    outside.server.number_of(&login.access_token)
}

/// What no write may do, whoever makes it and when.
fn watch(outside: &mut Outside, key: &str, value: &[u8]) {
    let Some(new) = Login::read(key, value) else {
        return;
    };
    outside
        .saved
        .extend(outside.server.number_of(&new.access_token));
    let old = outside.entries.get(key);
    let Some(old) = old.and_then(|(_, old)| Login::read(key, old)) else {
        outside.broken = Some("a login that was removed came back".to_owned());
        return;
    };
    let server = &outside.server;
    if server.precedes(&new.access_token, &old.access_token) {
        outside.broken = Some("an older token was written over a newer one".to_owned());
    }
    // After two deaths in a row it is left to a person, even where nothing was lost.
    let works = !old.is_over && server.would_refresh(&old.refresh_token);
    if new.is_over && !new.is_ending && works && outside.died < 2 {
        outside.broken = Some("a login that works was marked as over".to_owned());
    }
}

impl Store for Vault {
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
        let op = Op::Get(key.to_string());
        let found = self.machine.step(self.process, op, |outside, _| {
            if let Some(stored) = stored_pair(outside, key.as_str()) {
                let read = outside.read.entry(self.process);
                read.or_insert((stored, stored)).1 = stored;
            }
            outside.entries.get(key.as_str()).cloned()
        });
        Ok(found.map(entry))
    }

    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
        let op = Op::Put(key.to_string());
        match self.replace(op, key, Some(value), expected) {
            Ok(revision) => Ok(Revision::new(revision.unwrap())),
            Err(current) => Err(conflict(current)),
        }
    }

    fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError> {
        let op = Op::Delete(key.to_string());
        let deleted = self.replace(op, key, None, expected);
        deleted.map(|was| was.is_some()).map_err(conflict)
    }

    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
        let op = Op::List(prefix.to_owned());
        let found = self.machine.step(self.process, op, |outside, _| {
            let all = outside.entries.iter();
            let under = all.filter(|(key, _)| key.starts_with(prefix));
            under
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<Vec<_>>()
        });
        let found = found.into_iter();
        Ok(found
            .map(|(key, value)| (EntryKey::new(&key).unwrap(), entry(value)))
            .collect())
    }

    /// Patience has no end here: whoever wants a lock that is held is not chosen.
    fn lock(&self, key: &EntryKey, _: Duration) -> Result<LockGuard, LockError> {
        let process = self.process;
        let op = Op::Lock(key.to_string());
        self.machine.step(process, op, |outside, _| {
            outside.locks.insert(key.to_string(), process);
        });
        Ok(LockGuard::new(Held {
            machine: Arc::clone(&self.machine),
            process,
            key: key.to_string(),
        }))
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        Err(StoreError::Busy)
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        Err(StoreError::Busy)
    }
}

/// A lock that is held.
struct Held {
    machine: Arc<Machine>,
    process: usize,
    key: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.machine.unlock(self.process, &self.key);
    }
}

fn entry((revision, value): (u64, Vec<u8>)) -> Entry {
    Entry {
        value: SecretSlice::from(value),
        revision: Revision::new(revision),
    }
}

fn conflict(current: Option<u64>) -> PutError {
    PutError::Conflict {
        current: current.map(Revision::new),
    }
}
