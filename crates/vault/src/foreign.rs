//! Reads the vault of another program, so that its entries can be taken over: an SQLite table of keys and sealed values.
//!
//! The values are sealed with AES-256-GCM and nothing else: no associated data ties one to its key, so a reader has to
//! see from what is inside that a value is where it belongs. Nothing here writes into the other program's folder; what
//! SQLite would write beside a database that it reads is written beside a copy.

mod compact;
mod snapshot;

pub use compact::{CompactKey, NotAKey, SealedFault, WrappedKey};
pub use snapshot::{SealedRow, SnapshotError, Table, read_rows};
