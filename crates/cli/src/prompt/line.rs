//! The line that is being typed, where the terminal leaves the editing to us.

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Longer than any credential may be: what is cut off here is refused for its length, and not kept in part.
const MAX_LENGTH: usize = 16 * 1024 + 1;

/// What has been typed so far.
// Room for the longest answer from the start: a buffer that grows leaves copies behind.
pub(super) struct Line(Zeroizing<Vec<u8>>);

/// What a key means where it is more than a part of the line.
pub(super) enum Key {
    /// The line is whole.
    Enter(SecretString),
    /// Ctrl-C or Ctrl-D.
    Cancel,
    /// Ctrl-Z.
    Suspend,
}

impl Default for Line {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(MAX_LENGTH)))
    }
}

impl Line {
    /// Takes one byte that the keyboard sent.
    pub(super) fn key(&mut self, byte: u8) -> Option<Key> {
        const CTRL_C: u8 = 3;
        const CTRL_D: u8 = 4;
        const BACKSPACE: u8 = 8;
        const CTRL_U: u8 = 21;
        const CTRL_Z: u8 = 26;
        const DELETE: u8 = 127;
        let line = &mut self.0;
        match byte {
            b'\n' | b'\r' => {
                let text = String::from_utf8_lossy(line).into_owned();
                line.clear();
                return Some(Key::Enter(SecretString::from(text)));
            }
            CTRL_C | CTRL_D => return Some(Key::Cancel),
            CTRL_Z => return Some(Key::Suspend),
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
