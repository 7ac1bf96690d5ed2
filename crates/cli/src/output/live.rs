//! Text that is redrawn in place: what to send to the terminal for it. Nothing is written here.

/// What stands on the terminal now.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The width of each line that was drawn, in columns.
    drawn: Vec<usize>,
    shown: String,
    columns: usize,
}

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Live {
    /// What to send so that `text` stands where the last text stood; nothing if that is as it is. What does not
    /// fit is cut off: a line that wraps would be counted as one, and the next drawing would start too low.
    pub(crate) fn frame(&mut self, text: &str, size: Size) -> Option<String> {
        let fitted = fit(text, size);
        let lines: Vec<&str> = fitted.lines().collect();
        if fitted == self.shown && size.columns == self.columns {
            return None;
        }
        // A terminal that was made narrower since has broken the lines that no longer fit.
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.div_ceil(size.columns.max(1)).max(1))
            .sum();
        let mut frame = String::from("\r");
        if rows > 0 {
            frame.push_str(&format!("\x1b[{rows}A"));
        }
        frame.push_str("\x1b[J");
        for line in &lines {
            frame.push_str(line);
            frame.push_str("\r\n");
        }
        self.drawn = lines.iter().map(|line| width(line)).collect();
        self.columns = size.columns;
        self.shown = fitted;
        Some(frame)
    }
}

/// As much of the text as the terminal has room for, the line of the cursor left free.
fn fit(text: &str, size: Size) -> String {
    let rows = size.rows.saturating_sub(1).max(2);
    let total = text.lines().count();
    let mut fitted = String::new();
    let whole = if total > rows { rows - 1 } else { total };
    for line in text.lines().take(whole) {
        fitted.push_str(&cut(line, size.columns));
        fitted.push('\n');
    }
    if whole < total {
        let more = format!(" … {} more", total - whole);
        fitted.push_str(&cut(&more, size.columns));
        fitted.push('\n');
    }
    fitted
}

pub(super) fn cut(line: &str, columns: usize) -> String {
    if width(line) < columns {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut room = columns.saturating_sub(3);
    for c in line.chars() {
        let Some(left) = room.checked_sub(columns_of(c)) else {
            break;
        };
        room = left;
        kept.push(c);
    }
    kept.push('…');
    kept
}

pub(super) fn width(line: &str) -> usize {
    line.chars().map(columns_of).sum()
}

/// Whatever might take two columns is taken to: a line is rather too short than broken.
fn columns_of(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        columns: 20,
        rows: 5,
    };

    /// What a terminal shows after these frames: the few sequences that are used, understood.
    fn screen(frames: &[String], columns: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut row = 0;
        for frame in frames {
            let mut rest = frame.as_str();
            while !rest.is_empty() {
                if let Some(after) = rest.strip_prefix("\x1b[J") {
                    lines.truncate(row + 1);
                    lines[row].clear();
                    rest = after;
                } else if let Some(after) = rest.strip_prefix("\x1b[") {
                    let (count, after) = after.split_once('A').unwrap();
                    row -= count.parse::<usize>().unwrap();
                    rest = after;
                } else {
                    let c = rest.chars().next().unwrap();
                    match c {
                        '\r' => {}
                        '\n' => {
                            row += 1;
                            lines.resize(row + 1, String::new());
                        }
                        c => lines[row].push(c),
                    }
                    assert!(
                        lines[row].chars().count() < columns,
                        "{:?} is broken",
                        lines[row]
                    );
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        lines
    }

    #[test]
    fn a_text_takes_the_place_of_the_one_before() {
        let mut live = Live::default();
        let texts = ["one\ntwo", "one\ntwo\nthree", "four", "five\nsix"];
        let frames: Vec<_> = texts
            .iter()
            .map(|text| live.frame(text, SIZE).unwrap())
            .collect();
        assert_eq!(screen(&frames, SIZE.columns), ["five", "six", ""]);
        assert_eq!(live.frame("five\nsix", SIZE), None, "nothing has changed");
        // The negative control: drawn without going back, they stand one below the other.
        let fresh: Vec<_> = texts
            .iter()
            .map(|text| Live::default().frame(text, SIZE).unwrap())
            .collect();
        assert!(screen(&fresh, SIZE.columns).len() > 3);
    }

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let mut live = Live::default();
        let text = "a line that is too long for it\n東京東京東京東京東京東京東京\n3\n4\n5\n6";
        let frames = [live.frame(text, SIZE).unwrap()];
        let shown = screen(&frames, SIZE.columns);
        assert_eq!(shown.len(), 5);
        assert!(
            shown[0].ends_with('…') && width(&shown[0]) < 20,
            "{shown:?}"
        );
        assert!(width(&shown[1]) < 20, "{shown:?}");
        assert_eq!(shown[3], " … 3 more");
        // A terminal without room for anything is no reason to fail.
        for (columns, rows) in [(0, 0), (1, 1), (3, 2)] {
            assert!(
                Live::default()
                    .frame(text, Size { columns, rows })
                    .is_some()
            );
        }
    }

    #[test]
    fn a_narrower_terminal_has_more_rows_to_go_back() {
        let mut live = Live::default();
        live.frame("0123456789abcdef\nx", SIZE).unwrap();
        let narrow = Size {
            columns: 6,
            rows: 5,
        };
        let frame = live.frame("0123456789abcdef\nx", narrow).unwrap();
        assert!(frame.starts_with("\r\x1b[4A\x1b[J"), "{frame:?}");
    }
}
