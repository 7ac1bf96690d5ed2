//! The process itself: its file mode mask, and becoming another program.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::process::Command;

/// The mask that the user's own programs shall see again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Umask(#[cfg(unix)] rustix::fs::Mode);

/// Masks group and others out of every file this process makes, SQLite's included.
pub(crate) fn keep_files_private() -> Umask {
    #[cfg(unix)]
    return Umask(rustix::process::umask(
        rustix::fs::Mode::from_bits_truncate(0o077),
    ));
    #[cfg(not(unix))]
    Umask()
}

impl Umask {
    /// Puts the user's own mask back, before a program of the user's is started.
    pub(crate) fn restore(self) {
        #[cfg(unix)]
        rustix::process::umask(self.0);
    }
}

/// Becomes `program`: exit code, signals, terminal and process id are then its own. Returns only on failure.
#[cfg(unix)]
pub(crate) fn become_program(
    program: &[OsString],
    environment: Vec<(String, String)>,
) -> Result<Infallible, io::Error> {
    use std::os::unix::process::CommandExt as _;
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    Err(Command::new(name).args(arguments).envs(environment).exec())
}

/// Where a process cannot become another, a child is waited for and its code is returned.
#[cfg(not(unix))]
#[expect(clippy::exit, reason = "the child's exit code is the command's")]
pub(crate) fn become_program(
    program: &[OsString],
    environment: Vec<(String, String)>,
) -> Result<Infallible, io::Error> {
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let status = Command::new(name)
        .args(arguments)
        .envs(environment)
        .status()?;
    std::process::exit(status.code().unwrap_or(1));
}
