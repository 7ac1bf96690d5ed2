//! A consistent copy of a database that another program may be writing, made without touching it.
//!
//! SQLite cannot read a database in write-ahead mode without files of its own beside it. So the database and its logs
//! are copied, twice: only where both readings are the same was nothing written in between. The copy is sealed like the
//! original, and removed at once.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

/// One row: a key, and its value, still sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The entry's key.
    pub key: String,
    /// The sealed value, or what stands in its place.
    pub value: String,
    /// The file that has the value, as the row says: large ones are kept outside of some databases.
    pub file: Option<String>,
}

/// A table whose rows are keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `kv`, of keys and values alone.
    KeyValue,
    /// `Cache`, as Python's `diskcache` makes it.
    DiskCache,
    /// `custom_provider_definitions`, of names and JSON, which is not sealed.
    Definitions,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::KeyValue => "kv",
            Self::DiskCache => "Cache",
            Self::Definitions => "custom_provider_definitions",
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::KeyValue => "SELECT key, value, NULL FROM kv ORDER BY key",
            Self::DiskCache => "SELECT key, value, filename FROM Cache ORDER BY key",
            Self::Definitions => {
                "SELECT name, definition_json, NULL FROM custom_provider_definitions ORDER BY name"
            }
        }
    }
}

/// Why the rows cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// There is no such database.
    #[error("there is no `{}`", .0.display())]
    NotFound(PathBuf),
    /// It is a pipe, a folder or a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than any vault.
    #[error("`{}` is larger than {} MiB", .0.display(), MAX_BYTES / (1024 * 1024))]
    TooLarge(PathBuf),
    /// It was written to whenever it was read.
    #[error("`{}` is being written to all the time", .0.display())]
    Busy(PathBuf),
    /// The file or the place for the copy cannot be used.
    #[error("`{}` cannot be copied: {why}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// It is no database of this kind, or it is damaged.
    #[error("`{}` cannot be read: {why}", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
}

/// Larger than any vault of credentials.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How often the copy is tried, and how long is waited in between for the writer to finish.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// The database, its write-ahead log and its rollback journal, as SQLite names them.
const SUFFIXES: [&str; 3] = ["", "-wal", "-journal"];

/// Reads a table of the database at `path`, sorted by key. The copy that is read is made in a folder of its own
/// below `scratch`.
///
/// # Errors
/// [`SnapshotError`]. Nothing was written beside `path` in any case.
pub fn read_rows(
    path: &Path,
    table: Table,
    scratch: &Path,
) -> Result<Vec<SealedRow>, SnapshotError> {
    let folder = tempfile::Builder::new()
        .prefix("authkeep-import-")
        .tempdir_in(scratch)
        .map_err(|error| SnapshotError::io(scratch, &error))?;
    let copy = folder.path().join("copy.db");
    take(path, &copy)?;
    let damaged = |why| SnapshotError::Damaged {
        path: path.to_owned(),
        why,
    };
    let rows = rows(&copy, table).map_err(|error| damaged(error.to_string()))?;
    rows.ok_or_else(|| damaged("its values are computed, not stored".to_owned()))
}

fn take(path: &Path, copy: &Path) -> Result<(), SnapshotError> {
    for _ in 0..TRIES {
        let first = files(path)?;
        if first.first().is_none_or(Option::is_none) {
            return Err(SnapshotError::NotFound(path.to_owned()));
        }
        if digests(&files(path)?) == digests(&first) {
            for (suffix, bytes) in SUFFIXES.into_iter().zip(first) {
                let Some(bytes) = bytes else { continue };
                let target = beside(copy, suffix);
                fs::write(&target, bytes).map_err(|error| SnapshotError::io(&target, &error))?;
            }
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(SnapshotError::Busy(path.to_owned()))
}

fn digests(files: &[Option<Vec<u8>>]) -> Vec<Option<[u8; 32]>> {
    let digest = |bytes: &Vec<u8>| Sha256::digest(bytes).into();
    files.iter().map(|file| file.as_ref().map(digest)).collect()
}

fn files(path: &Path) -> Result<Vec<Option<Vec<u8>>>, SnapshotError> {
    SUFFIXES
        .into_iter()
        .map(|suffix| read(&beside(path, suffix)))
        .collect()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, SnapshotError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SnapshotError::io(path, &error)),
    };
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(SnapshotError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SnapshotError::io(path, &error)),
    };
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| SnapshotError::io(path, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(SnapshotError::TooLarge(path.to_owned()));
    }
    Ok(Some(bytes))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether a table has columns that are computed when they are read, to values of any length.
const COMPUTED: &str = "SELECT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE hidden <> 0)";

/// The rows; `None` where their values are not stored but computed.
fn rows(copy: &Path, table: Table) -> rusqlite::Result<Option<Vec<SealedRow>>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(copy, flags)?;
    // A stranger's schema runs nothing: a view could have rows without end.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    if connection.query_row(COMPUTED, [table.name()], |row| row.get(0))? {
        return Ok(None);
    }
    let mut statement = connection.prepare(table.query())?;
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        // What is no text in this table was not written by its program; it is shown as a value that does not open.
        let text = |at| row.get_ref(at).ok().and_then(|value| value.as_str().ok());
        rows.push(SealedRow {
            key: text(0).unwrap_or_default().to_owned(),
            value: text(1).unwrap_or_default().to_owned(),
            file: text(2).map(str::to_owned),
        });
    }
    Ok(Some(rows))
}

impl SnapshotError {
    fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path) -> (PathBuf, Connection) {
        let path = folder.join("store.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL);
                 INSERT INTO kv VALUES ('b', '2'), ('a', '1');",
            )
            .unwrap();
        (path, writer)
    }

    fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn rows_that_are_only_in_the_log_are_read_and_nothing_is_touched() {
        let [source, scratch] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (path, writer) = written(source.path());
        // A copy of the database file alone would know of no table yet.
        let before = tree(source.path());
        let rows = read_rows(&path, Table::KeyValue, scratch.path()).unwrap();
        let keys: Vec<_> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(tree(source.path()), before);
        assert!(tree(scratch.path()).is_empty());
        drop(writer);
        // After the writer's end the log is gone, and reading makes no new one.
        let before = tree(source.path());
        assert_eq!(before.len(), 1);
        assert_eq!(
            read_rows(&path, Table::KeyValue, scratch.path()).unwrap(),
            rows
        );
        assert_eq!(tree(source.path()), before);
    }

    #[test]
    fn a_strangers_schema_runs_nothing() {
        const ENDLESS: &str =
            "CREATE VIEW kv AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                               SELECT 'k' || x AS key, 'v' AS value FROM n;";
        const LONG: &str =
            "CREATE TABLE kv (key TEXT, value TEXT AS (printf('%.*c', 900000000, key)));
                            INSERT INTO kv VALUES ('a');";
        let folder = tempfile::tempdir().unwrap();
        for (name, schema) in [("endless.db", ENDLESS), ("long.db", LONG)] {
            let path = folder.path().join(name);
            Connection::open(&path)
                .unwrap()
                .execute_batch(schema)
                .unwrap();
            let read = read_rows(&path, Table::KeyValue, folder.path());
            assert!(matches!(read, Err(SnapshotError::Damaged { .. })), "{name}");
        }
    }

    #[test]
    fn what_is_no_database_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let read = || read_rows(&path, Table::KeyValue, folder.path());
        assert!(matches!(read(), Err(SnapshotError::NotFound(_))));
        fs::write(&path, "no database at all, but longer than a header of one hundred bytes would be, so that it is looked at").unwrap();
        assert!(matches!(read(), Err(SnapshotError::Damaged { .. })));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(), Err(SnapshotError::NotAFile(_))));
    }
}
