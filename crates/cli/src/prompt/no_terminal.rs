//! Systems on which there is no masked prompt yet.

use std::future::ready;
use std::io;

use super::{Answer, Candidates, Echo, Picked};

/// Nobody is asked.
pub(crate) async fn ask(_question: &str, _echo: Echo) -> io::Result<Answer> {
    ready(Ok(Answer::NoTerminal)).await
}

/// Nobody chooses.
pub(crate) async fn pick(_title: &str, _candidates: &dyn Candidates) -> io::Result<Picked> {
    ready(Ok(Picked::NoTerminal)).await
}

/// Nobody can be asked.
pub(crate) fn is_possible() -> bool {
    false
}

/// Never made.
pub(crate) struct Lines;

impl Lines {
    /// Fails.
    pub(crate) fn begin() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never called: there is nothing to call it on.
    pub(crate) async fn next(&mut self) -> io::Result<Answer> {
        ready(Ok(Answer::NoTerminal)).await
    }
}
