//! Locks between processes: `flock` on a file that this program never removes.
//!
//! The kernel gives such a lock back however its holder ends. A lock file that is removed could
//! be locked by two holders at once, one by its old and one by its new file, so they stay. Where
//! somebody else removes one, nobody gets in by the old file; but who held it does not notice, and
//! shares the lock with the first to come by the new one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fs2::FileExt;

use crate::private_file::{self, FileFault};

/// An exclusive lock, held until dropped.
#[derive(Debug)]
pub(crate) struct AdvisoryLock {
    // Opened close-on-exec, so that no child keeps the lock of a parent that is killed.
    file: File,
}

/// Why a lock was not taken.
#[derive(Debug)]
pub(crate) enum NotLocked {
    Busy { waited: Duration },
    File(FileFault),
    Unsupported(io::Error),
}

/// The pauses between attempts grow from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

impl AdvisoryLock {
    /// Takes the lock of a file within `patience`, making the file and its folder if missing.
    ///
    /// There is no `flock` with a time limit, so this asks again and again.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, NotLocked> {
        Self::take_by(path, patience, FileExt::try_lock_exclusive, is_at)
    }

    /// Takes the lock with `flock` for the system call, and `is_at` to tell whether an open file is
    /// still the one at its path.
    fn take_by(
        path: &Path,
        patience: Duration,
        flock: impl Fn(&File) -> io::Result<()>,
        is_at: impl Fn(&File, &Path) -> io::Result<bool>,
    ) -> Result<Self, NotLocked> {
        let in_file = |error| NotLocked::File(FileFault::from_io(path, error));
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut waiting = None;
        loop {
            // What is the matter, if it is not another holder.
            let mut trouble = None;
            let file = match waiting.take() {
                None => open(path)?,
                opened => opened,
            };
            match file.map(|file| (flock(&file), file)) {
                Some((Ok(()), file)) if is_at(&file, path).map_err(in_file)? => {
                    return Ok(Self { file });
                }
                // The file was removed, so this lock excludes nobody who comes now.
                Some((Ok(()), _)) | None => trouble = Some(io::Error::other(REMOVED)),
                Some((Err(error), file)) if is_contended(&error) => waiting = Some(file),
                Some((Err(error), file)) if error.kind() == io::ErrorKind::Interrupted => {
                    trouble = Some(error);
                    waiting = Some(file);
                }
                Some((Err(error), _)) => return Err(NotLocked::Unsupported(error)),
            }
            let waited = started.elapsed();
            let Some(left) = patience.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Err(trouble.map_or(NotLocked::Busy { waited }, NotLocked::Unsupported));
            };
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

const REMOVED: &str = "its file was removed while the lock was being taken";

impl Drop for AdvisoryLock {
    /// Gives the lock back at once, even if another thread is just starting a program and the
    /// child to be has not closed its copy of the file yet. Should that fail, closing follows.
    fn drop(&mut self) {
        drop(FileExt::unlock(&self.file));
    }
}

/// Opens the file, making it and its folder where they are missing; `None` if somebody removed
/// the folder in between.
fn open(path: &Path) -> Result<Option<File>, NotLocked> {
    let opened = private_file::create_dir(private_file::parent(path))
        .and_then(|()| private_file::open_or_create(path));
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(NotLocked::File(fault)),
    }
}

fn is_contended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

/// Whether an open file is the one that its path leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file has no number that could be compared; there, open files are rarely removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
