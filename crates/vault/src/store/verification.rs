//! What an examination of a whole store found.

use std::fmt;

use crate::UnsealError;

/// The outcome of [`Store::verify`](crate::Store::verify).
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// How many entries were looked at.
    pub entries: u64,
    /// What is wrong, in the order it was found. Empty when all is well.
    pub problems: Vec<Problem>,
}

impl Verification {
    /// Puts an outcome together. For backends.
    pub fn new(entries: u64, problems: Vec<Problem>) -> Self {
        Self { entries, problems }
    }

    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One thing that is wrong. Names keys, never values.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The database's own check complains.
    Database(String),
    /// An entry does not open, or its row is not in order.
    Entry {
        /// The key as it is stored, escaped where it is not a valid one.
        key: String,
        /// Why it does not open.
        cause: UnsealError,
    },
    /// The sealed state of the vault does not open, so nothing can be said about missing entries.
    State(UnsealError),
    /// There are more or fewer entries than the vault has written.
    EntryCount {
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The entries are not those the vault wrote last: one was removed, added or put back to an
    /// earlier state.
    EntrySet,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(detail) => write!(f, "database: {detail}"),
            Self::Entry { key, cause } => write!(f, "entry `{key}`: {cause}"),
            Self::State(cause) => write!(f, "sealed state: {cause}"),
            Self::EntryCount { expected, found } => {
                write!(f, "{found} entries where the vault wrote {expected}")
            }
            Self::EntrySet => f.write_str("an entry was removed, added or rolled back"),
        }
    }
}
