//! One line on stderr that is drawn over itself, without escape sequences: a carriage return and spaces do.

use std::io;

use super::Output;
use super::live::cut;
use crate::env;
use crate::printable::printable;

impl Output {
    /// Whether stderr is a terminal where a line can be drawn over, and somebody looks at it.
    pub(crate) fn has_status_line(&self) -> bool {
        !self.quiet
            && !self.json
            && !env::is_dumb_terminal()
            && io::IsTerminal::is_terminal(&io::stderr())
    }

    /// Draws `text` over a line that was `drawn` columns wide. Returns how many columns it takes.
    pub(crate) fn draw_status(&self, text: &str, drawn: usize) -> usize {
        let (line, width) = over(&printable(text), drawn, columns());
        self.to_stderr(&line);
        width
    }

    /// Leaves an empty line where one was drawn.
    pub(crate) fn clear_status(&self, drawn: usize) {
        self.to_stderr(&format!("\r{}\r", " ".repeat(drawn)));
    }
}

/// What does not fit is cut off: a line that wraps cannot be drawn over.
fn over(text: &str, drawn: usize, columns: usize) -> (String, usize) {
    let line = cut(text, columns);
    let width = super::live::width(&line).min(columns.saturating_sub(1));
    let rest = " ".repeat(drawn.min(columns.saturating_sub(1)).saturating_sub(width));
    (format!("\r{line}{rest}"), width)
}

/// The width of the terminal on stderr.
#[cfg(unix)]
pub(super) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns }
}

/// Elsewhere it is not asked for.
#[cfg(not(unix))]
pub(super) fn columns() -> usize {
    80
}

#[cfg(test)]
mod tests {
    use super::over;

    #[test]
    fn a_shorter_line_covers_a_longer_one() {
        assert_eq!(over("10:00", 0, 80), ("\r10:00".to_owned(), 5));
        assert_eq!(over("9:59", 5, 80), ("\r9:59 ".to_owned(), 4));
    }

    #[test]
    fn a_narrow_terminal_gets_a_short_line() {
        for columns in 0..30 {
            let (line, width) = over("Waiting for your approval (14:59 left)", 60, columns);
            assert!(width <= columns, "{columns}");
            assert!(
                line.chars().count() <= columns.max(2) + 1,
                "{columns} {line:?}"
            );
        }
    }
}
