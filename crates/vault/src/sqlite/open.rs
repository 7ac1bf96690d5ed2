//! Opens a vault that exists. Writes nothing of its own.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::Connection;

use super::connection::{connect, use_write_ahead};
use super::schema::FORMAT;
use super::{DATABASE, MAX_DATA_KEY_USES, OpenError, SqliteOptions, SqliteStore, header, trouble};
use crate::data_key::{DataKey, UnwrapError};
use crate::{FileFault, FileSystems, MasterKey, file_system};

pub(super) fn open(
    options: &SqliteOptions,
    allowed: FileSystems,
) -> Result<SqliteStore, OpenError> {
    // SQLite is told to follow no link at all, so those above the directory are resolved first.
    let dir = options
        .dir
        .canonicalize()
        .map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => OpenError::NotFound {
                path: options.dir.join(DATABASE),
            },
            _ => FileFault::from_io(&options.dir, source).into(),
        })?;
    file_system::check(&dir, allowed)?;
    let path = dir.join(DATABASE);
    let (file, header) = header::inspect(&path)?;
    let in_open = |error| trouble::in_open(error, &path);
    let connection = connect(&path).map_err(in_open)?;
    let record = Record::read(&connection).map_err(|error| {
        // Tables that this version does not know may be those of a later one, whose number is
        // still in the write-ahead log and not yet in the file's header.
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0)) {
            Ok(found) if found > FORMAT => OpenError::Newer {
                found,
                supported: FORMAT,
            },
            _ => in_open(error),
        }
    })?;
    if record.format > FORMAT {
        return Err(OpenError::Newer {
            found: record.format,
            supported: FORMAT,
        });
    }
    let Some(master) = options.key_source.load()? else {
        return Err(OpenError::MasterKeyMissing { path });
    };
    let data_keys = record.unwrap_keys(&master, &path)?;
    if !header.write_ahead {
        use_write_ahead(&connection).map_err(in_open)?;
    }
    Ok(SqliteStore {
        connection: Mutex::new(connection),
        _file: file,
        dir,
        path,
        vault_id: record.vault_id,
        data_keys,
        entropy: options.entropy,
        key_source: options.key_source.kind(),
        max_data_key_uses: MAX_DATA_KEY_USES,
    })
}

/// What the database says about itself.
struct Record {
    format: u32,
    vault_id: String,
    active_kid: String,
    /// Ids and wrapped keys.
    data_keys: Vec<(String, String)>,
}

impl Record {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare(
            "SELECT format, vault_id, active_kid, kid, wrapped FROM vault CROSS JOIN data_key",
        )?;
        let mut rows = statement.query([])?;
        let mut record: Option<Self> = None;
        while let Some(row) = rows.next()? {
            let data_key = (row.get(3)?, row.get(4)?);
            match &mut record {
                Some(record) => record.data_keys.push(data_key),
                None => {
                    record = Some(Self {
                        format: row.get(0)?,
                        vault_id: row.get(1)?,
                        active_kid: row.get(2)?,
                        data_keys: vec![data_key],
                    });
                }
            }
        }
        record.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Opens all data keys and puts the active one first.
    fn unwrap_keys(&self, master: &MasterKey, path: &Path) -> Result<Vec<DataKey>, OpenError> {
        let mut keys = Vec::with_capacity(self.data_keys.len());
        for (kid, wrapped) in &self.data_keys {
            let key =
                DataKey::unwrap(wrapped, kid, master, &self.vault_id).map_err(
                    |error| match error {
                        UnwrapError::WrongKey => OpenError::WrongKey {
                            path: path.to_owned(),
                        },
                        UnwrapError::Damaged(why) => {
                            OpenError::Corrupt(format!("a data key does not open: {why}"))
                        }
                    },
                )?;
            if *kid == self.active_kid {
                keys.insert(0, key);
            } else {
                keys.push(key);
            }
        }
        match keys.first() {
            Some(first) if first.kid() == self.active_kid => Ok(keys),
            _ => Err(OpenError::Corrupt(
                "the active data key is missing".to_owned(),
            )),
        }
    }
}
