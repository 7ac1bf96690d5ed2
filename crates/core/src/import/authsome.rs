//! Homes of authsome: profiles with a master key (version 0.2), or the vault of a daemon (version 0.7).

mod daemon;
mod endpoints;
mod profiles;
mod records;

use std::path::{Path, PathBuf};

use authkeep_vault::SnapshotError;
use secrecy::SecretString;

use self::daemon::Daemon;
use self::profiles::Profiles;
use super::file::FileError;
use super::{Content, Item, Kind, Left};

/// A home that can be read.
#[derive(Debug)]
pub struct AuthsomeHome(Layout);

#[derive(Debug)]
enum Layout {
    Profiles(Profiles),
    Daemon(Daemon),
}

/// Why a home cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthsomeError {
    /// There is no home.
    #[error("there is no authsome home at `{}`", .0.display())]
    NotFound(PathBuf),
    /// Its master key is in the system's keyring, as [`AuthsomeHome::KEYRING_ENTRY`].
    #[error("the master key of `{}` is in the keyring of the operating system", .0.display())]
    KeyInKeyring(PathBuf),
    /// Its master key is not there.
    #[error("there is no master key `{}`", .0.display())]
    NoKey(PathBuf),
    /// What should be its master key is none, or another one.
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
    /// The daemon's vault cannot be read.
    #[error(transparent)]
    Vault(#[from] SnapshotError),
}

impl AuthsomeHome {
    /// The service and the user that the operating system's keyring has a home's master key under, in base64. It is one
    /// key for all homes of a user.
    pub const KEYRING_ENTRY: (&str, &str) = ("authsome", "master_key");

    /// Opens the home at `root`. `key` is its master key in base64, where somebody has it already; otherwise it is read
    /// from the home, and never from a keyring. Databases are copied to a folder below `scratch` to be read.
    ///
    /// # Errors
    ///
    /// [`AuthsomeError`].
    pub fn open(
        root: &Path,
        key: Option<&SecretString>,
        scratch: &Path,
    ) -> Result<Self, AuthsomeError> {
        if root.join("profiles").is_dir() {
            return Ok(Self(Layout::Profiles(Profiles::open(root, key)?)));
        }
        if root.join("server/kv_store/cache.db").exists() {
            return Ok(Self(Layout::Daemon(Daemon::open(root, key, scratch)?)));
        }
        Err(AuthsomeError::NotFound(root.to_owned()))
    }

    /// The names of its profiles or vaults, sorted.
    pub fn profiles(&self) -> Vec<String> {
        match &self.0 {
            Layout::Profiles(home) => home.names(),
            Layout::Daemon(daemon) => daemon.vaults(),
        }
    }

    /// Whether the names of its profiles were given by a person. A daemon numbers its vaults.
    pub fn has_named_profiles(&self) -> bool {
        matches!(self.0, Layout::Profiles(_))
    }

    /// The provider definitions of the user's own.
    pub fn definitions(&self) -> Vec<Item> {
        match &self.0 {
            Layout::Profiles(home) => {
                let texts = home.definition_texts().into_iter();
                texts.map(|(name, text)| definition(&name, text)).collect()
            }
            Layout::Daemon(daemon) => {
                let texts = daemon.definitions().iter();
                texts
                    .map(|(name, text)| definition(name, Ok(text.clone())))
                    .collect()
            }
        }
    }

    /// What is in one profile or vault.
    pub fn items(&self, profile: &str, scratch: &Path) -> Vec<Item> {
        match &self.0 {
            Layout::Profiles(home) => home.items(profile, scratch),
            Layout::Daemon(daemon) => daemon.items(profile),
        }
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
