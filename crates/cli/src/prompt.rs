//! Asking on the terminal, not on stdin: a prompt works while data is piped in, and never lands in it.
//!
//! Nothing here blocks: while somebody is asked, signals are heard and other work goes on. Whatever ends the wait,
//! the terminal is as it was before.

#[cfg(unix)]
mod keyboard;
#[cfg(unix)]
mod line;
#[cfg(not(unix))]
mod no_terminal;
#[cfg(unix)]
mod picker;
#[cfg(unix)]
mod quiet;
#[cfg(unix)]
mod terminal;

use secrecy::SecretString;

#[cfg(not(unix))]
pub(crate) use self::no_terminal::{Lines, ask, is_possible, pick};
#[cfg(unix)]
pub(crate) use self::picker::pick;
#[cfg(unix)]
pub(crate) use self::terminal::{Lines, ask, is_possible};

/// What came of asking.
pub(crate) enum Answer {
    /// A line, without its end.
    Text(SecretString),
    /// Several lines were pasted where one is an answer. None was taken.
    SeveralLines,
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

/// What one of can be chosen.
pub(crate) trait Candidates {
    /// The numbers of those that fit what was typed, the best first; all where nothing was.
    fn matching(&self, typed: &str) -> Vec<usize>;

    /// What is shown of one.
    fn line(&self, candidate: usize) -> String;
}

/// What came of choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picked {
    /// The number of a candidate.
    One(usize),
    /// Ctrl-C, Esc, or the end of input.
    Nothing,
    /// There is no terminal.
    NoTerminal,
}
