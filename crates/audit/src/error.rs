//! How the log can fail. A caller that must not act without a record refuses on any of these.

use std::io;
use std::path::{Path, PathBuf};

/// An event is not reliably on record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Something else than a plain file stands in the log's place, such as a symbolic link.
    #[error("the audit log `{}` is not a plain file; move it away", path.display())]
    NotPlain {
        /// The log's path.
        path: PathBuf,
    },
    /// The operating system denies access.
    #[error("no permission to write the audit log `{}`", path.display())]
    Permission {
        /// The log's path.
        path: PathBuf,
    },
    /// The disk or the quota is full.
    #[error("no space left for the audit log `{}`", path.display())]
    Full {
        /// The log's path.
        path: PathBuf,
    },
    /// Another process kept the log locked for too long. Trying again is the way out.
    #[error("the audit log `{}` is busy", path.display())]
    Busy {
        /// The log's path.
        path: PathBuf,
    },
    /// The operating system reports another failure.
    #[error("cannot write the audit log `{}`", path.display())]
    Io {
        /// The log's path.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: io::Error,
    },
}

impl AppendError {
    /// Sorts an I/O error by what the user can do about it.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, source },
        }
    }
}

/// The log could not be read. A log that does not exist yet is not an error but empty.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Something else than a plain file stands in the log's place, such as a symbolic link.
    #[error("the audit log `{}` is not a plain file; move it away", path.display())]
    NotPlain {
        /// The log's path.
        path: PathBuf,
    },
    /// Another process kept the log locked for too long. Trying again is the way out.
    #[error("the audit log `{}` is busy", path.display())]
    Busy {
        /// The log's path.
        path: PathBuf,
    },
    /// The operating system reports a failure.
    #[error("cannot read the audit log `{}`", path.display())]
    Io {
        /// The log's path.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: io::Error,
    },
}
