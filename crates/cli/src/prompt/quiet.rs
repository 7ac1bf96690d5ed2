//! The terminal without echo, line editing and signals from keys, for as long as a secret may be typed.
//!
//! It is put back on every way out: when the guard is dropped (an answer, a signal that ends the login), when the
//! program is stopped, and when it panics. Only a kill that no program can see leaves it as it is. A process has one
//! terminal, so what it was like is kept in one place, where a panic finds it too.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::terminal::TTY;
use crate::process::is_ignored;

static TERMINAL: Mutex<State> = Mutex::new(State {
    quiet: None,
    job_control: None,
});

struct State {
    quiet: Option<Modes>,
    /// Follows stops for as long as its runtime lives.
    job_control: Option<JoinHandle<()>>,
}

/// The terminal, and what it is like without and with echo.
struct Modes {
    terminal: File,
    before: Termios,
    during: Termios,
}

/// While this lives, nothing that is typed is shown.
pub(super) struct Quiet(());

impl Quiet {
    /// Begins; what was typed before is forgotten.
    pub(super) fn begin() -> io::Result<Self> {
        Self::with(OptionalActions::Flush)
    }

    /// Begins; what was typed before can still be read.
    pub(super) fn begin_with_what_is_typed() -> io::Result<Self> {
        Self::with(OptionalActions::Now)
    }

    fn with(typed: OptionalActions) -> io::Result<Self> {
        Self::on(OpenOptions::new().read(true).write(true).open(TTY)?, typed)
    }

    fn on(terminal: File, typed: OptionalActions) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut during = before.clone();
        during.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        show_on_panic();
        let mut state = state();
        follow_stops(&mut state);
        let modes = state.quiet.insert(Modes {
            terminal,
            before,
            during,
        });
        if let Err(error) = tcsetattr(&modes.terminal, typed, &modes.during) {
            // There is nothing to put back.
            state.quiet = None;
            return Err(error.into());
        }
        Ok(Self(()))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(modes) = state().quiet.take() {
            modes.show();
        }
    }
}

impl Modes {
    fn show(&self) {
        // If the terminal is gone there is nothing left to restore.
        let _restored = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }

    fn hide(&self) {
        let _hidden = tcsetattr(&self.terminal, OptionalActions::Flush, &self.during);
    }
}

fn state() -> MutexGuard<'static, State> {
    // Nothing that holds it can panic halfway.
    TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic may end the process where it stands, without dropping anything.
fn show_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // If it is held by whoever panics, waiting for it would be for ever.
            if let Ok(state) = TERMINAL.try_lock()
                && let Some(modes) = &state.quiet
            {
                modes.show();
            }
            before(panic);
        }));
    });
}

/// Has the terminal shown while this program is stopped. Once signals of this kind are listened for, the system no
/// longer acts on them by itself: so this goes on when the prompt is over.
fn follow_stops(state: &mut State) {
    let is_followed = state
        .job_control
        .as_ref()
        .is_some_and(|task| !task.is_finished());
    let stop = SignalKind::from_raw(Signal::TSTP.as_raw());
    if is_followed || is_ignored(stop.as_raw_value()) {
        return;
    }
    let go_on = SignalKind::from_raw(Signal::CONT.as_raw());
    let (Ok(mut stopped), Ok(mut continued)) = (signal(stop), signal(go_on)) else {
        return;
    };
    state.job_control = Some(tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = stopped.recv() => stop_here(),
                // Whoever had the terminal meanwhile may have left it otherwise.
                _ = continued.recv() => if let Some(modes) = &self::state().quiet {
                    modes.hide();
                },
            }
        }
    }));
}

/// Stops this process, and returns when it is continued.
fn stop_here() {
    if let Some(modes) = &state().quiet {
        modes.show();
    }
    // Unlike SIGSTOP this stops nobody who could not be continued: where no shell looks after this process, the system
    // drops it, as it would have dropped the signal that led here.
    let _stopped = kill_process(getpid(), Signal::TTIN);
    if let Some(modes) = &state().quiet {
        modes.hide();
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    #[tokio::test]
    async fn a_panic_shows_the_terminal_and_so_does_the_end() {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let line = File::from(rustix::fs::open(name, flags, Mode::empty()).unwrap());
        let echoes = || {
            let modes = tcgetattr(&line).unwrap();
            modes.local_modes.contains(LocalModes::ECHO)
        };
        assert!(echoes());
        let quiet = Quiet::on(line.try_clone().unwrap(), OptionalActions::Flush).unwrap();
        assert!(!echoes());
        // Where panics abort, the hook is all that runs; here the guard lives on.
        let panicked = std::thread::spawn(|| panic!("on purpose")).join();
        assert!(panicked.is_err() && echoes());
        drop(quiet);

        let quiet = Quiet::on(line.try_clone().unwrap(), OptionalActions::Flush).unwrap();
        assert!(!echoes());
        drop(quiet);
        assert!(echoes());
    }
}
