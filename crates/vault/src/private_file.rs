//! Files and directories that belong to one user alone, from the moment they exist.
//!
//! Everything is created with its final mode; no mode is changed afterwards, so there is no
//! moment at which others could open it. Symbolic links are never followed in the last component.
//! On systems without Unix modes the files inherit the directory's access list.

use std::error::Error;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file cannot be used, or must not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// A symbolic link stands in its place.
    #[error("`{}` is a symbolic link; replace it by the file itself", path.display())]
    Symlink {
        /// The file in question.
        path: PathBuf,
    },
    /// A directory, pipe or device stands in its place.
    #[error("`{}` is not a plain file; move it away", path.display())]
    NotRegular {
        /// The file in question.
        path: PathBuf,
    },
    /// It belongs to another user.
    #[error(
        "`{}` belongs to another user (uid {owner}); run `chown \"$(id -u)\" '{}'` if it is yours",
        path.display(), path.display()
    )]
    ForeignOwner {
        /// The file in question.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// Others can read or write it.
    #[error(
        "`{}` is open to other users (mode {mode:04o}); run `chmod 600 '{}'`",
        path.display(), path.display()
    )]
    Exposed {
        /// The file in question.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
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
    /// The operating system reports another failure.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What was reported.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl FileFault {
    /// Sorts an I/O error by what the user can do about it.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io {
                path,
                source: source.into(),
            },
        }
    }

    /// Whether something on the way to the file does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        let Self::Io { source, .. } = self else {
            return false;
        };
        source
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }
}

/// What an existing file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

/// The directory that holds a file.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a directory and those above it where they are missing, for this user only.
pub(crate) fn create_dir(path: &Path) -> Result<(), FileFault> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|source| FileFault::from_io(path, source))
}

/// Makes a file that must not exist yet, for this user only, open for writing.
pub(crate) fn create_new(path: &Path) -> Result<File, FileFault> {
    options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|source| FileFault::from_io(path, source))
}

/// Opens a file if it exists, is a plain file and belongs to this user.
pub(crate) fn open_existing(path: &Path, access: Access) -> Result<Option<File>, FileFault> {
    match options()
        .read(true)
        .write(access == Access::ReadWrite)
        .open(path)
    {
        Ok(file) => {
            let metadata = file
                .metadata()
                .map_err(|source| FileFault::from_io(path, source))?;
            check_plain(&metadata, path)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Which error a link or a directory gives depends on the system, so it is asked for.
        Err(error) => match fs::symlink_metadata(path) {
            Ok(metadata) => {
                check_plain(&metadata, path)?;
                Err(FileFault::from_io(path, error))
            }
            Err(_) => Err(FileFault::from_io(path, error)),
        },
    }
}

/// Opens a file, or makes it where it is missing. For lock files, which have no content.
pub(crate) fn open_or_create(path: &Path) -> Result<File, FileFault> {
    loop {
        if let Some(file) = open_existing(path, Access::ReadWrite)? {
            return Ok(file);
        }
        match options().read(true).write(true).create_new(true).open(path) {
            // Somebody else made it between the two calls: then it can be opened.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(|source| FileFault::from_io(path, source)),
        }
    }
}

/// Refuses a file that others can read or write.
#[cfg(unix)]
pub(crate) fn check_secret(file: &File, path: &Path) -> Result<(), FileFault> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file
        .metadata()
        .map_err(|source| FileFault::from_io(path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileFault::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Nothing to check: access lists are inherited from the directory.
#[cfg(not(unix))]
pub(crate) fn check_secret(_: &File, _: &Path) -> Result<(), FileFault> {
    Ok(())
}

/// Gives a finished file its final name, unless that name is taken.
///
/// A hard link is the one portable way to do this without a moment in which the name could be
/// overwritten. On file systems without links, a name that is free just now is renamed to.
pub(crate) fn publish(temporary: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, name) {
        Ok(()) => match fs::remove_file(temporary) {
            // Somebody else has tidied up already; the file has its name, which is what counts.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        },
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
            ) =>
        {
            Err(error)
        }
        Err(_) => match fs::symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(temporary, name),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        },
    }
}

/// Makes a finished file's content durable.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    options().read(true).write(true).open(path)?.sync_all()
}

/// Makes the names in a directory durable.
#[cfg(unix)]
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Directories cannot be opened for this here; the system keeps names durable by itself.
#[cfg(not(unix))]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Refuses everything but a plain file of this user's.
fn check_plain(metadata: &Metadata, path: &Path) -> Result<(), FileFault> {
    let path = || path.to_owned();
    if metadata.is_symlink() {
        return Err(FileFault::Symlink { path: path() });
    }
    if !metadata.is_file() {
        return Err(FileFault::NotRegular { path: path() });
    }
    #[cfg(unix)]
    {
        let owner = std::os::unix::fs::MetadataExt::uid(metadata);
        if owner != rustix::process::geteuid().as_raw() {
            return Err(FileFault::ForeignOwner {
                path: path(),
                owner,
            });
        }
    }
    Ok(())
}

/// Options for a private file: its mode at birth, no links followed, no waiting on a pipe.
fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has more to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.mode(0o600).custom_flags(flags.cast_signed());
    }
    options
}

#[cfg(test)]
mod tests;
