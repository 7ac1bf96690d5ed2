//! Choosing one of many by typing a part of it.
//!
//! It is drawn on the terminal itself, whatever the standard streams are, and taken away again when it is over. No colours:
//! what is chosen has a mark before it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::time::Duration;

use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::tcgetwinsize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::keyboard::Keyboard;
use super::quiet::Quiet;
use super::terminal::TTY;
use super::{Candidates, Picked};
use crate::output::{Live, Size};

/// What follows an escape within this time belongs to it: a key sends it all at once.
const SEQUENCE: Duration = Duration::from_millis(60);
/// More than this is nobody's search.
const LONGEST: usize = 60;

/// Has the person choose one of the candidates.
///
/// # Errors
///
/// What the terminal said.
pub(crate) async fn pick(title: &str, candidates: &dyn Candidates) -> io::Result<Picked> {
    let Ok(mut keyboard) = Keyboard::open() else {
        return Ok(Picked::NoTerminal);
    };
    let mut resized = signal(SignalKind::window_change())?;
    let mut screen = Screen::begin()?;
    let mut choice = Choice::of(candidates);
    loop {
        screen.draw(title, &choice)?;
        let key = tokio::select! {
            key = Key::read(&mut keyboard) => key?,
            _ = resized.recv() => continue,
        };
        match key {
            None | Some(Key::Cancel) => return Ok(Picked::Nothing),
            Some(Key::Enter) => {
                if let Some(chosen) = choice.chosen() {
                    return Ok(Picked::One(chosen));
                }
            }
            // As the terminal would do it: everything in front of it is stopped, this program by its own handler.
            Some(Key::Suspend) => {
                screen.clear()?;
                kill_current_process_group(Signal::TSTP)?;
                // The handler gets its turn; what is drawn after this is drawn when the program goes on.
                sleep(SEQUENCE).await;
            }
            Some(Key::Move(by)) => choice.step(by, screen.page()),
            Some(Key::Erase) => choice.search(|text| {
                text.pop();
            }),
            Some(Key::Clear) => choice.search(String::clear),
            Some(Key::Text(c)) => choice.search(|text| {
                if text.chars().count() < LONGEST {
                    text.push(c);
                }
            }),
            Some(Key::Other) => {}
        }
    }
}

/// What has been typed, what it finds, and which of that is marked.
struct Choice<'a> {
    candidates: &'a dyn Candidates,
    typed: String,
    found: Vec<usize>,
    marked: usize,
}

impl<'a> Choice<'a> {
    fn of(candidates: &'a dyn Candidates) -> Self {
        Self {
            candidates,
            typed: String::new(),
            found: candidates.matching(""),
            marked: 0,
        }
    }

    fn search(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.typed);
        self.found = self.candidates.matching(&self.typed);
        self.marked = 0;
    }

    fn step(&mut self, by: Move, page: usize) {
        let last = self.found.len().saturating_sub(1);
        self.marked = match by {
            Move::Up => self.marked.saturating_sub(1),
            Move::Down => self.marked + 1,
            Move::PageUp => self.marked.saturating_sub(page),
            Move::PageDown => self.marked + page,
            Move::First => 0,
            Move::Last => last,
        }
        .min(last);
    }

    fn chosen(&self) -> Option<usize> {
        self.found.get(self.marked).copied()
    }

    /// As many lines as there is room for, those around the marked one.
    fn lines(&self, room: usize) -> Vec<String> {
        let first = self.marked.saturating_sub(room / 2);
        let first = first.min(self.found.len().saturating_sub(room));
        let shown = self.found.iter().enumerate().skip(first).take(room);
        shown
            .map(|(at, candidate)| {
                let mark = if at == self.marked { ">" } else { " " };
                format!("{mark} {}", self.candidates.line(*candidate))
            })
            .collect()
    }
}

/// The terminal while something is chosen. Dropped, it is as it was, and what was drawn is gone.
struct Screen {
    terminal: File,
    live: Live,
    _quiet: Quiet,
}

impl Screen {
    fn begin() -> io::Result<Self> {
        Ok(Self {
            terminal: OpenOptions::new().read(true).write(true).open(TTY)?,
            live: Live::default(),
            _quiet: Quiet::begin()?,
        })
    }

    fn size(&self) -> Size {
        let size = tcgetwinsize(&self.terminal).ok();
        let or = |said: Option<u16>, usual| said.filter(|n| *n > 0).map_or(usual, usize::from);
        Size {
            columns: or(size.map(|size| size.ws_col), 80),
            rows: or(size.map(|size| size.ws_row), 24),
        }
    }

    /// How many candidates are seen at once: beside them stand the search, the help and the line of the cursor.
    fn page(&self) -> usize {
        self.size().rows.saturating_sub(3).clamp(1, 15)
    }

    fn draw(&mut self, title: &str, choice: &Choice<'_>) -> io::Result<()> {
        let mut text = format!("{title} {}_\n", choice.typed);
        for line in choice.lines(self.page()) {
            text.push_str(&line);
            text.push('\n');
        }
        let found = choice.found.len();
        let help = match found {
            0 => "nothing found: Backspace takes a letter back, Esc leaves".to_owned(),
            _ => format!("{found} found: type to search, arrows and Enter choose, Esc leaves"),
        };
        text.push_str(&help);
        let size = self.size();
        let text = crate::printable::printable(&text).into_owned();
        self.show(&text, size)
    }

    fn clear(&mut self) -> io::Result<()> {
        let size = self.size();
        self.show("", size)
    }

    fn show(&mut self, text: &str, size: Size) -> io::Result<()> {
        match self.live.frame(text, size) {
            Some(frame) => self.terminal.write_all(frame.as_bytes()),
            None => Ok(()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone, so is what was drawn.
        let _cleared = self.clear();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Text(char),
    Enter,
    Erase,
    Clear,
    Move(Move),
    Cancel,
    Suspend,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Key {
    /// Waits for a key; `None` at the end of input. Nothing is lost if the wait is given up before a key begins.
    async fn read(keyboard: &mut Keyboard) -> io::Result<Option<Self>> {
        const ESCAPE: u8 = 27;
        let Some(first) = keyboard.byte().await? else {
            return Ok(None);
        };
        Ok(Some(match first {
            b'\r' | b'\n' => Self::Enter,
            3 | 4 | 7 => Self::Cancel,
            8 | 127 => Self::Erase,
            14 => Self::Move(Move::Down),
            16 => Self::Move(Move::Up),
            21 => Self::Clear,
            26 => Self::Suspend,
            ESCAPE => Self::sequence(keyboard).await?,
            b' '..=126 => Self::Text(char::from(first)),
            0x80.. => Self::beyond_ascii(first, keyboard).await?,
            _ => Self::Other,
        }))
    }

    /// What an escape begins: a key that is no letter, or nothing, and then it is the key of that name.
    async fn sequence(keyboard: &mut Keyboard) -> io::Result<Self> {
        let mut sequence = Vec::new();
        while let Ok(next) = timeout(SEQUENCE, keyboard.byte()).await {
            let Some(next) = next? else {
                break;
            };
            sequence.push(next);
            let is_start = sequence.len() == 1 && (next == b'[' || next == b'O');
            if !is_start && (next.is_ascii_alphabetic() || next == b'~') || sequence.len() > 8 {
                break;
            }
        }
        Ok(match sequence.as_slice() {
            [] => Self::Cancel,
            [b'[' | b'O', b'A'] => Self::Move(Move::Up),
            [b'[' | b'O', b'B'] => Self::Move(Move::Down),
            [b'[', b'5', b'~'] => Self::Move(Move::PageUp),
            [b'[', b'6', b'~'] => Self::Move(Move::PageDown),
            [b'[' | b'O', b'H'] | [b'[', b'1' | b'7', b'~'] => Self::Move(Move::First),
            [b'[' | b'O', b'F'] | [b'[', b'4' | b'8', b'~'] => Self::Move(Move::Last),
            _ => Self::Other,
        })
    }

    async fn beyond_ascii(first: u8, keyboard: &mut Keyboard) -> io::Result<Self> {
        let more = match first {
            0xc0..0xe0 => 1,
            0xe0..0xf0 => 2,
            0xf0.. => 3,
            _ => 0,
        };
        let mut bytes = vec![first];
        for _ in 0..more {
            match timeout(SEQUENCE, keyboard.byte()).await {
                Ok(next) => bytes.extend(next?),
                Err(_) => break,
            }
        }
        let text = std::str::from_utf8(&bytes).ok();
        Ok(text
            .and_then(|text| text.chars().next())
            .map_or(Self::Other, Self::Text))
    }
}
