//! Text that a server wrote and a person may read.
//!
//! It is shortened, freed of characters that command a terminal or reorder a line, and freed of
//! words that look like tokens: servers quote the token they refuse, and error texts end up in
//! terminals and logs. Escaping for a particular display is left to whoever displays.

/// What stands where a word looked like a token.
const MASK: &str = "[redacted]";

/// At most this many characters of a description are kept.
const MAX_CHARS: usize = 500;

/// A server's text, made fit to keep in an error.
pub(crate) fn clean(text: &str) -> String {
    clean_up_to(text, MAX_CHARS)
}

/// As [`clean`], with a limit of its own, in characters.
pub(crate) fn clean_up_to(text: &str, max_chars: usize) -> String {
    // Masking comes before the cut, or the cut could leave half a token too short to recognise.
    // Only so much is looked at that the cost does not grow with the server's generosity.
    let masked = mask_tokens(&visible(text, 64 * MAX_CHARS));
    masked.chars().take(max_chars).collect()
}

/// A server's text that is not prose, such as a scope or an address: shortened and freed of
/// invisible characters, but not masked, since an address may well look like a token.
pub(crate) fn visible_part(text: &str) -> String {
    visible(text, MAX_CHARS)
}

/// A server's text that stands in a line among others, such as a name; not masked, since an address may well look
/// like a token.
pub(crate) fn line(text: &str, max_chars: usize) -> String {
    visible(text, max_chars)
}

fn visible(text: &str, max_chars: usize) -> String {
    let shown: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .take(max_chars)
        .collect();
    shown.trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn mask_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_token_char) {
        let (before, from_word) = rest.split_at(start);
        let end = from_word
            .find(|c| !is_token_char(c))
            .unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        out.push_str(before);
        out.push_str(if looks_like_token(word) { MASK } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=' | '~' | '.' | '%' | '|')
}

/// Long, with digits and letters, and not one of the identifiers that help a support desk.
fn looks_like_token(word: &str) -> bool {
    word.len() >= 20
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
        && !is_guid(word.trim_end_matches('.'))
}

fn is_guid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_reordering_characters_are_dropped() {
        assert_eq!(clean("\x1b[31mred\x07\r\nline\u{202e}"), "[31mredline");
        assert_eq!(clean("a\u{200b}b\u{feff}c"), "abc");
        assert_eq!(clean("Ünïcode stays 日本"), "Ünïcode stays 日本");
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(clean(&"é ".repeat(5_000)).chars().count(), 500);
        assert_eq!(clean_up_to("abcdef", 3), "abc");
    }

    #[test]
    fn words_that_look_like_tokens_are_masked() {
        let table = [
            (
                "token cnry_0123456789abcdef0123456789abcdef is expired",
                "token [redacted] is expired",
            ),
            ("'gho_16C7e42F292c6912E7710c8'!", "'[redacted]'!"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[redacted]"),
            (
                "invalid_request_parameter_combination",
                "invalid_request_parameter_combination",
            ),
            (
                "Trace ID: 0d8a1c3e-6a0e-4f4e-9b59-2f2c7a5d1e00.",
                "Trace ID: 0d8a1c3e-6a0e-4f4e-9b59-2f2c7a5d1e00.",
            ),
            (
                "AADSTS70008: expired at 2026-01-02",
                "AADSTS70008: expired at 2026-01-02",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn a_token_is_masked_before_the_text_is_cut() {
        let text = format!("{} cnry_0123456789abcdef0123456789abcdef", "x ".repeat(245));
        assert!(!clean(&text).contains("cnry_"));
    }
}
