//! The log itself: appends events and reads them back.
//!
//! Many processes may append at once. Each line is written whole, in one call, under a lock.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::log_file::{self, Fault};
use crate::{AppendError, Event, Filter, Line, ReadError};

/// An append-only log in a file of its own.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
}

impl AuditLog {
    /// Names the log's file. Nothing is read or made yet; its directory must exist by the first
    /// append.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one event.
    ///
    /// When this returns, the line outlives the process; for actions that
    /// [are durable](crate::Action::is_durable) it is on the disk. A torn line that a killed
    /// process left at the end is closed first, so that it does not swallow this one.
    ///
    /// # Errors
    /// Every error means that the event is not reliably on record, so whatever depends on the
    /// record must not happen.
    pub fn append(&self, event: &Event) -> Result<(), AppendError> {
        let refuse = |fault| match fault {
            Fault::NotPlain => AppendError::NotPlain {
                path: self.path.clone(),
            },
            Fault::Busy => AppendError::Busy {
                path: self.path.clone(),
            },
            Fault::Io(source) => AppendError::from_io(&self.path, source),
        };
        let (mut file, made) = log_file::open_to_append(&self.path).map_err(refuse)?;
        log_file::lock(&file).map_err(refuse)?;
        self.append_locked(&mut file, event)
            .and_then(|()| {
                if made && event.action.is_durable() {
                    self.sync_name()
                } else {
                    Ok(())
                }
            })
            .map_err(|source| AppendError::from_io(&self.path, source))
        // Closing the file gives the lock back.
    }

    /// Reads the log and returns what the filter selects, in the order of the file.
    ///
    /// # Errors
    /// When the file cannot be read. A missing file is an empty log, and a line that is no event
    /// is a [`Line::Torn`].
    pub fn read(&self, filter: &Filter) -> Result<Vec<Line>, ReadError> {
        let refuse = |fault| match fault {
            Fault::NotPlain => ReadError::NotPlain {
                path: self.path.clone(),
            },
            Fault::Busy => ReadError::Busy {
                path: self.path.clone(),
            },
            Fault::Io(source) => ReadError::Io {
                path: self.path.clone(),
                source,
            },
        };
        let Some(mut file) = log_file::open_to_read(&self.path).map_err(refuse)? else {
            return Ok(Vec::new());
        };
        // Without the lock, a line that is just being written would look torn.
        log_file::lock_shared(&file).map_err(refuse)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(|source| refuse(Fault::Io(source)))?;
        drop(file);
        Ok(filter.apply(split(&content)))
    }

    fn append_locked(&self, file: &mut File, event: &Event) -> io::Result<()> {
        let length = file.metadata()?.len();
        let mut text = event.to_line();
        if length > 0 && last_byte(file)? != b'\n' {
            text.insert(0, '\n');
        }
        // One call, so that a kill leaves the whole line or, on a full disk, a part of it.
        let written = file.write(text.as_bytes());
        match written {
            Ok(count) if count == text.len() => {}
            unfinished => {
                // Nobody was told that these bytes are there. Should taking them back fail, they
                // stay as a torn line, which the next append closes.
                drop(file.set_len(length));
                return Err(unfinished
                    .err()
                    .unwrap_or_else(|| io::ErrorKind::StorageFull.into()));
            }
        }
        if event.action.is_durable() {
            file.sync_data()
        } else {
            Ok(())
        }
    }

    /// Makes the name of a log that was just made durable.
    #[cfg(unix)]
    fn sync_name(&self) -> io::Result<()> {
        let parent = self
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Directories cannot be opened for this here; the system keeps names durable by itself.
    #[cfg(not(unix))]
    fn sync_name(&self) -> io::Result<()> {
        Ok(())
    }
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn split(content: &[u8]) -> Vec<Line> {
    let whole = content.strip_suffix(b"\n").unwrap_or(content);
    if content.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<_> = whole
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(line, at)| Line::read(at, line))
        .collect();
    // A last line without its line feed is torn even if what is there happens to be an event: the
    // line feed is what makes it whole.
    if whole.len() == content.len()
        && let Some(Line::Event(record)) = lines.last()
    {
        let (number, start) = (
            record.number,
            content.iter().rposition(|byte| *byte == b'\n'),
        );
        let bytes = content.len() - start.map_or(0, |at| at + 1);
        lines.pop();
        lines.push(Line::Torn { number, bytes });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"at":"t","action":"login","profile":"p","outcome":"ok"}"#;

    fn shape(content: &str) -> String {
        let kind = |line: &Line| match line {
            Line::Event(record) => format!("event {}", record.number),
            Line::Torn { number, bytes } => format!("torn {number} ({bytes})"),
        };
        split(content.as_bytes())
            .iter()
            .map(kind)
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(shape(""), "");
        assert_eq!(shape(&format!("{EVENT}\n{EVENT}\n")), "event 1, event 2");
        assert_eq!(shape(&format!("{EVENT}\n{{\"at")), "event 1, torn 2 (4)");
        assert_eq!(shape(&format!("{{\"at\n{EVENT}\n")), "torn 1 (4), event 2");
        assert_eq!(shape("\n"), "torn 1 (0)");
    }

    #[test]
    fn an_event_without_its_line_feed_is_torn() {
        assert_eq!(shape(EVENT), format!("torn 1 ({})", EVENT.len()));
        assert_eq!(
            shape(&format!("{EVENT}\n{EVENT}")),
            format!("event 1, torn 2 ({})", EVENT.len())
        );
    }
}
