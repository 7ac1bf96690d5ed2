//! The user's own definitions: one file each, `<name>.json`, in one directory.
//!
//! A directory that does not exist is an empty one. Files are replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::RegistryError;
use crate::document::MAX_BYTES;
use crate::error::DefinitionError;
use crate::name::{InvalidName, ProviderName};

#[derive(Clone, Debug)]
pub(super) struct UserDir {
    path: PathBuf,
}

/// A file as read.
#[derive(Debug)]
pub(super) struct UserFile {
    /// What messages call it.
    pub(super) name: String,
    pub(super) text: String,
}

/// What the directory holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Sorted.
    pub(super) names: Vec<ProviderName>,
    /// JSON files whose names are no provider names.
    pub(super) misnamed: Vec<(String, InvalidName)>,
}

/// Whether a write may replace a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteMode {
    New,
    Replace,
}

impl UserDir {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn file_of(&self, name: &ProviderName) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }

    /// The file of a name; `None` when there is none.
    pub(super) fn read(&self, name: &ProviderName) -> Result<Option<UserFile>, RegistryError> {
        let path = self.file_of(name);
        let shown = format!("{name}.json");
        let bytes = match read_capped(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RegistryError::Unreadable { path, source }),
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(UserFile { name: shown, text })),
            Err(_) => Err(DefinitionError::whole(&shown, "is not UTF-8").into()),
        }
    }

    pub(super) fn list(&self) -> Result<Listing, RegistryError> {
        let unreadable = |source| RegistryError::Unreadable {
            path: self.path.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listing::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut listing = Listing::default();
        for entry in entries {
            let file = entry
                .map_err(unreadable)?
                .file_name()
                .to_string_lossy()
                .into_owned();
            // Hidden files are ours while they are written, or an editor's.
            let Some(stem) = file
                .strip_suffix(".json")
                .filter(|_| !file.starts_with('.'))
            else {
                continue;
            };
            match stem.parse() {
                Ok(name) => listing.names.push(name),
                Err(error) => listing.misnamed.push((file, error)),
            }
        }
        listing.names.sort();
        listing.misnamed.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(listing)
    }

    /// Writes a file whole: into a temporary one first, flushed to the disk, then renamed.
    pub(super) fn write(
        &self,
        name: &ProviderName,
        text: &str,
        mode: WriteMode,
    ) -> io::Result<PathBuf> {
        self.create()?;
        let path = self.file_of(name);
        // Created exclusively, mode 0600 from the start; removed again if anything below fails.
        let mut file = tempfile::Builder::new()
            .prefix(".writing-")
            .tempfile_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match mode {
            WriteMode::Replace => file.persist(&path),
            WriteMode::New => file.persist_noclobber(&path),
        }
        .map_err(|failed| failed.error)?;
        sync_dir(&self.path)?;
        Ok(path)
    }

    /// Removes a file; false when there was none.
    pub(super) fn remove(&self, name: &ProviderName) -> io::Result<bool> {
        match fs::remove_file(self.file_of(name)) {
            Ok(()) => sync_dir(&self.path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn create(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)
    }
}

/// Reads at most one byte more than allowed: the reader then says that the file is too large.
fn read_capped(path: &Path) -> io::Result<Vec<u8>> {
    // Looked at before it is opened, because opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a rename or removal durable. Directories cannot be opened on Windows, and need not be.
fn sync_dir(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}
