//! Foreign text made safe for a terminal.
//!
//! Provider names, error descriptions, scopes and account labels are written by others. Printed as they are,
//! an escape sequence in them could move the cursor, set the clipboard or rewrite what was shown before, and a
//! bidirectional override could make an address read as another. So all human output passes through here.

use std::borrow::Cow;

/// The text without control characters (line break and tab excepted), bidirectional controls and
/// invisible characters; each is replaced by U+FFFD, so that one sees that something was there.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| if is_treacherous(c) { '\u{fffd}' } else { c })
            .collect(),
    )
}

/// The same for JSON text, where the characters can be escaped instead: nothing is lost.
pub(crate) fn printable_json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_treacherous(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn is_treacherous(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        _ if c.is_control() => true,
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Khmer fillers.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => {
            true
        }
        // Zero-width characters, bidirectional marks and overrides, line and paragraph separators.
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' => true,
        // Tags, and variation selectors beyond the common ones.
        '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a hostile server could put into a description.
    const PIECES: [&str; 20] = [
        "\x1b[2J",
        "\x1b]8;;https://evil.example\x07",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1b[1A\x1b[2K",
        "\u{9b}31m",
        "\u{9d}0;title\u{9c}",
        "\x07",
        "\x08\x08",
        "\r",
        "\0",
        "\x7f",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}",
        "\u{e0041}",
        "\x1bP+q\x1b\\",
        "\x0e",
        "\u{85}",
    ];

    fn payloads() -> impl Iterator<Item = String> {
        (0..5_000_usize).map(|i| {
            let (a, b, c) = (PIECES[i % 20], PIECES[i / 20 % 20], PIECES[i / 400 % 20]);
            format!("name{a}{b}\ttext\n{c}{i}")
        })
    }

    fn is_safe(text: &str) -> bool {
        text.bytes()
            .all(|b| b >= 0x20 && b != 0x7f || b == b'\n' || b == b'\t')
            && !text.chars().any(|c| {
                ('\u{80}'..='\u{9f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c)
            })
    }

    #[test]
    fn no_control_reaches_the_terminal() {
        for payload in payloads() {
            assert!(!is_safe(&payload), "the payload must bite: {payload:?}");
            assert!(is_safe(&printable(&payload)), "{payload:?}");
        }
        assert_eq!(printable("Zürich 東京 🎉 a\tb\n"), "Zürich 東京 🎉 a\tb\n");
    }

    #[test]
    fn json_keeps_every_character_by_escaping_it() {
        for payload in payloads() {
            let json = serde_json::to_string(&payload).unwrap();
            let safe = printable_json(&json);
            assert!(is_safe(&safe), "{safe:?}");
            assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), payload);
        }
    }
}
