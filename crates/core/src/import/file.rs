//! Reading a stranger's file: a regular one, of a bounded size, of text.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Larger than any file of credentials.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is a folder, a pipe or a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than a file of credentials.
    #[error("`{}` is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// It holds something other than text.
    #[error("`{}` is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// The system refused.
    #[error("`{}` cannot be read: {why}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// The text of a file that may hold secrets; `Ok(None)` where there is no file. A link is followed to a file; whatever
/// else is there is not opened, for opening a pipe would wait for its writer.
///
/// # Errors
///
/// [`FileError`].
pub fn read_text(path: &Path) -> Result<Option<SecretString>, FileError> {
    let failed = |error: io::Error| FileError::Io {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    let mut text = String::new();
    let read = File::open(path)
        .map_err(failed)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text);
    match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(FileError::NotText(path.to_owned()))
        }
        Err(error) => Err(failed(error)),
        Ok(length) if length as u64 > MAX_BYTES => Err(FileError::TooLarge(path.to_owned())),
        Ok(_) => Ok(Some(SecretString::from(text))),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_text_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(read_text(&path).unwrap().is_none());
        fs::write(&path, "text").unwrap();
        assert!(read_text(&path).unwrap().is_some());
        assert!(read_text(&path.join("below")).unwrap().is_none());
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(read_text(&path), Err(FileError::NotText(_))));
        fs::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(read_text(&path), Err(FileError::TooLarge(_))));
        assert!(matches!(
            read_text(folder.path()),
            Err(FileError::NotAFile(_))
        ));
    }
}
