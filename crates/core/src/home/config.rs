//! `config.json`: version, default profile, where the master key lives. Fields this version does not know
//! survive a rewrite.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::HomeError;
use crate::ProfileName;

/// The newest `config.json` this version reads.
const VERSION: u64 = 1;

/// Where the master key lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionMode {
    /// In the file `master.key`.
    LocalKey,
}

impl EncryptionMode {
    /// The word in `config.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalKey => "local_key",
        }
    }
}

/// The settings of a home.
#[derive(Debug, Clone)]
pub struct Config {
    /// The profile that is used where none is named.
    pub default_profile: ProfileName,
    /// Where the master key lives.
    pub encryption_mode: EncryptionMode,
    unknown: Map<String, Value>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_profile: ProfileName::default(),
            encryption_mode: EncryptionMode::LocalKey,
            unknown: Map::new(),
        }
    }
}

impl Config {
    pub(super) fn read(root: &Path) -> Result<Self, HomeError> {
        let path = file(root);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|why| HomeError::Config { path, why }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(HomeError::io(&path, error)),
        }
    }

    pub(super) fn read_or_create(root: &Path) -> Result<Self, HomeError> {
        if file(root).exists() {
            return Self::read(root);
        }
        let config = Self::default();
        config.write(root)?;
        Ok(config)
    }

    /// Replaces the file in one step: a reader sees the old one or the new one, never half of either.
    pub(super) fn write(&self, root: &Path) -> Result<(), HomeError> {
        let path = file(root);
        let temporary = root.join(format!(".config.json.{}", std::process::id()));
        let text = format!("{:#}\n", self.to_json());
        let written = create_private(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| {
            // What is left of the attempt is of no use to anyone; failing to remove it changes nothing.
            let _removed = fs::remove_file(&temporary);
            HomeError::io(&path, error)
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let Value::Object(mut unknown) = value else {
            return Err("it is not a JSON object".to_owned());
        };
        match unknown.remove("version").as_ref().map(Value::as_u64) {
            Some(Some(VERSION)) | None => {}
            Some(Some(newer)) if newer > VERSION => {
                return Err(format!(
                    "version {newer} is newer than this authkeep (it reads {VERSION})"
                ));
            }
            Some(_) => return Err("`version` is not a version".to_owned()),
        }
        let default_profile = match unknown.remove("default_profile") {
            None => ProfileName::default(),
            Some(Value::String(name)) => name
                .parse()
                .map_err(|error| format!("`default_profile`: {error}"))?,
            Some(_) => return Err("`default_profile` is not a name".to_owned()),
        };
        let mode = unknown
            .get("encryption")
            .and_then(|encryption| encryption.get("mode"));
        let encryption_mode = match mode.map(Value::as_str) {
            None | Some(Some("local_key")) => EncryptionMode::LocalKey,
            Some(Some(other)) => {
                return Err(format!(
                    "`encryption.mode` is `{other}`, this version knows `local_key`"
                ));
            }
            Some(None) => return Err("`encryption.mode` is not a word".to_owned()),
        };
        Ok(Self {
            default_profile,
            encryption_mode,
            unknown,
        })
    }

    fn to_json(&self) -> Value {
        let mut object = self.unknown.clone();
        object.insert("version".to_owned(), json!(VERSION));
        object.insert(
            "default_profile".to_owned(),
            json!(self.default_profile.as_str()),
        );
        let encryption = object.entry("encryption").or_insert_with(|| json!({}));
        if let Value::Object(encryption) = encryption {
            encryption.insert("mode".to_owned(), json!(self.encryption_mode.as_str()));
        }
        Value::Object(object)
    }
}

fn file(root: &Path) -> PathBuf {
    root.join("config.json")
}

fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let text = r#"{"version":1,"default_profile":"work","encryption":{"mode":"local_key","kdf":"x"},"theme":"dark"}"#;
        let config = Config::parse(text).unwrap();
        assert_eq!(
            config.to_json(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_a_reason() {
        let check = |text, part: &str| {
            let why = Config::parse(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        };
        check("[]", "not a JSON object");
        check("{", "not JSON");
        check(r#"{"version":2}"#, "newer");
        check(r#"{"version":"1"}"#, "`version`");
        check(r#"{"default_profile":"../x"}"#, "`default_profile`");
        check(r#"{"encryption":{"mode":"cloud"}}"#, "`cloud`");
    }
}
