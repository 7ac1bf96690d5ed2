//! The terminal of this process: one question, or lines that may be pasted while something else is waited for as well.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};

use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::tcgetpgrp;

use super::keyboard::Keyboard;
use super::line::{Key, Line};
use super::quiet::Quiet;
use super::{Answer, Echo};

/// Where this process's terminal is found, whatever its standard streams are.
pub(super) const TTY: &str = "/dev/tty";

/// Whether there is a terminal, and this program is in front of it: in the background, it would be stopped.
pub(crate) fn is_possible() -> bool {
    File::open(TTY).is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|front| front == getpgrp()))
}

/// Asks for one line.
///
/// # Errors
///
/// What the terminal said.
pub(crate) async fn ask(question: &str, echo: Echo) -> io::Result<Answer> {
    let Ok(mut keyboard) = Keyboard::open() else {
        return Ok(Answer::NoTerminal);
    };
    let mut question = Question::put(question, echo)?;
    let answer = read_line(&mut keyboard, &mut Line::default()).await?;
    match answer {
        None => Ok(Answer::Cancelled),
        Some(Answer::Text(text)) => {
            question.was_answered()?;
            if !keyboard.drain().await {
                return Ok(Answer::Text(text));
            }
            question.ends_line = true;
            Ok(Answer::SeveralLines)
        }
        Some(other) => Ok(other),
    }
}

/// A question that stands on the terminal. Dropped, the cursor is at the start of a line, and all is as it was.
struct Question {
    screen: File,
    quiet: Option<Quiet>,
    ends_line: bool,
}

impl Question {
    fn put(text: &str, echo: Echo) -> io::Result<Self> {
        let screen = OpenOptions::new().write(true).open(TTY)?;
        // What is typed as soon as the question is seen is not shown.
        let quiet = match echo {
            Echo::On => None,
            Echo::Off => Some(Quiet::begin()?),
        };
        let mut question = Self {
            screen,
            quiet,
            ends_line: true,
        };
        question.screen.write_all(text.as_bytes())?;
        Ok(question)
    }

    /// What still comes is for nobody.
    fn was_answered(&mut self) -> io::Result<()> {
        if self.quiet.is_none() {
            // The key that ended the line was shown.
            self.ends_line = false;
            self.quiet = Some(Quiet::begin_with_what_is_typed()?);
        }
        Ok(())
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        drop(self.quiet.take());
        if self.ends_line {
            // If the terminal is gone nobody sees where the next line begins.
            let _written = self.screen.write_all(b"\n");
        }
    }
}

/// Lines that are taken unseen until this is dropped.
pub(crate) struct Lines {
    keyboard: Keyboard,
    line: Line,
    _quiet: Quiet,
}

impl Lines {
    /// Begins to take lines that are pasted.
    ///
    /// # Errors
    ///
    /// What the terminal said.
    pub(crate) fn begin() -> io::Result<Self> {
        Ok(Self {
            keyboard: Keyboard::open()?,
            line: Line::default(),
            _quiet: Quiet::begin()?,
        })
    }

    /// Waits for the next line. What is typed of it is kept if the wait is given up.
    ///
    /// # Errors
    ///
    /// What the terminal said.
    pub(crate) async fn next(&mut self) -> io::Result<Answer> {
        let line = read_line(&mut self.keyboard, &mut self.line).await?;
        Ok(line.unwrap_or(Answer::NoTerminal))
    }
}

/// Waits for the end of a line; `None` at the end of input.
async fn read_line(keyboard: &mut Keyboard, line: &mut Line) -> io::Result<Option<Answer>> {
    while let Some(byte) = keyboard.byte().await? {
        match line.key(byte) {
            Some(Key::Enter(text)) => return Ok(Some(Answer::Text(text))),
            Some(Key::Cancel) => return Ok(Some(Answer::Cancelled)),
            // As the terminal would do it: everything in front of it is stopped, this program by its own handler.
            Some(Key::Suspend) => kill_current_process_group(Signal::TSTP)?,
            None => {}
        }
    }
    Ok(None)
}
