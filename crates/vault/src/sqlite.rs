//! A vault in one SQLite file: `store.db` in a directory of its own, beside `lock` and `locks/`.
//!
//! Several processes may use it at once. The database runs in write-ahead mode with full
//! synchronisation, so a write that returned survives a killed process and a lost power supply.
//! What is sealed, and how, is decided in [`data_key`](crate::data_key) and below it.

mod connection;
mod create;
mod header;
mod open;
mod open_error;
mod read;
mod schema;
mod trouble;
mod verify;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

pub use open_error::OpenError;
pub use schema::FORMAT;

use self::header::HeldFile;
use crate::advisory_lock::{AdvisoryLock, NotLocked};
use crate::data_key::DataKey;
use crate::entropy::hex;
use crate::{
    Entropy, Entry, EntryKey, Expected, FileSystems, KeySource, LockError, LockGuard, Meta,
    PutError, Revision, Store, StoreError, Verification,
};

/// The names of the files in a vault's directory.
const DATABASE: &str = "store.db";
const CREATION_LOCK: &str = "lock";
const ENTRY_LOCKS: &str = "locks";

/// How often one data key may seal: half of what NIST SP 800-38D allows for random nonces.
const MAX_DATA_KEY_USES: u64 = 1 << 31;

/// Where a vault lies, and what opens it.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The vault's own directory. The caller answers for the directories above it.
    pub dir: PathBuf,
    /// Where the master key is kept.
    pub key_source: Arc<dyn KeySource>,
    /// The random source for nonces and keys.
    pub entropy: Entropy,
}

/// An open vault in a SQLite file.
///
/// Holds the unwrapped data key until it is dropped.
pub struct SqliteStore {
    // Dropped in this order: the connection must be closed before the file is let go.
    connection: Mutex<Connection>,
    _file: HeldFile,
    dir: PathBuf,
    path: PathBuf,
    vault_id: String,
    /// All data keys of the vault, the active one first.
    data_keys: Vec<DataKey>,
    entropy: Entropy,
    key_source: &'static str,
    max_data_key_uses: u64,
}

impl SqliteStore {
    /// Opens a vault that exists. Changes nothing.
    ///
    /// # Errors
    /// Every variant of [`OpenError`] but `AlreadyExists`.
    pub fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        Self::open_on(options, FileSystems::Local)
    }

    /// Opens a vault that exists, on one of the file systems allowed.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_on(options: &SqliteOptions, allowed: FileSystems) -> Result<Self, OpenError> {
        open::open(options, allowed)
    }

    /// Creates a vault where there is none, and opens it. Makes a master key if there is none.
    ///
    /// A process that is killed meanwhile leaves a whole vault or none, and nothing that would
    /// hinder the next attempt.
    ///
    /// # Errors
    /// [`OpenError::AlreadyExists`] when there is anything in its place; it is left as it is.
    pub fn create(options: &SqliteOptions) -> Result<Self, OpenError> {
        create::create(options, FileSystems::Local)?;
        Self::open(options)
    }

    /// Opens the vault if there is one, and creates it otherwise. Processes that do this at the
    /// same time end up with the same vault.
    ///
    /// # Errors
    /// As for [`open`](Self::open) and [`create`](Self::create).
    pub fn open_or_create(options: &SqliteOptions) -> Result<Self, OpenError> {
        Self::open_or_create_on(options, FileSystems::Local)
    }

    /// Opens or creates the vault, on one of the file systems allowed.
    ///
    /// # Errors
    /// As for [`open`](Self::open) and [`create`](Self::create).
    pub fn open_or_create_on(
        options: &SqliteOptions,
        allowed: FileSystems,
    ) -> Result<Self, OpenError> {
        match Self::open_on(options, allowed) {
            Err(OpenError::NotFound { .. }) => match create::create(options, allowed) {
                Ok(()) | Err(OpenError::AlreadyExists { .. }) => Self::open_on(options, allowed),
                Err(error) => Err(error),
            },
            opened => opened,
        }
    }

    /// Whether there is anything in the place of a vault's database, be it a vault or not.
    ///
    /// When that cannot be told, for want of permission, the answer is yes.
    pub fn exists(dir: &Path) -> bool {
        match std::fs::symlink_metadata(dir.join(DATABASE)) {
            Ok(_) => true,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }

    /// The connection, for one operation. A panic in another thread rolls its transaction back,
    /// so the connection is still good afterwards.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The data key that seals new values. `open` has made sure that there is one.
    fn active_key(&self) -> &DataKey {
        &self.data_keys[0]
    }

    fn data_key(&self, kid: &str) -> Option<&DataKey> {
        self.data_keys.iter().find(|key| key.kid() == kid)
    }
}

impl Store for SqliteStore {
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
        read::get(self, key)
    }

    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
        write::put(self, key, value, expected)
    }

    fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError> {
        write::delete(self, key, expected)
    }

    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
        read::list(self, prefix)
    }

    fn lock(&self, key: &EntryKey, patience: Duration) -> Result<LockGuard, LockError> {
        let locks = self.dir.join(ENTRY_LOCKS);
        // A key may hold characters that are no good in a file's name, and may be too long for one.
        let name = hex(&Sha256::digest(key.as_str())[..16]);
        AdvisoryLock::take(&locks.join(name), patience)
            .map(LockGuard::new)
            .map_err(LockError::from)
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        read::meta(self)
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        verify::verify(self)
    }
}

impl From<NotLocked> for LockError {
    fn from(error: NotLocked) -> Self {
        match error {
            NotLocked::Busy { waited } => Self::Busy { waited },
            NotLocked::File(fault) => Self::Unavailable(std::io::Error::other(fault)),
            NotLocked::Unsupported(error) => Self::Unavailable(error),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("vault_id", &self.vault_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
