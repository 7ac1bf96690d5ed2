//! Text that a person will be shown: what it may contain, and how to quote it in a message.
//!
//! Definitions come from strangers and end up in terminals and web pages, so characters that move
//! the cursor, reverse the reading order or cannot be seen are refused at the door.

/// Returns why `text` may not be shown, or `None` when it may.
pub(crate) fn objection(text: &str) -> Option<String> {
    text.chars().find_map(|c| {
        let what = if c.is_control() {
            "a control character"
        } else if is_bidi_control(c) {
            "a text direction control"
        } else if is_invisible(c) {
            "an invisible character"
        } else {
            return None;
        };
        Some(format!("contains {what} (U+{:04X})", u32::from(c)))
    })
}

/// Puts user input into backticks for a message: escaped, and cut at 64 characters.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", clean(text))
}

/// The same without backticks, for input that becomes part of a path.
pub(crate) fn clean(text: &str) -> String {
    const LONGEST: usize = 64;
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if c.is_control() || is_bidi_control(c) || is_invisible(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2028}'..='\u{2029}'
            | '\u{2060}'..='\u{2064}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_deceive_are_named() {
        for (text, part) in [
            ("a\u{1b}[31m", "control character (U+001B)"),
            ("a\nb", "control character (U+000A)"),
            ("a\u{9b}b", "control character (U+009B)"),
            ("a\u{202e}b", "text direction control (U+202E)"),
            ("a\u{200b}b", "invisible character (U+200B)"),
            ("a\u{e0041}", "invisible character (U+E0041)"),
        ] {
            let why = objection(text).expect("this text is refused");
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn ordinary_text_in_any_script_passes() {
        for text in ["Datadog site", "Größe — 测试", "عربي", "🔑 keys"] {
            assert_eq!(objection(text), None, "{text}");
        }
    }

    #[test]
    fn a_quote_is_short_and_clean() {
        let shown = quote(&format!("\u{1b}]52;{}", "x".repeat(500)));
        assert!(shown.starts_with("`\\u{1b}]52;"));
        assert!(shown.chars().count() < 80, "{shown}");
    }
}
