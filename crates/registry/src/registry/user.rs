//! The user's own definitions: one file each, `<name>.json` or `<name>.jsonc`, in one directory.
//!
//! A directory that does not exist is an empty one. Files are replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::RegistryError;
use crate::document::MAX_BYTES;
use crate::error::DefinitionError;
use crate::name::ProviderName;

/// How the files are called behind the name, the one that is preferred and written first.
const ENDINGS: [&str; 2] = ["json", "jsonc"];

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
    /// JSON files that cannot be definitions, and why.
    pub(super) misnamed: Vec<(String, String)>,
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
        self.path.join(format!("{name}.{}", ENDINGS[0]))
    }

    /// The file of a name; `None` when there is none.
    pub(super) fn read(&self, name: &ProviderName) -> Result<Option<UserFile>, RegistryError> {
        for ending in ENDINGS {
            let shown = format!("{name}.{ending}");
            let path = self.path.join(&shown);
            let bytes = match read_capped(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(RegistryError::Unreadable { path, source }),
            };
            return match String::from_utf8(bytes) {
                Ok(text) => Ok(Some(UserFile { name: shown, text })),
                Err(_) => Err(DefinitionError::whole(&shown, "is not UTF-8").into()),
            };
        }
        Ok(None)
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
            let Some((stem, ending)) = file.rsplit_once('.').filter(|(stem, ending)| {
                !stem.is_empty() && !stem.starts_with('.') && ENDINGS.contains(ending)
            }) else {
                continue;
            };
            match stem.parse::<ProviderName>() {
                Ok(name) if ending != ENDINGS[0] && self.file_of(&name).exists() => {
                    let why = format!("`{name}.{}` takes its place", ENDINGS[0]);
                    listing.misnamed.push((file, why));
                }
                Ok(name) => listing.names.push(name),
                Err(error) => listing.misnamed.push((file.clone(), error.to_string())),
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
        // What is replaced may have had the other ending.
        if mode == WriteMode::Replace {
            match fs::remove_file(path.with_extension(ENDINGS[1])) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync_dir(&self.path)?;
        Ok(path)
    }

    /// Removes a definition; false when there was none.
    pub(super) fn remove(&self, name: &ProviderName) -> io::Result<bool> {
        let mut removed = false;
        for ending in ENDINGS {
            match fs::remove_file(self.path.join(format!("{name}.{ending}"))) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if removed {
            sync_dir(&self.path)?;
        }
        Ok(removed)
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
