//! The tables of the database and the numbers by which its file is known.
//!
//! The SQL is in `migrations/`, one numbered file per format.

use rusqlite::Connection;

/// The storage format that this version writes, and the newest one it reads.
pub const FORMAT: u32 = 1;

/// SQLite's `application_id`: the letters `AKVT`. It tells a vault from any other database.
pub(super) const APPLICATION_ID: u32 = 0x414b_5654;

/// The migration that leads to each format, from format 1 on.
const MIGRATIONS: [&str; FORMAT as usize] = [include_str!("../../migrations/0001_vault.sql")];

/// Makes all tables in an empty database.
pub(super) fn apply(connection: &Connection) -> rusqlite::Result<()> {
    for migration in MIGRATIONS {
        connection.execute_batch(migration)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)
}
