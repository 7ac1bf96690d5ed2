//! Asking on the terminal, not on stdin: a prompt works while data is piped in, and never lands in it.
//!
//! While a secret is typed, echo is off and keys arrive one by one, Ctrl-C among them, so that the terminal is
//! put back in order on every way out, and a key may be longer than the terminal's own line buffer.

#[cfg(unix)]
mod pasted;

use std::io;

use secrecy::SecretString;

#[cfg(unix)]
pub(crate) use self::pasted::Lines;

/// What came of asking.
pub(crate) enum Answer {
    /// A line, without its end.
    Text(SecretString),
    /// Ctrl-C, or the end of input.
    Cancelled,
    /// There is no terminal.
    NoTerminal,
}

/// Whether what is typed is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    On,
    Off,
}

/// Asks for one line.
///
/// # Errors
///
/// What the terminal said.
#[cfg(unix)]
pub(crate) fn ask(question: &str, echo: Echo) -> io::Result<Answer> {
    terminal::ask(question, echo)
}

/// There is no masked prompt on this system yet.
#[cfg(not(unix))]
pub(crate) fn ask(_question: &str, _echo: Echo) -> io::Result<Answer> {
    Ok(Answer::NoTerminal)
}

/// Whether this program may read from the terminal, now.
pub(crate) fn is_possible() -> bool {
    #[cfg(unix)]
    return pasted::is_possible();
    #[cfg(not(unix))]
    false
}

/// Begins to take lines that are pasted, unseen, until it is dropped: then the terminal is as it was.
///
/// # Errors
///
/// What the terminal said.
pub(crate) fn pasted() -> io::Result<Lines> {
    Lines::begin()
}

/// There is no masked prompt on this system yet.
#[cfg(not(unix))]
pub(crate) struct Lines;

#[cfg(not(unix))]
impl Lines {
    fn begin() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never called: there is nothing to call it on.
    pub(crate) async fn next(&mut self) -> io::Result<Answer> {
        std::future::ready(Ok(Answer::NoTerminal)).await
    }
}

#[cfg(unix)]
mod terminal {
    use std::fs::{File, OpenOptions};
    use std::io::{self, Read as _, Write as _};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use secrecy::SecretString;
    use zeroize::Zeroizing;

    use super::{Answer, Echo};

    /// Longer than any credential that a person pastes.
    const MAX_LENGTH: usize = 16 * 1024;

    pub(super) fn ask(question: &str, echo: Echo) -> io::Result<Answer> {
        let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
            return Ok(Answer::NoTerminal);
        };
        terminal.write_all(question.as_bytes())?;
        let quiet = match echo {
            Echo::On => None,
            Echo::Off => Some(Quiet::begin(terminal.try_clone()?)?),
        };
        let answer = read_line(&mut terminal);
        if quiet.is_some() {
            drop(quiet);
            terminal.write_all(b"\n")?;
        }
        answer
    }

    fn read_line(terminal: &mut File) -> io::Result<Answer> {
        let mut line = Line::default();
        let mut byte = [0];
        loop {
            if terminal.read(&mut byte)? == 0 {
                return Ok(Answer::Cancelled);
            }
            if let Some(answer) = line.key(byte[0]) {
                return Ok(answer);
            }
        }
    }

    /// What has been typed so far.
    // Room for the longest answer from the start: a buffer that grows leaves copies behind.
    pub(super) struct Line(Zeroizing<Vec<u8>>);

    impl Default for Line {
        fn default() -> Self {
            Self(Zeroizing::new(Vec::with_capacity(MAX_LENGTH)))
        }
    }

    impl Line {
        /// Takes one byte that the keyboard sent; the answer, if that was its end.
        pub(super) fn key(&mut self, byte: u8) -> Option<Answer> {
            const CTRL_C: u8 = 3;
            const CTRL_D: u8 = 4;
            const BACKSPACE: u8 = 8;
            const CTRL_U: u8 = 21;
            const DELETE: u8 = 127;
            let line = &mut self.0;
            match byte {
                b'\n' | b'\r' => {
                    let text = String::from_utf8_lossy(line).into_owned();
                    return Some(Answer::Text(SecretString::from(text)));
                }
                CTRL_C | CTRL_D => return Some(Answer::Cancelled),
                BACKSPACE | DELETE => {
                    // A character may be several bytes: those that continue one go with it.
                    while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
                }
                CTRL_U => line.clear(),
                other if line.len() < MAX_LENGTH => line.push(other),
                _ => {}
            }
            None
        }
    }

    /// The terminal without echo, line editing and signals from keys; dropped, it is as it was.
    pub(super) struct Quiet {
        terminal: File,
        before: Termios,
    }

    impl Quiet {
        fn begin(terminal: File) -> io::Result<Self> {
            Self::with(terminal, |_| {})
        }

        /// The same with more changes.
        pub(super) fn with(terminal: File, change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
            let before = tcgetattr(&terminal)?;
            let mut during = before.clone();
            during.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            change(&mut during);
            tcsetattr(&terminal, OptionalActions::Flush, &during)?;
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            // If the terminal is gone there is nothing left to restore.
            let _restored = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
        }
    }
}
