//! A temporary home with a vault in it, and the small tools the tests share.
#![expect(
    clippy::unwrap_used,
    reason = "a test fixture; a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authkeep_vault::{
    Entropy, EntropyError, EntryKey, KeySource, KeySourceError, LocalKeyFile, MasterKey,
    SqliteOptions, SqliteStore,
};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

/// A home directory with `master.key` and `profiles/`.
#[derive(Debug)]
pub(crate) struct Home {
    root: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn options(&self, profile: &str) -> SqliteOptions {
        options_in(self.path(), profile)
    }

    pub(crate) fn create(&self, profile: &str) -> SqliteStore {
        SqliteStore::create(&self.options(profile)).unwrap()
    }

    pub(crate) fn database(&self, profile: &str) -> PathBuf {
        self.path().join("profiles").join(profile).join("store.db")
    }
}

pub(crate) fn options_in(home: &Path, profile: &str) -> SqliteOptions {
    SqliteOptions {
        dir: home.join("profiles").join(profile),
        key_source: Arc::new(LocalKeyFile::new(home.join("master.key"))),
        entropy,
    }
}

/// A key source that always has the same key.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) [u8; 32]);

impl KeySource for Fixed {
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError> {
        Ok(Some(MasterKey::new(Zeroizing::new(self.0))))
    }

    fn create(&self, _: Entropy) -> Result<MasterKey, KeySourceError> {
        Err(KeySourceError::Unavailable {
            reason: "a fixed key cannot be made".to_owned(),
        })
    }

    fn kind(&self) -> &'static str {
        "fixed"
    }
}

pub(crate) fn key(name: &str) -> EntryKey {
    EntryKey::new(name).unwrap()
}

pub(crate) fn read(store: &dyn authkeep_vault::Store, name: &str) -> Option<Vec<u8>> {
    store
        .get(&key(name))
        .unwrap()
        .map(|entry| entry.value.expose_secret().to_vec())
}

/// A secret that can be searched for wherever it must not be.
pub(crate) fn canary() -> String {
    format!("cnry_{:032x}", random(u128::MAX))
}

/// A random number below `bound`.
pub(crate) fn random(bound: u128) -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    u128::from_le_bytes(bytes) % bound
}

/// Every file below a directory with the hash of its content.
pub(crate) fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            let hash = Sha256::digest(fs::read(&path).unwrap()).to_vec();
            files.insert(path, hash);
        }
    }
    files
}
