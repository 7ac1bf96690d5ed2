//! The program as a child of this process: it starts with nothing of ours but its environment, what is sent to us goes
//! to it, and its end is ours.

use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, ExitStatus};

use crate::context::Context;
use crate::isolation::Walls;
use crate::process;

/// What is started, and how.
pub(super) struct Start<'a> {
    /// The program and its arguments.
    pub(super) command: &'a [OsString],
    /// What is other in its environment than in ours; `None`: not there.
    pub(super) environment: Vec<(OsString, Option<OsString>)>,
    /// What it is kept from.
    pub(super) walls: Option<Walls>,
}

impl Start<'_> {
    /// Starts it, by way of `authkeep launch`. Its end is tied to that of the thread that calls this.
    pub(super) fn spawn(&self, context: &Context) -> io::Result<Child> {
        let mut command = Command::new(process::this_program()?);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, "authkeep");
        command.arg("launch");
        command.args(["--parent", &std::process::id().to_string()]);
        if context.global.json {
            command.arg("--json");
        }
        if let Some(Walls { keep_out, port }) = &self.walls {
            command.args(["--port", &port.to_string()]);
            command.arg("--keep-out").arg(keep_out);
        }
        command.arg("--").args(self.command);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        context.umask.restore();
        let child = command.spawn();
        process::keep_files_private();
        child
    }
}

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With this code.
    Exited(u8),
    /// By this signal.
    #[cfg(unix)]
    Killed(i32),
}

impl End {
    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Killed(signal);
        }
        // Codes beyond a byte are for other systems than ours.
        Self::Exited(
            status
                .code()
                .and_then(|code| code.try_into().ok())
                .unwrap_or(1),
        )
    }
}

#[cfg(unix)]
pub(super) use self::unix::Forwarding;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::Child;
    use std::task::Poll;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_process, waitid};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::End;
    use crate::process::is_ignored;

    /// The signals that are heard for the program.
    pub(crate) struct Forwarding(Vec<(Signal, Stream)>);

    /// What a terminal sends to the program by itself, as to all of the process group in its foreground.
    const OF_TERMINALS: [Signal; 2] = [Signal::INT, Signal::QUIT];
    const OTHERS: [Signal; 6] = [
        Signal::TERM,
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::CONT,
        Signal::CHILD,
    ];

    impl Forwarding {
        /// From now on they do nothing to this process. Those that it was told to ignore stay ignored, here and in
        /// the program.
        pub(crate) fn listen() -> Self {
            let all = OF_TERMINALS.into_iter().chain(OTHERS);
            let heard = all.filter(|heard| *heard == Signal::CHILD || !is_ignored(heard.as_raw()));
            let stream = |of: Signal| Some((of, signal(SignalKind::from_raw(of.as_raw())).ok()?));
            Self(heard.filter_map(stream).collect())
        }

        async fn next(&mut self) -> Signal {
            std::future::poll_fn(|context| {
                let mut heard = self.0.iter_mut().filter_map(|(signal, stream)| {
                    stream.poll_recv(context).is_ready().then_some(*signal)
                });
                heard.next().map_or(Poll::Pending, Poll::Ready)
            })
            .await
        }

        /// Passes them on until the program has ended.
        pub(crate) async fn until_the_end_of(mut self, mut child: Child) -> io::Result<End> {
            let pid = Pid::from_child(&child);
            loop {
                match self.next().await {
                    // It stays there until it is waited for, so its number is nobody else's.
                    Signal::CHILD if has_ended(pid)? => return child.wait().map(End::of),
                    Signal::CHILD => stop_with(pid)?,
                    signal if OF_TERMINALS.contains(&signal) && is_in_the_foreground() => {}
                    signal => {
                        // Who may not be sent it, after `sudo` for example, is waited for all the same.
                        let _passed_on = kill_process(pid, signal);
                    }
                }
            }
        }
    }

    fn has_ended(pid: Pid) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(pid), look)?.is_some())
    }

    /// A program that suspends itself, as editors do on Ctrl-Z, gives the terminal back to the shell, which waits for
    /// this process.
    fn stop_with(pid: Pid) -> io::Result<()> {
        let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        let Some(stopped) = waitid(WaitId::Pid(pid), look)? else {
            return Ok(());
        };
        let by_terminal = [Signal::TSTP, Signal::TTIN, Signal::TTOU].map(|s| Some(s.as_raw()));
        // Often the whole group was stopped, and this process comes here when it goes on again, and so does the program.
        if by_terminal.contains(&stopped.stopping_signal()) && is_stopped(pid) {
            kill_process(rustix::process::getpid(), Signal::STOP)?;
        }
        Ok(())
    }

    fn is_stopped(pid: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything.
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('T'))
    }

    /// Whether the terminal sends to this process, and so to the program, what is typed.
    fn is_in_the_foreground() -> bool {
        let terminal = std::fs::File::open("/dev/tty");
        terminal.is_ok_and(|terminal| {
            rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
        })
    }
}

/// Where there are no signals.
#[cfg(not(unix))]
pub(super) struct Forwarding;

#[cfg(not(unix))]
impl Forwarding {
    pub(super) fn listen() -> Self {
        Self
    }

    pub(super) async fn until_the_end_of(self, mut child: Child) -> io::Result<End> {
        let waiting = tokio::task::spawn_blocking(move || child.wait());
        Ok(End::of(waiting.await.map_err(io::Error::other)??))
    }
}
