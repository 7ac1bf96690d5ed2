//! Encrypted bytes at rest: `get`, `put`, `delete`, `list` and `lock`.
//!
//! A vault maps [`EntryKey`]s to byte strings. Every value is sealed whole with AES-256-GCM before
//! it reaches the disk, bound to the vault, the key and the revision it was written under, so that
//! a ciphertext copied anywhere else does not open.
//!
//! The crate knows nothing of OAuth, providers, expiry or policy; it reads no environment and no
//! wall clock, it starts no runtime, and randomness is an argument ([`Entropy`]).
//!
//! Start with the [`Store`] trait, then [`SqliteStore`], its implementation in one SQLite file.
//! Where the master key lives is a [`KeySource`]; [`LocalKeyFile`] keeps it in a private file.

mod entropy;
mod entry_key;
mod revision;
mod store;

mod key_source;
mod sqlite;

mod associated_data;
mod cipher;
mod data_key;
mod envelope;
mod sealed_state;
mod set_mac;
mod subkey;

mod foreign;

#[cfg(feature = "keyring")]
pub mod os_keyring;

mod advisory_lock;
mod file_system;
mod private_file;

#[cfg(test)]
mod fixture;

pub use entropy::{Entropy, EntropyError};
pub use entry_key::{EntryKey, InvalidEntryKey};
pub use envelope::UnsealError;
pub use file_system::FileSystems;
pub use foreign::{
    CompactKey, NotAKey, SealedFault, SealedRow, SnapshotError, Table, WrappedKey, read_rows,
};
pub use key_source::{GivenKey, KeySource, KeySourceError, LocalKeyFile, MasterKey};
pub use private_file::FileFault;
pub use revision::{Expected, Revision};
pub use sqlite::{FORMAT, OpenError, SqliteOptions, SqliteStore};
pub use store::{
    Entry, LockError, LockGuard, Meta, Problem, PutError, Store, StoreError, Verification,
};
