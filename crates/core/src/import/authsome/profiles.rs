//! The profiles of authsome 0.2: an SQLite table each, whose values are sealed with one master key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use authkeep_vault::{CompactKey, SealedRow, SnapshotError, Table, read_rows};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::file::{FileError, read_text};
use super::super::{Item, Kind, Left};
use super::AuthsomeError;
use super::endpoints::{Endpoints, Release};
use super::records::{Owner, Row, items};

/// The version of the vault that is read.
const VERSION: &str = "2";

/// A home with a key that is known.
#[derive(Debug)]
pub(super) struct Profiles {
    root: PathBuf,
    key: CompactKey,
}

#[derive(Deserialize)]
struct Config {
    encryption: Option<Encryption>,
}

#[derive(Deserialize)]
struct Encryption {
    mode: Option<String>,
}

#[derive(Deserialize)]
struct KeyFile {
    key: SecretString,
}

impl Profiles {
    /// Opens the home at `root`. `key` is its master key in base64, where somebody has it already.
    pub(super) fn open(root: &Path, key: Option<&SecretString>) -> Result<Self, AuthsomeError> {
        if let Some(version) = read_text(&root.join("version"))? {
            // EXPOSE: a version number.
            let version = version.expose_secret().trim();
            if version != VERSION {
                return Err(AuthsomeError::Version {
                    path: root.to_owned(),
                    found: version.chars().take(20).collect(),
                });
            }
        }
        let key = match key {
            Some(text) => text.clone(),
            None => stored_key(root)?,
        };
        let key = CompactKey::from_base64(&key).map_err(|error| AuthsomeError::BadKey {
            path: root.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self {
            root: root.to_owned(),
            key,
        })
    }

    /// The names of the profiles, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join("profiles"));
        let folders = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = folders
            .filter(|entry| entry.path().join("store.db").exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// What is in one profile.
    pub(super) fn items(&self, profile: &str, scratch: &Path) -> Vec<Item> {
        let place = format!("profiles/{profile}/store.db");
        let path = self.root.join("profiles").join(profile).join("store.db");
        let rows = match read_rows(&path, Table::KeyValue, scratch) {
            Ok(rows) => rows,
            Err(error) => return vec![Item::left(place, "", unreadable(&error))],
        };
        let prefix = format!("profile:{profile}:");
        let rows: Vec<Row> = rows
            .iter()
            .filter_map(|row| self.row(row, &prefix))
            .collect();
        let texts = self.definition_texts().into_iter();
        let custom = texts.filter_map(|(name, text)| Some((name, text.ok()?)));
        let owner = Owner {
            logins: profile,
            clients: Some(profile),
        };
        items(
            &rows,
            owner,
            &Endpoints::new(Release::Profiles, custom.collect()),
        )
    }

    /// `None` for rows that hold neither a login nor a client.
    fn row(&self, row: &SealedRow, prefix: &str) -> Option<Row> {
        let rest = row.key.strip_prefix(prefix)?;
        let (provider, connection) = match rest.strip_suffix(":client") {
            Some(provider) => (provider, None),
            None => {
                let (provider, connection) = rest.split_once(":connection:")?;
                (provider, Some(connection.to_owned()))
            }
        };
        Some(Row {
            provider: provider.to_owned(),
            connection,
            shown: rest.to_owned(),
            json: self.key.open(&row.value).map_err(|error| error.to_string()),
        })
    }

    /// The texts of the files in `providers`, by the names of the files.
    pub(super) fn definition_texts(&self) -> BTreeMap<String, Result<String, FileError>> {
        let entries = fs::read_dir(self.root.join("providers"));
        let files = entries.into_iter().flatten().flatten();
        let mut texts = BTreeMap::new();
        for path in files.map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            // EXPOSE: a definition holds no secret; it is read by the same door.
            let text = read_text(&path).map(|text| text.map(|t| t.expose_secret().to_owned()));
            if let Some(text) = text.transpose() {
                texts.insert(name.to_owned(), text);
            }
        }
        texts
    }
}

fn stored_key(root: &Path) -> Result<SecretString, AuthsomeError> {
    let mode = read_text(&root.join("config.json"))?.and_then(|text| {
        // EXPOSE: a configuration without secrets. One that cannot be read counts as none, as it does for authsome.
        let config: Config = serde_json::from_str(text.expose_secret()).ok()?;
        config.encryption?.mode
    });
    if mode.as_deref() == Some("keyring") {
        return Err(AuthsomeError::KeyInKeyring(root.to_owned()));
    }
    let path = root.join("master.key");
    let Some(text) = read_text(&path)? else {
        return Err(AuthsomeError::NoKey(path));
    };
    // EXPOSE: read straight into a secret type.
    let file: Result<KeyFile, _> = serde_json::from_str(text.expose_secret());
    let file = file.map_err(|_| AuthsomeError::BadKey {
        path: root.to_owned(),
        why: "`master.key` is not what authsome writes".to_owned(),
    })?;
    Ok(file.key)
}

fn unreadable(error: &SnapshotError) -> Left {
    let left = Left::damaged(Kind::Source, error.to_string());
    match error {
        SnapshotError::Busy(_) => left.next("end what is writing there, then run this again"),
        _ => left,
    }
}
