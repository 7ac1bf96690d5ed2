//! Homes of authsome 0.2: an SQLite table a profile, sealed records, a master key in a file or in the system's keyring.
//!
//! A home of version 0.7 holds a daemon's vault, which only the daemon opens; it is recognised and named.

mod endpoints;
mod records;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use authkeep_vault::{CompactKey, SnapshotError, read_rows};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use self::records::Records;
use super::file::{FileError, read_text};
use super::{Content, Item, Kind, Left};

/// A home that can be read.
#[derive(Debug)]
pub struct AuthsomeHome {
    root: PathBuf,
    key: CompactKey,
}

/// Why a home cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthsomeError {
    /// There is no home.
    #[error("there is no authsome home at `{}`", .0.display())]
    NotFound(PathBuf),
    /// It is a home of the daemon.
    #[error("`{}` is a home of authsome 0.7, whose vault only its daemon opens", .0.display())]
    Daemon(PathBuf),
    /// Its master key is in the system's keyring.
    #[error("the master key of `{}` is in the keyring of the operating system", .0.display())]
    KeyInKeyring(PathBuf),
    /// Its master key is not there.
    #[error("there is no master key `{}`", .0.display())]
    NoKey(PathBuf),
    /// What should be its master key is none.
    #[error("the master key of `{}` cannot be used: {why}", .path.display())]
    BadKey {
        /// The home.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is not a home of a version that is known.
    #[error("`{}` has a vault of version {found}; version 2 can be read", .path.display())]
    Version {
        /// The home.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
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

impl AuthsomeHome {
    /// Opens the home at `root`. `key` is its master key in base64, where somebody has it already; otherwise it is read
    /// from the home.
    ///
    /// # Errors
    ///
    /// [`AuthsomeError`].
    pub fn open(root: &Path, key: Option<&SecretString>) -> Result<Self, AuthsomeError> {
        let profiles = root.join("profiles");
        if !profiles.is_dir() {
            return Err(match root.join("server").is_dir() {
                true => AuthsomeError::Daemon(root.to_owned()),
                false => AuthsomeError::NotFound(root.to_owned()),
            });
        }
        if let Some(version) = read_text(&root.join("version"))? {
            // EXPOSE: a version number.
            let version = version.expose_secret().trim();
            if version != "2" {
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

    /// The names of its profiles, sorted.
    pub fn profiles(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join("profiles"));
        let folders = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = folders
            .filter(|entry| entry.path().join("store.db").exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// The provider definitions of the user's own.
    pub fn definitions(&self) -> Vec<Item> {
        let texts = self.definition_texts();
        texts
            .into_iter()
            .map(|(name, text)| definition(&name, text))
            .collect()
    }

    /// What is in one profile. The database is copied to a folder below `scratch` to be read.
    pub fn items(&self, profile: &str, scratch: &Path) -> Vec<Item> {
        let place = format!("profiles/{profile}/store.db");
        let path = self.root.join("profiles").join(profile).join("store.db");
        let rows = match read_rows(&path, scratch) {
            Ok(rows) => rows,
            Err(error) => return vec![Item::left(place, "", unreadable(&error))],
        };
        let texts = self.definition_texts();
        let custom = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.ok()?)));
        Records {
            profile,
            key: &self.key,
            endpoints: endpoints::Endpoints::new(custom.collect()),
        }
        .items(&rows)
    }

    /// The texts of the files in `providers`, by the names of the files.
    fn definition_texts(&self) -> BTreeMap<String, Result<String, FileError>> {
        let entries = fs::read_dir(self.root.join("providers"));
        let files = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let mut texts = BTreeMap::new();
        for path in files.filter(|path| path.extension().is_some_and(|e| e == "json")) {
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
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

fn definition(name: &str, text: Result<String, FileError>) -> Item {
    let place = format!("providers/{name}.json");
    match text {
        Ok(text) => Item {
            place,
            provider: name.to_owned(),
            content: Content::Definition(text),
        },
        Err(error) => Item::left(
            place,
            name,
            Left::damaged(Kind::Definition, error.to_string()),
        ),
    }
}

fn stored_key(root: &Path) -> Result<SecretString, AuthsomeError> {
    let mode = read_text(&root.join("config.json"))?.and_then(|text| {
        // EXPOSE: a configuration without secrets. One that cannot be read counts as none, as it does for authsome.
        serde_json::from_str::<Config>(text.expose_secret())
            .ok()?
            .encryption?
            .mode
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
