//! How a connection to the database is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// How long SQLite waits for another process before it reports the database busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to a file that exists.
///
/// No link is followed, and the connection has no mutex of its own, since the store has one.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The file's schema may have been tampered with: it must not run functions, nor be rewritten.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // FULL: a commit is on the disk when it returns. Deleted content is overwritten with zeros.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")?;
    if cfg!(target_vendor = "apple") {
        // A plain fsync leaves data in the drive's own cache there.
        connection.execute_batch("PRAGMA fullfsync = ON")?;
    }
    Ok(connection)
}

/// Puts the database into write-ahead mode, which the file remembers.
pub(super) fn use_write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
}
