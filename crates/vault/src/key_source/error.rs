//! How a key source can fail.

use std::path::PathBuf;

use crate::{EntropyError, FileFault};

/// A master key could not be fetched or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The key's file is not private, not a plain file, or cannot be used.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The file is there but holds no key. It is never overwritten.
    #[error("`{}` does not hold a master key; restore it from a backup", path.display())]
    Malformed {
        /// The file in question.
        path: PathBuf,
    },
    /// A source that is not a file cannot be used at present.
    #[error("the master key cannot be fetched: {reason}")]
    Unavailable {
        /// What the source reported, without any secret.
        reason: String,
    },
    /// No randomness could be had for a new key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
