//! The vault of authsome 0.7's daemon: Python's `diskcache`, whose values are sealed with a key that the daemon's master
//! secret wraps. The daemon may run meanwhile.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use authkeep_vault::{CompactKey, SealedRow, Table, WrappedKey, read_rows};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;

use super::super::Item;
use super::super::file::read_text;
use super::AuthsomeError;
use super::endpoints::{Endpoints, Release};
use super::records::{Owner, Row, items};

/// A vault whose rows are read and whose key is known.
#[derive(Debug)]
pub(super) struct Daemon {
    folder: PathBuf,
    key: CompactKey,
    rows: Vec<SealedRow>,
    definitions: BTreeMap<String, String>,
}

/// A value of the store, with what the store keeps beside it left out.
#[derive(Deserialize)]
struct Kept<V> {
    value: V,
}

#[derive(Deserialize)]
struct Sealed {
    #[serde(rename = "__encrypted_data__")]
    data: String,
}

#[derive(Deserialize)]
struct Wrapped {
    kdf: Kdf,
    wrapped_dek: Parts,
}

#[derive(Deserialize)]
struct Kdf {
    salt: String,
}

#[derive(Deserialize)]
struct Parts {
    nonce: String,
    ciphertext: String,
}

/// What is sealed: the record's text, inside of an object.
#[derive(Deserialize)]
struct Inner {
    data: SecretString,
}

/// The row of the wrapped key.
const KEY_ROW: &str = "__vault_meta__::__dek__";

impl Daemon {
    /// Opens the vault of the home at `root`. `secret` is the daemon's master secret, where somebody has it already.
    pub(super) fn open(
        root: &Path,
        secret: Option<&SecretString>,
        scratch: &Path,
    ) -> Result<Self, AuthsomeError> {
        let server = root.join("server");
        let bad_key = |why: &str| AuthsomeError::BadKey {
            path: root.to_owned(),
            why: why.to_owned(),
        };
        let secret = match secret {
            Some(secret) => secret.clone(),
            None => read_text(&server.join("master.key"))?
                .ok_or_else(|| AuthsomeError::KeyInKeyring(root.to_owned()))?,
        };
        let folder = server.join("kv_store");
        let rows = read_rows(&folder.join("cache.db"), Table::DiskCache, scratch)?;
        let key = rows.iter().find(|row| row.key == KEY_ROW);
        let wrapped = key.and_then(|row| serde_json::from_str::<Kept<Wrapped>>(&row.value).ok());
        let Wrapped { kdf, wrapped_dek } = wrapped
            .ok_or_else(|| bad_key("its vault holds no wrapped key"))?
            .value;
        let wrapped = WrappedKey {
            salt: kdf.salt,
            nonce: wrapped_dek.nonce,
            ciphertext: wrapped_dek.ciphertext,
        };
        let key = wrapped
            .open(&secret)
            .map_err(|error| bad_key(&error.to_string()))?;
        // A home without definitions of its own may have no such database.
        let custom = read_rows(&server.join("authsome.db"), Table::Definitions, scratch);
        let custom = custom.unwrap_or_default().into_iter();
        Ok(Self {
            folder,
            key,
            rows,
            definitions: custom.map(|row| (row.key, row.value)).collect(),
        })
    }

    /// The names of its vaults, sorted.
    pub(super) fn vaults(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .rows
            .iter()
            .filter_map(|row| row.key.strip_prefix("vault:")?.split_once("::"))
            .map(|(name, _)| name.to_owned())
            .collect();
        // The rows are sorted.
        names.dedup();
        names
    }

    pub(super) fn definitions(&self) -> &BTreeMap<String, String> {
        &self.definitions
    }

    /// What is in one vault, with the clients of the whole home.
    pub(super) fn items(&self, vault: &str) -> Vec<Item> {
        let prefix = format!("vault:{vault}::vault:{vault}:");
        let rows: Vec<Row> = self
            .rows
            .iter()
            .filter_map(|row| {
                if let Some(rest) = row.key.strip_prefix("server::server:provider:") {
                    let provider = rest.strip_suffix(":client")?;
                    return Some(self.row(row, provider, None, rest));
                }
                let rest = row.key.strip_prefix(&prefix)?;
                let (provider, connection) = rest.split_once(":connection:")?;
                Some(self.row(row, provider, Some(connection), rest))
            })
            .collect();
        let endpoints = Endpoints::new(Release::Daemon, self.definitions.clone());
        let owner = Owner {
            logins: vault,
            clients: None,
        };
        items(&rows, owner, &endpoints)
    }

    fn row(&self, row: &SealedRow, provider: &str, connection: Option<&str>, shown: &str) -> Row {
        Row {
            provider: provider.to_owned(),
            connection: connection.map(str::to_owned),
            shown: shown.to_owned(),
            json: self.opened(row),
        }
    }

    fn opened(&self, row: &SealedRow) -> Result<SecretSlice<u8>, String> {
        let no_record = "it is not a sealed record";
        let text = match &row.file {
            None => row.value.clone(),
            Some(file) => outside(&self.folder, file)?,
        };
        let kept: Kept<Sealed> = serde_json::from_str(&text).map_err(|_| no_record)?;
        let opened = self.key.open_joined(&kept.value.data);
        let opened = opened.map_err(|error| error.to_string())?;
        // EXPOSE: read from the opened buffer straight into a secret type.
        let inner: Inner = serde_json::from_slice(opened.expose_secret()).map_err(|_| no_record)?;
        // EXPOSE: from one secret type into another.
        Ok(SecretSlice::from(
            inner.data.expose_secret().as_bytes().to_vec(),
        ))
    }
}

/// The text of a file of the store, below its folder and nowhere else.
fn outside(folder: &Path, file: &str) -> Result<String, String> {
    let path = Path::new(file);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !is_below {
        return Err("its value is in a file outside of the vault".to_owned());
    }
    let text = read_text(&folder.join(path)).map_err(|error| error.to_string())?;
    // EXPOSE: a sealed value; it was read by the same door.
    let text = text.map(|text| text.expose_secret().to_owned());
    text.ok_or_else(|| "the file with its value is gone".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_no_file_outside_of_the_store() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("kv_store");
        std::fs::create_dir_all(folder.join("4f")).unwrap();
        std::fs::write(home.path().join("x.val"), "theirs").unwrap();
        std::fs::write(folder.join("4f/x.val"), "own").unwrap();
        let elsewhere = home.path().join("x.val");
        for file in ["../x.val", "4f/../../x.val", elsewhere.to_str().unwrap()] {
            assert!(outside(&folder, file).is_err(), "{file}");
        }
        assert_eq!(outside(&folder, "4f/x.val").as_deref(), Ok("own"));
    }
}
