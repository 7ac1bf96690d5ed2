//! The process itself: its file mode mask, becoming another program, and leaving the terminal's reach.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
#[cfg(target_os = "linux")]
use std::num::NonZeroI32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exit_code::ExitCode;

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

/// Leaves the session of whoever started this process: the terminal's signals, its end and a kill of the whole
/// process group do not reach a session of one's own.
pub(crate) fn leave_the_session() {
    #[cfg(unix)]
    // It fails for the leader of a process group, who is not reached through another group either.
    let _session = rustix::process::setsid();
}

/// No memory of this process is ever written to a disk by the kernel: it holds the master key.
pub(crate) fn leave_no_core() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // To lower a limit is always allowed.
        let _lowered = setrlimit(Resource::Core, none);
    }
}

/// Lets this process open as many files as the sidecar needs for all its connections, and the system grants.
pub(crate) fn allow_many_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        const ENOUGH: u64 = 4096;
        let mut limit = getrlimit(Resource::Nofile);
        let granted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if limit.current.is_some_and(|current| current < granted) {
            limit.current = Some(granted);
            // With less there are fewer connections.
            let _raised = setrlimit(Resource::Nofile, limit);
        }
    }
}

/// Whatever files this process was left by those who started it, beyond the standard three, the programs that it
/// starts do not get. A lock or a pipe of the caller's would otherwise outlive the caller.
pub(crate) fn share_no_files() {
    #[cfg(unix)]
    close_fds::set_fds_cloexec(3, &[]);
}

/// Has the kernel end this process (SIGTERM) when the one that has started it is gone, however it went. False if it is
/// gone already.
#[cfg(target_os = "linux")]
pub(crate) fn ends_with(parent: u32) -> bool {
    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
    let tied = set_parent_process_death_signal(Some(Signal::TERM)).is_ok();
    // Asked after that: whoever died before has sent no signal.
    tied && getppid().map(Pid::as_raw_nonzero)
        == i32::try_from(parent).ok().and_then(NonZeroI32::new)
}

/// Other systems have no such signal.
#[cfg(not(target_os = "linux"))]
pub(crate) fn ends_with(_parent: u32) -> bool {
    true
}

/// Nobody else may look into this process: its memory, its environment, its files. Not even a process of the same
/// user, unless it may look into all.
pub(crate) fn be_opaque() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It fails for no value that there is.
        let _opaque = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Ends this process by `signal`, so that whoever has started it sees what its program died of. Where that is not
/// possible, the code that shells have for it is returned.
#[cfg(unix)]
pub(crate) fn die_of(signal: i32) -> u8 {
    // The first process of a container is not killed by signals.
    if !is_the_first() {
        // It returns for signals that kill nobody.
        let _alive = signal_hook::low_level::emulate_default_handler(signal);
    }
    u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128))
}

/// Whether the end of this process is the end of all others that it could start: the first process of a container.
pub(crate) fn is_the_first() -> bool {
    std::process::id() == 1
}

/// Whether whoever started this process had it ignore a signal, as `nohup` does. That is to be respected.
#[cfg(unix)]
pub(crate) fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Ends this process after `limit`, whatever it is doing then.
#[expect(
    clippy::exit,
    reason = "what holds it up cannot be asked to stop, and the kernel takes its locks back"
)]
pub(crate) fn end_after(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        std::process::exit(ExitCode::TryAgain as i32);
    });
}

/// This very program, to be started again. On Linux it is found even if an upgrade has replaced its file.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let same_file = Path::new("/proc/self/exe");
    Ok(if !path.exists() && same_file.exists() {
        same_file.to_owned()
    } else {
        path
    })
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
