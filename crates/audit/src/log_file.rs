//! Opens and locks the log's file: private from birth, a plain file, one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fs2::FileExt;

/// Why the file cannot be used.
#[derive(Debug)]
pub(crate) enum Fault {
    NotPlain,
    Busy,
    Io(io::Error),
}

/// How long to wait for others. An append takes microseconds, or one synchronisation of the disk.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Opens the log for appending, making it where it is missing. The flag tells whether it was made.
pub(crate) fn open_to_append(path: &Path) -> Result<(File, bool), Fault> {
    loop {
        match options().read(true).append(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return plain(path, opened).map(|file| (file, false)),
        }
        match options()
            .read(true)
            .append(true)
            .create_new(true)
            .open(path)
        {
            // Somebody else made it between the two calls: then it can be opened.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, true)).map_err(Fault::Io),
        }
    }
}

/// Opens the log for reading; `None` when there is none yet.
pub(crate) fn open_to_read(path: &Path) -> Result<Option<File>, Fault> {
    match options().read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => plain(path, opened).map(Some),
    }
}

/// Locks the log for this writer alone.
pub(crate) fn lock(file: &File) -> Result<(), Fault> {
    wait_for(|| FileExt::try_lock_exclusive(file))
}

/// Locks the log against writers, beside other readers.
pub(crate) fn lock_shared(file: &File) -> Result<(), Fault> {
    wait_for(|| FileExt::try_lock_shared(file))
}

/// Asks again and again, since the system's own waiting knows no time limit.
fn wait_for(attempt: impl Fn() -> io::Result<()>) -> Result<(), Fault> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    || error.raw_os_error() == fs2::lock_contended_error().raw_os_error() =>
            {
                if started.elapsed() >= PATIENCE {
                    return Err(Fault::Busy);
                }
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(Fault::Io(error)),
        }
    }
}

/// Refuses everything but a plain file. Which error a link gives depends on the system, so what
/// stands there is asked for.
fn plain(path: &Path, opened: io::Result<File>) -> Result<File, Fault> {
    match opened {
        Ok(file) => match file.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(file),
            Ok(_) => Err(Fault::NotPlain),
            Err(error) => Err(Fault::Io(error)),
        },
        Err(error) => match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.is_file() => Err(Fault::NotPlain),
            _ => Err(Fault::Io(error)),
        },
    }
}

/// Options for a private file: its mode at birth, no links followed, no waiting on a pipe.
fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has more to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.mode(0o600).custom_flags(flags.cast_signed());
    }
    options
}
