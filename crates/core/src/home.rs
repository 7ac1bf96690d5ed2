//! The folder that authkeep keeps everything in: where each file lies, and whether the folder can be trusted.
//!
//! The path is an argument; only the command line knows environment variables and home directories.

mod config;
mod profiles;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authkeep_vault::{
    Entropy, FileSystems, KeySource, LocalKeyFile, OpenError, SqliteOptions, SqliteStore,
};

pub use self::config::{Config, EncryptionMode};
pub use self::profiles::{ProfileChange, ProfileError};

use crate::ProfileName;

/// An authkeep home that exists and is safe to use.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
    config: Config,
    file_systems: FileSystems,
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// It is not a folder.
    #[error("`{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// Other users of the machine could replace what is in it.
    #[error("`{}` can be written to by other users (mode {mode:03o})", .path.display())]
    WritableByOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error("`{}` belongs to another user", .0.display())]
    NotOurs(PathBuf),
    /// The system refused.
    #[error("cannot use `{}`: {why}", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        why: String,
        /// The error's kind, for those who branch on it.
        #[source]
        source: io::Error,
    },
    /// `config.json` cannot be understood.
    #[error("`{}` cannot be used: {why}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl HomeError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            why: source.to_string(),
            source,
        }
    }
}

impl Home {
    /// Opens the home at `root`; `Ok(None)` if there is none yet.
    ///
    /// # Errors
    ///
    /// [`HomeError`] where it exists but cannot be trusted or read.
    pub fn open(root: &Path) -> Result<Option<Self>, HomeError> {
        match check_home(root) {
            Ok(true) => Ok(Some(Self {
                root: root.to_owned(),
                config: Config::read(root)?,
                file_systems: FileSystems::default(),
            })),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the home at `root`, making the folder and `config.json` if they are missing.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_or_create(root: &Path) -> Result<Self, HomeError> {
        make_private_folder(root)?;
        check_home(root)?;
        let config = Config::read_or_create(root)?;
        Ok(Self {
            root: root.to_owned(),
            config,
            file_systems: FileSystems::default(),
        })
    }

    /// The same home, with vaults on file systems that the caller answers for.
    #[must_use]
    pub fn allowing(self, file_systems: FileSystems) -> Self {
        Self {
            file_systems,
            ..self
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What `config.json` says.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file of the master key (mode `local_key`).
    pub fn master_key(&self) -> PathBuf {
        self.root.join("master.key")
    }

    /// The user's own provider definitions.
    pub fn providers(&self) -> PathBuf {
        self.root.join("providers")
    }

    /// The audit log.
    pub fn audit_log(&self) -> PathBuf {
        self.root.join("audit.log")
    }

    /// The folder of one profile's vault.
    pub fn profile(&self, name: &ProfileName) -> PathBuf {
        self.root.join("profiles").join(name.as_str())
    }

    /// Opens the vault of a profile that exists.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; a vault that does not exist is [`OpenError::NotFound`].
    pub fn open_vault(
        &self,
        name: &ProfileName,
        entropy: Entropy,
    ) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_on(&self.vault_options(name, entropy), self.file_systems)
    }

    /// Opens the vault of a profile, making it if it is missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open_or_create_vault(
        &self,
        name: &ProfileName,
        entropy: Entropy,
    ) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_or_create_on(&self.vault_options(name, entropy), self.file_systems)
    }

    /// Opens the vault of a profile that exists, with a master key that the caller has already.
    ///
    /// # Errors
    ///
    /// As [`open_vault`](Self::open_vault).
    pub fn open_vault_with(
        &self,
        key_source: Arc<dyn KeySource>,
        name: &ProfileName,
        entropy: Entropy,
    ) -> Result<SqliteStore, OpenError> {
        let options = SqliteOptions {
            key_source,
            ..self.vault_options(name, entropy)
        };
        SqliteStore::open_on(&options, self.file_systems)
    }

    /// Where the master key of this home is kept.
    pub fn key_source(&self) -> Arc<dyn KeySource> {
        Arc::new(LocalKeyFile::new(self.master_key()))
    }

    fn vault_options(&self, name: &ProfileName, entropy: Entropy) -> SqliteOptions {
        SqliteOptions {
            dir: self.profile(name),
            key_source: self.key_source(),
            entropy,
        }
    }
}

/// Checks that `root` is a folder that only its owner, who is us, can write to. `Ok(false)` if it is missing.
///
/// # Errors
///
/// [`HomeError`] says what is wrong with it.
pub fn check_home(root: &Path) -> Result<bool, HomeError> {
    let metadata = match fs::metadata(root) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(HomeError::io(root, error)),
    };
    if !metadata.is_dir() {
        return Err(HomeError::NotAFolder(root.to_owned()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let mode = metadata.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(HomeError::WritableByOthers {
                path: root.to_owned(),
                mode,
            });
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(HomeError::NotOurs(root.to_owned()));
        }
    }
    Ok(true)
}

/// Makes a folder that only its owner can look into, from its birth.
fn make_private_folder(path: &Path) -> Result<(), HomeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => HomeError::NotAFolder(path.to_owned()),
        _ => HomeError::io(path, error),
    })
}
