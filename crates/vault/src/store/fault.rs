//! How the operations of a store can fail. A variant tells the caller what to do differently.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use crate::{EntropyError, EntryKey, Revision, UnsealError};

/// Reading or writing a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is damaged. Restoring a backup is the way out.
    #[error("the vault is damaged: {0}")]
    Corrupt(String),
    /// One entry does not open: it was altered, copied from elsewhere or damaged.
    #[error("the entry `{key}` does not open")]
    Unreadable {
        /// Which entry.
        key: EntryKey,
        /// Why not.
        #[source]
        cause: UnsealError,
    },
    /// The data key has sealed as often as it may. Rotating it is the way out.
    #[error(
        "the data key has been used {uses} times and must be rotated before anything is written"
    )]
    DataKeyExhausted {
        /// How many times it has been used.
        uses: u64,
    },
    /// The disk or the quota is full. Nothing was changed.
    #[error("no space left for `{}`", path.display())]
    Full {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// Other processes kept the store busy for too long. Trying again is the way out.
    #[error("the vault is busy")]
    Busy,
    /// The operating system denies access.
    #[error("no permission to use `{}`", path.display())]
    Permission {
        /// The file in question.
        path: PathBuf,
    },
    /// The operating system reports another failure.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No randomness could be had, so nothing was sealed.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Writing or deleting an entry failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// The precondition does not hold. Reading again is the way out.
    #[error("the entry was changed by somebody else ({})", describe(*current))]
    Conflict {
        /// What is there now.
        current: Option<Revision>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A lock could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds it.
    #[error("another process holds the lock (waited {} ms)", waited.as_millis())]
    Busy {
        /// How long this call waited.
        waited: Duration,
    },
    /// The lock itself cannot be used, for instance on a file system without locks.
    #[error("the lock cannot be used")]
    Unavailable(#[source] std::io::Error),
}

fn describe(current: Option<Revision>) -> String {
    current.map_or_else(
        || "there is none".to_owned(),
        |revision| format!("now at revision {revision}"),
    )
}
