//! An address as a QR code on the terminal, for a phone to read.
//!
//! Scanners want dark on light, whatever the terminal's own colours are, so both are named outright: entries
//! of the fixed colour cube, which no theme changes. Without colours there is no code: on half of all terminals it
//! would come out inverted.

use std::io;

use qrcode::{Color, EcLevel, QrCode};

use super::{Output, status};
use crate::env;

/// The light margin that scanners need around the code, in modules; the standard asks for four.
const MARGIN: usize = 4;

/// Black on white: colours 16 and 231 of the 256.
const COLOURS: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

impl Output {
    /// Shows `text` as a QR code, where stderr is a terminal that is wide enough.
    pub(crate) fn show_qr_code(&self, text: &str) {
        let able = self.color
            && !self.quiet
            && !env::is_dumb_terminal()
            && io::IsTerminal::is_terminal(&io::stderr());
        if able && let Some(code) = drawn(text, status::columns()) {
            self.to_stderr(&code);
        }
    }
}

/// The lines of the code, two modules to a character; `None` if it does not fit.
fn drawn(text: &str, columns: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width() + 2 * MARGIN;
    if width > columns {
        return None;
    }
    let modules = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => modules.get(y * code.width() + x) == Some(&Color::Dark),
            _ => false,
        }
    };
    let mut lines = String::new();
    for y in (0..width).step_by(2) {
        lines.push_str(COLOURS);
        for x in 0..width {
            lines.push(match (is_dark(x, y), is_dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        lines.push_str(RESET);
        lines.push('\n');
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://example.com/device?user_code=WDJB-MJHT";

    /// The modules that a camera sees, row by row: true is dark. It knows the colours only from the sequences.
    fn seen(drawn: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawn.lines() {
            let cells = line.strip_prefix(COLOURS).unwrap();
            let cells = cells.strip_suffix(RESET).unwrap();
            let halves = |upper: &str| cells.chars().map(|c| upper.contains(c)).collect();
            rows.push(halves("█▀"));
            rows.push(halves("█▄"));
        }
        rows
    }

    #[test]
    fn a_camera_sees_the_code_dark_on_light_with_its_margin() {
        let code = QrCode::with_error_correction_level(ADDRESS, EcLevel::L).unwrap();
        let modules = code.to_colors();
        let rows = seen(&drawn(ADDRESS, 80).unwrap());
        let width = code.width() + 2 * MARGIN;
        for (y, row) in rows.iter().enumerate() {
            assert_eq!(row.len(), width);
            for (x, dark) in row.iter().enumerate() {
                let inside = (MARGIN..MARGIN + code.width()).contains(&x)
                    && (MARGIN..MARGIN + code.width()).contains(&y);
                let expected =
                    inside && modules[(y - MARGIN) * code.width() + x - MARGIN] == Color::Dark;
                assert_eq!(*dark, expected, "{x} {y}");
            }
        }
        // The three finder patterns: dark corners, as every scanner looks for them.
        let last = MARGIN + code.width() - 1;
        assert!(rows[MARGIN][MARGIN] && rows[MARGIN][last] && rows[last][MARGIN]);
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        let wide = drawn(ADDRESS, 80).unwrap();
        let width = wide
            .lines()
            .next()
            .unwrap()
            .chars()
            .filter(|c| "█▀▄ ".contains(*c))
            .count();
        assert!(drawn(ADDRESS, width).is_some());
        assert_eq!(drawn(ADDRESS, width - 1), None);
        assert_eq!(drawn(&"x".repeat(5_000), 80), None);
    }
}
