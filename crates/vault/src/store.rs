//! The joint at which a vault's backend can be exchanged: what every store offers.
//!
//! It says nothing about how values are sealed or where they lie; that is a backend's business.

mod fault;
mod lock_guard;
mod verification;

use std::time::Duration;

use secrecy::SecretSlice;

pub use fault::{LockError, PutError, StoreError};
pub use lock_guard::LockGuard;
pub use verification::{Problem, Verification};

use crate::{EntryKey, Expected, Revision};

/// A place that keeps entries, sealed at rest.
///
/// All methods may be called from several threads and several processes at once. A `put` or
/// `delete` that returned is durable.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Reads one entry; `None` when there is no such entry.
    ///
    /// # Errors
    /// When the store cannot be read or the entry does not open.
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError>;

    /// Writes one entry if the precondition holds, and returns its new revision.
    ///
    /// # Errors
    /// [`PutError::Conflict`] when the precondition does not hold; nothing was changed then.
    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError>;

    /// Deletes one entry if the precondition holds. Returns whether there was one.
    ///
    /// # Errors
    /// [`PutError::Conflict`] when the precondition does not hold; nothing was changed then.
    fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError>;

    /// Reads all entries whose key begins with `prefix`, taken literally, sorted by key.
    ///
    /// # Errors
    /// When the store cannot be read or one of the entries does not open.
    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError>;

    /// Takes the lock that belongs to a key, waiting at most `patience` for its present holder.
    ///
    /// The lock excludes other callers of `lock` with the same key, in this and in other
    /// processes, until the guard is dropped or its process ends in any way. It does not
    /// concern `get`, `put` and `delete`, and the key need not exist.
    ///
    /// # Errors
    /// [`LockError::Busy`] when somebody else still holds it after `patience`.
    fn lock(&self, key: &EntryKey, patience: Duration) -> Result<LockGuard, LockError>;

    /// Describes the vault. Contains no secret.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn meta(&self) -> Result<Meta, StoreError>;

    /// Examines the whole store: the database itself, every entry, and that no entry was removed
    /// or put back to an earlier state behind the vault's back.
    ///
    /// # Errors
    /// When the examination itself cannot be done. What it finds is not an error but listed.
    fn verify(&self) -> Result<Verification, StoreError>;
}

/// One entry as it was read.
#[derive(Debug)]
pub struct Entry {
    /// The plaintext. Zeroed when dropped.
    pub value: SecretSlice<u8>,
    /// The state it was read in; pass it back in [`Expected::Revision`].
    pub revision: Revision,
}

/// A description of a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The vault's own id: 128 random bits in hexadecimal, fixed at its creation.
    pub vault_id: String,
    /// The version of the storage format.
    pub format: u32,
    /// The id of the data key that seals new values.
    pub kid: String,
    /// How many entries there are, by the sealed count.
    pub entries: u64,
    /// How many times the data key has sealed anything.
    pub data_key_uses: u64,
    /// Where the master key comes from, as its [`KeySource`](crate::KeySource) names itself.
    pub key_source: &'static str,
}
