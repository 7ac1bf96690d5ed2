//! Lines that may be pasted while something else is waited for as well.
//!
//! A thread reads, because terminals cannot be waited for in one way on all systems; it looks up every tenth of a
//! second whether it is still wanted. Whoever drops the wait gets the terminal back as it was.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::getpgrp;
use rustix::termios::{SpecialCodeIndex, tcgetpgrp};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Answer;
use super::terminal::{Line, Quiet};

/// How long one look at the keyboard takes, in tenths of a second.
const LOOK: u8 = 1;
/// A terminal that is gone says so at once, again and again.
const GONE: u32 = 20;

/// Whether there is a terminal, and this program is in front of it: in the background, it would be stopped.
pub(super) fn is_possible() -> bool {
    terminal().is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|front| front == getpgrp()))
}

/// The thread that reads, and the terminal that it reads from, without echo until this is dropped. Fields are dropped
/// in this order.
pub(crate) struct Lines {
    unwanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    lines: UnboundedReceiver<io::Result<Answer>>,
    _quiet: Quiet,
}

impl Lines {
    /// Begins to read.
    pub(super) fn begin() -> io::Result<Self> {
        let terminal = terminal()?;
        let quiet = Quiet::with(terminal.try_clone()?, |during| {
            during.special_codes[SpecialCodeIndex::VMIN] = 0;
            during.special_codes[SpecialCodeIndex::VTIME] = LOOK;
        })?;
        let (sender, lines) = unbounded_channel();
        let unwanted = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&unwanted);
        let thread = std::thread::spawn(move || read_lines(terminal, &seen, &sender));
        Ok(Self {
            unwanted,
            thread: Some(thread),
            lines,
            _quiet: quiet,
        })
    }

    /// Waits for the next line.
    pub(crate) async fn next(&mut self) -> io::Result<Answer> {
        self.lines.recv().await.unwrap_or(Ok(Answer::NoTerminal))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Were it still reading when the terminal is put back, it would take a line that is meant for others.
            drop(thread.join());
        }
    }
}

/// Reads until nobody wants it any more, or the terminal or the person does not.
fn read_lines(
    mut terminal: File,
    unwanted: &AtomicBool,
    lines: &UnboundedSender<io::Result<Answer>>,
) {
    loop {
        let answer = read_line(&mut terminal, unwanted);
        let is_last = !matches!(answer, Ok(Answer::Text(_)));
        if lines.send(answer).is_err() || is_last {
            return;
        }
    }
}

fn terminal() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

fn read_line(terminal: &mut File, unwanted: &AtomicBool) -> io::Result<Answer> {
    let mut line = Line::default();
    let mut byte = [0];
    let mut nothing_at_once = 0;
    while !unwanted.load(Ordering::Relaxed) {
        let since = Instant::now();
        match terminal.read(&mut byte) {
            Ok(0) if since.elapsed() > Duration::from_millis(10) => nothing_at_once = 0,
            Ok(0) if nothing_at_once == GONE => return Ok(Answer::NoTerminal),
            Ok(0) => nothing_at_once += 1,
            Ok(_) => {
                if let Some(answer) = line.key(byte[0]) {
                    return Ok(answer);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Answer::Cancelled)
}
