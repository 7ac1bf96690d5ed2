//! What is typed, without a thread that waits for it.
//!
//! The terminal is opened anew, so that reading without blocking is a matter of this descriptor alone, and looked at
//! again and again: not all systems can wait for a terminal in the way that they wait for a socket.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::terminal::TTY;

/// How often the keyboard is looked at.
const LOOK: Duration = Duration::from_millis(30);
/// What follows the end of a line within this time was pasted with it: nobody types that fast.
const PASTED: Duration = Duration::from_millis(60);

/// A reader of keys.
pub(super) struct Keyboard {
    terminal: File,
    typed: Zeroizing<[u8; 256]>,
    /// What of `typed` has not been handed out yet.
    left: Range<usize>,
}

impl Keyboard {
    pub(super) fn open() -> io::Result<Self> {
        let terminal = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(TTY)?;
        Ok(Self {
            terminal,
            typed: Zeroizing::new([0; 256]),
            left: 0..0,
        })
    }

    /// Waits for the next byte; `None` at the end of input.
    pub(super) async fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            if let Some(next) = self.left.next() {
                return Ok(Some(self.typed[next]));
            }
            match self.terminal.read(&mut self.typed[..]) {
                Ok(0) => return Ok(None),
                Ok(length) => self.left = 0..length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(LOOK).await,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes all that comes along with what was read, so that nothing of it reaches whoever reads next; whether that
    /// was more than white space.
    pub(super) async fn drain(&mut self) -> bool {
        let mut was_text = false;
        while let Ok(Ok(Some(byte))) = timeout(PASTED, self.byte()).await {
            was_text |= !byte.is_ascii_whitespace();
        }
        was_text
    }
}
