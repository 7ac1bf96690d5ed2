//! The first bytes of a database file, read before SQLite may touch it.
//!
//! SQLite would happily open any database, and recovering or checkpointing a foreign one already
//! changes it. So the file's identity is read apart from SQLite first.
//!
//! That needs care on Unix. SQLite holds POSIX record locks, and a process loses all of those it
//! has on a file as soon as it closes *any* descriptor of that file. The descriptors opened here
//! are therefore kept until the process has no store open on the file any more, in a table that
//! is process-wide because the locks are.

use std::fs::File;
use std::path::Path;

use super::OpenError;
use super::schema::{APPLICATION_ID, FORMAT};
use crate::private_file::{self, Access, FileFault};

/// What SQLite's own header begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What the first bytes tell of a vault's file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Whether the database is in write-ahead mode.
    pub(super) write_ahead: bool,
}

/// Finds out whether a file is a vault of a known format, and keeps it open for the store.
pub(super) fn inspect(path: &Path) -> Result<(HeldFile, Header), OpenError> {
    let mut bytes = [0; 100];
    let (held, length) = HeldFile::read(path, &mut bytes)?;
    let header = judge(&bytes[..length], path)?;
    Ok((held, header))
}

fn judge(bytes: &[u8], path: &Path) -> Result<Header, OpenError> {
    let foreign = |why| {
        Err(OpenError::NotAVault {
            path: path.to_owned(),
            why,
        })
    };
    if bytes.is_empty() {
        return foreign("it is empty");
    }
    if bytes.len() < 100 || !bytes.starts_with(MAGIC) {
        return foreign("it is not a SQLite database");
    }
    // The offsets are from SQLite's description of its file format, section 1.3.
    let number = |at: usize| {
        bytes[at..at + 4]
            .iter()
            .fold(0, |number: u32, byte| number << 8 | u32::from(*byte))
    };
    if number(68) != APPLICATION_ID {
        return foreign("it is the database of another program");
    }
    match number(60) {
        0 => Err(OpenError::Corrupt(
            "the file has no format version".to_owned(),
        )),
        found if found > FORMAT => Err(OpenError::Newer {
            found,
            supported: FORMAT,
        }),
        _ => Ok(Header {
            write_ahead: bytes[18] == 2 && bytes[19] == 2,
        }),
    }
}

fn open(path: &Path) -> Result<File, OpenError> {
    match private_file::open_existing(path, Access::Read)? {
        Some(file) => Ok(file),
        None => Err(OpenError::NotFound {
            path: path.to_owned(),
        }),
    }
}

#[cfg(unix)]
pub(super) use posix::HeldFile;

#[cfg(unix)]
mod posix {
    use std::collections::BTreeMap;
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Device and inode: what POSIX locks belong to.
    type Id = (u64, u64);

    #[derive(Default)]
    struct Held {
        holders: usize,
        /// One, or more if the path changed its file just while it was being opened.
        files: Vec<File>,
    }

    static HELD: Mutex<BTreeMap<Id, Held>> = Mutex::new(BTreeMap::new());

    /// Keeps a file's descriptors open until the last store on it is gone.
    #[derive(Debug)]
    pub(in crate::sqlite) struct HeldFile(Id);

    impl HeldFile {
        pub(super) fn read(path: &Path, bytes: &mut [u8]) -> Result<(Self, usize), OpenError> {
            let io = |source| OpenError::from(FileFault::from_io(path, source));
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            let known = std::fs::symlink_metadata(path)
                .map(|metadata| (metadata.dev(), metadata.ino()))
                .ok()
                .filter(|id| held.contains_key(id));
            let id = match known {
                Some(id) => id,
                None => {
                    let file = open(path)?;
                    let metadata = file.metadata().map_err(io)?;
                    let id = (metadata.dev(), metadata.ino());
                    held.entry(id).or_default().files.push(file);
                    id
                }
            };
            let entry = held.entry(id).or_default();
            entry.holders += 1;
            let read = entry.files[0].read_at(bytes, 0);
            drop(held);
            // From here on, dropping `this` undoes what was entered in the table.
            let this = Self(id);
            read.map(|length| (this, length)).map_err(io)
        }
    }

    impl Drop for HeldFile {
        fn drop(&mut self) {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = held.get_mut(&self.0) {
                entry.holders -= 1;
                if entry.holders == 0 {
                    // Closes the descriptors while the table is still locked.
                    held.remove(&self.0);
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn holders(path: &Path) -> usize {
        let metadata = std::fs::symlink_metadata(path).unwrap();
        let held = HELD.lock().unwrap();
        held.get(&(metadata.dev(), metadata.ino()))
            .map_or(0, |entry| entry.holders)
    }
}

/// Locks elsewhere belong to handles, so nothing needs to be kept.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct HeldFile;

#[cfg(not(unix))]
impl HeldFile {
    fn read(path: &Path, bytes: &mut [u8]) -> Result<(Self, usize), OpenError> {
        use std::io::Read as _;
        let limit = bytes.len() as u64;
        let mut start = Vec::new();
        open(path)?
            .take(limit)
            .read_to_end(&mut start)
            .map_err(|source| FileFault::from_io(path, source))?;
        bytes[..start.len()].copy_from_slice(&start);
        Ok((Self, start.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(application: u32, format: u32) -> Vec<u8> {
        let mut bytes = vec![0; 100];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[18] = 2;
        bytes[19] = 2;
        bytes[60..64].copy_from_slice(&format.to_be_bytes());
        bytes[68..72].copy_from_slice(&application.to_be_bytes());
        bytes
    }

    #[test]
    fn each_header_is_judged_for_what_it_is() {
        let path = Path::new("store.db");
        let good = header(APPLICATION_ID, FORMAT);
        assert_eq!(judge(&good, path).unwrap(), Header { write_ahead: true });
        for bytes in [
            &b""[..],
            b"garbage",
            &[0; 100],
            &good[..99],
            &header(0, FORMAT),
        ] {
            assert!(matches!(
                judge(bytes, path),
                Err(OpenError::NotAVault { .. })
            ));
        }
        assert!(matches!(
            judge(&header(APPLICATION_ID, FORMAT + 6), path),
            Err(OpenError::Newer { found, supported: FORMAT }) if found == FORMAT + 6
        ));
        assert!(matches!(
            judge(&header(APPLICATION_ID, 0), path),
            Err(OpenError::Corrupt(_))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_held_once_for_all_its_stores_and_let_go_with_the_last() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("store.db");
        let bytes = header(APPLICATION_ID, FORMAT);
        drop(private_file::create_new(&path).unwrap());
        std::fs::write(&path, bytes).unwrap();

        let (first, _) = inspect(&path).unwrap();
        let (second, _) = inspect(&path).unwrap();
        assert_eq!(posix::holders(&path), 2);
        drop(first);
        assert_eq!(posix::holders(&path), 1);
        drop(second);
        assert_eq!(posix::holders(&path), 0);
        std::fs::write(&path, "").unwrap();
        assert!(inspect(&path).is_err());
        assert_eq!(posix::holders(&path), 0, "a refused file is let go too");
    }
}
