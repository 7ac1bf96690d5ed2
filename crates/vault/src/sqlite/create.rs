//! Creates a vault where there is none.
//!
//! Order matters: first the master key, then a whole database under another name, then its real
//! name. A process killed in between leaves at most a master key that opens nothing yet, and a
//! half-made database under the other name, which the next attempt removes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::{connect, use_write_ahead};
use super::{CREATION_LOCK, DATABASE, ENTRY_LOCKS, OpenError, SqliteOptions, schema, trouble};
use crate::advisory_lock::{AdvisoryLock, NotLocked};
use crate::data_key::DataKey;
use crate::entropy::draw_id;
use crate::private_file::{self, FileFault};
use crate::sealed_state::SealedState;
use crate::{Entropy, FileSystems, MasterKey, file_system};

/// How long to wait for another process that is creating the same vault.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn create(options: &SqliteOptions, allowed: FileSystems) -> Result<(), OpenError> {
    file_system::check(&options.dir, allowed)?;
    private_file::create_dir(&options.dir)?;
    let dir = options
        .dir
        .canonicalize()
        .map_err(|source| FileFault::from_io(&options.dir, source))?;
    let lock = dir.join(CREATION_LOCK);
    let _lock = AdvisoryLock::take(&lock, PATIENCE).map_err(|error| match error {
        NotLocked::Busy { .. } => OpenError::Busy { path: lock.clone() },
        NotLocked::File(fault) => fault.into(),
        NotLocked::Unsupported(source) => FileFault::from_io(&lock, source).into(),
    })?;
    let path = dir.join(DATABASE);
    refuse_what_is_there(&path)?;

    let master = match options.key_source.load()? {
        Some(key) => key,
        None => options.key_source.create(options.entropy)?,
    };
    private_file::create_dir(&dir.join(ENTRY_LOCKS))?;
    let new = beside(&path, ".new");
    remove_leftovers(&new)?;
    // SQLite gives the files it makes beside the database the database's own mode.
    drop(private_file::create_new(&new)?);
    initialise(&new, &master, options.entropy)?;
    private_file::sync_file(&new)
        .and_then(|()| private_file::publish(&new, &path))
        .and_then(|()| private_file::sync_dir(&dir))
        .and_then(|()| private_file::sync_dir(private_file::parent(&dir)))
        .map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => OpenError::AlreadyExists { path: path.clone() },
            _ => FileFault::from_io(&path, source).into(),
        })
}

/// Nothing that is there is ever overwritten.
///
/// That includes the log of a database that is gone: SQLite would take it for the new one's.
fn refuse_what_is_there(path: &Path) -> Result<(), OpenError> {
    if is_there(path)? {
        return Err(OpenError::AlreadyExists {
            path: path.to_owned(),
        });
    }
    for suffix in ["-wal", "-journal"] {
        let log = beside(path, suffix);
        if is_there(&log)? {
            return Err(OpenError::Corrupt(format!(
                "`{}` is missing but `{}` is there; restore the one or move the other away",
                path.display(),
                log.display()
            )));
        }
    }
    Ok(())
}

fn is_there(path: &Path) -> Result<bool, OpenError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FileFault::from_io(path, error).into()),
    }
}

/// Removes what a killed process left under the other name. The creation lock is held, so nobody
/// is using it.
fn remove_leftovers(new: &Path) -> Result<(), OpenError> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let leftover = beside(new, suffix);
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FileFault::from_io(&leftover, error).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes the tables and the vault's first row in an empty file.
fn initialise(new: &Path, master: &MasterKey, entropy: Entropy) -> Result<(), OpenError> {
    let vault_id = draw_id::<16>(entropy)?;
    let data_key = DataKey::generate(entropy)?;
    let wrapped = data_key.wrap(master, &vault_id, entropy)?;
    let state = SealedState::default().seal(&data_key, &vault_id, entropy)?;

    let fill = || {
        let connection = connect(new)?;
        // Nobody sees this file before it is complete, so it needs no journal yet.
        connection.execute_batch("PRAGMA journal_mode = MEMORY; BEGIN")?;
        schema::apply(&connection)?;
        connection.execute(
            "INSERT INTO data_key (kid, wrapped) VALUES (?1, ?2)",
            (data_key.kid(), &wrapped),
        )?;
        connection.execute(
            "INSERT INTO vault (only_row, format, vault_id, active_kid, state) VALUES (1, ?1, ?2, ?3, ?4)",
            (schema::FORMAT, &vault_id, data_key.kid(), &state),
        )?;
        connection.execute_batch("COMMIT")?;
        use_write_ahead(&connection)?;
        connection.close().map_err(|(_, error)| error)
    };
    fill().map_err(|error| trouble::in_open(error, new))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
