//! Locks between processes: `flock` on a file that is never removed.
//!
//! The kernel gives such a lock back however its holder ends. A lock file that were removed could
//! be locked by two holders at once, one by its old and one by its new file, so they stay.

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
    // Closing the file gives the lock back. It is opened close-on-exec, so no child keeps it.
    _file: File,
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
    /// Takes the lock of a file, making the file if it is missing, within `patience`.
    ///
    /// There is no `flock` with a time limit, so this asks again and again.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, NotLocked> {
        let file = private_file::open_or_create(path).map_err(NotLocked::File)?;
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(error) if is_contended(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(NotLocked::Unsupported(error)),
            }
            let waited = started.elapsed();
            let Some(left) = patience.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Err(NotLocked::Busy { waited });
            };
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn is_contended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_free_after_the_drop() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = AdvisoryLock::take(&path, Duration::ZERO).unwrap();
        match AdvisoryLock::take(&path, Duration::from_millis(30)) {
            Err(NotLocked::Busy { waited }) => assert!(waited >= Duration::from_millis(30)),
            other => panic!("{other:?}"),
        }
        // Another lock is another matter.
        AdvisoryLock::take(&home.path().join("other"), Duration::ZERO).unwrap();
        drop(held);
        AdvisoryLock::take(&path, Duration::ZERO).unwrap();
    }
}
