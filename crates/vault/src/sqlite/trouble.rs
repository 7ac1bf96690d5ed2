//! Sorts SQLite's error codes by what a caller can do about them.
//!
//! SQLite's own error types stay inside this crate.

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use super::OpenError;
use crate::StoreError;

/// A SQLite failure on a vault that is open.
pub(super) fn in_store(error: Error, path: &Path) -> StoreError {
    let path = || path.to_owned();
    match sort(&error) {
        Trouble::Busy => StoreError::Busy,
        Trouble::Full => StoreError::Full { path: path() },
        Trouble::Permission => StoreError::Permission { path: path() },
        Trouble::Corrupt => StoreError::Corrupt(error.to_string()),
        Trouble::Other => StoreError::Io {
            path: path(),
            source: error.into(),
        },
    }
}

/// A SQLite failure while a vault is being opened or created.
pub(super) fn in_open(error: Error, path: &Path) -> OpenError {
    let path = || path.to_owned();
    match sort(&error) {
        Trouble::Busy => OpenError::Busy { path: path() },
        Trouble::Full => OpenError::Full { path: path() },
        Trouble::Permission => OpenError::Permission { path: path() },
        Trouble::Corrupt => OpenError::Corrupt(error.to_string()),
        Trouble::Other => OpenError::Io {
            path: path(),
            source: error.into(),
        },
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    Busy,
    Full,
    Permission,
    Corrupt,
    Other,
}

fn sort(error: &Error) -> Trouble {
    match error {
        Error::SqliteFailure(code, _) => match code.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Trouble::Busy,
            ErrorCode::DiskFull => Trouble::Full,
            // The shared index of the write-ahead log could not grow: that, too, is a full disk.
            _ if code.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Trouble::Full,
            ErrorCode::PermissionDenied | ErrorCode::ReadOnly => Trouble::Permission,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Trouble::Corrupt,
            // A table or column is missing: the schema is not the one this version made.
            ErrorCode::Unknown if code.extended_code == ffi::SQLITE_ERROR => Trouble::Corrupt,
            _ => Trouble::Other,
        },
        // A statement of ours does not fit the tables, or a column holds another type.
        Error::SqlInputError { .. }
        | Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::QueryReturnedNoRows => Trouble::Corrupt,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_to_do() {
        for (code, trouble) in [
            (ffi::SQLITE_BUSY, Trouble::Busy),
            (ffi::SQLITE_BUSY_RECOVERY, Trouble::Busy),
            (ffi::SQLITE_FULL, Trouble::Full),
            (ffi::SQLITE_IOERR_SHMSIZE, Trouble::Full),
            (ffi::SQLITE_READONLY, Trouble::Permission),
            (ffi::SQLITE_CORRUPT, Trouble::Corrupt),
            (ffi::SQLITE_NOTADB, Trouble::Corrupt),
            (ffi::SQLITE_IOERR_READ, Trouble::Other),
            (ffi::SQLITE_CANTOPEN, Trouble::Other),
        ] {
            assert_eq!(
                sort(&Error::SqliteFailure(ffi::Error::new(code), None)),
                trouble,
                "{code}"
            );
        }
    }
}
