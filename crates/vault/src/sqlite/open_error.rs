//! How opening or creating a vault can fail. A variant tells the caller what to do differently.

use std::error::Error;
use std::path::PathBuf;

use crate::{EntropyError, FileFault, KeySourceError};

/// A vault could not be opened or created. Whatever was there is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no vault here. Creating one is the way out.
    #[error("there is no vault at `{}`", path.display())]
    NotFound {
        /// Where its database would be.
        path: PathBuf,
    },
    /// Something is here already, so no vault was created.
    #[error("there is something at `{}` already", path.display())]
    AlreadyExists {
        /// The file in question.
        path: PathBuf,
    },
    /// The file here is not a vault. It is left alone.
    #[error("`{}` is not a vault: {why}; move it away or name another place", path.display())]
    NotAVault {
        /// The file in question.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// A newer version wrote the vault. Updating this program is the way out.
    #[error(
        "the vault has format {found}, and this version reads up to {supported}; update authkeep"
    )]
    Newer {
        /// The vault's format.
        found: u32,
        /// The newest format this version reads.
        supported: u32,
    },
    /// The vault is damaged. Restoring a backup is the way out.
    #[error("the vault is damaged: {0}")]
    Corrupt(String),
    /// The vault is here but its master key is not. No new one is made, since it could not open it.
    #[error("the vault at `{}` is there, but its master key is not; restore it from a backup", path.display())]
    MasterKeyMissing {
        /// The vault's database.
        path: PathBuf,
    },
    /// The master key belongs to another vault.
    #[error("the master key does not open the vault at `{}`", path.display())]
    WrongKey {
        /// The vault's database.
        path: PathBuf,
    },
    /// The folder is on a file system that several machines use at once, where neither SQLite nor
    /// the locks hold. Another folder, on a disk of this machine, is the way out.
    #[error(
        "`{}` is on {file_system}, a network file system, where two machines could overwrite each \
         other's logins; keep the vault on a local disk",
        dir.display()
    )]
    NetworkFileSystem {
        /// The vault's folder.
        dir: PathBuf,
        /// The name of the file system.
        file_system: &'static str,
    },
    /// The kernel cannot tell whether other machines use the folder. Another folder is a way out;
    /// so is [`FileSystems::LocalOrUnclear`](crate::FileSystems) for a caller who knows better.
    #[error(
        "`{}` is on {file_system}, a file system that other machines may be using too; keep the \
         vault on a local disk",
        dir.display()
    )]
    UnclearFileSystem {
        /// The vault's folder.
        dir: PathBuf,
        /// The type of the file system, such as `9P` or `fuse.sshfs`.
        file_system: String,
    },
    /// The master key could not be fetched or made.
    #[error(transparent)]
    KeySource(#[from] KeySourceError),
    /// A file is not what it must be: a link, a directory, or another user's.
    #[error(transparent)]
    Unsafe(FileFault),
    /// The operating system denies access.
    #[error("no permission to use `{}`", path.display())]
    Permission {
        /// The file in question.
        path: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no space left for `{}`", path.display())]
    Full {
        /// The file in question.
        path: PathBuf,
    },
    /// Other processes kept the vault busy for too long. Trying again is the way out.
    #[error("the vault at `{}` is busy", path.display())]
    Busy {
        /// The file in question.
        path: PathBuf,
    },
    /// The operating system reports another failure.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No randomness could be had for a new vault.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl From<FileFault> for OpenError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::Permission { path } => Self::Permission { path },
            FileFault::Full { path } => Self::Full { path },
            FileFault::Io { path, source } => Self::Io { path, source },
            other => Self::Unsafe(other),
        }
    }
}
