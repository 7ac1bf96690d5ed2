//! Comments in JSON: `// …` and `/* … */`, as editors know them from "JSON with comments".

use std::borrow::Cow;

/// The text with spaces in the place of its comments, so that every line and column stays what it was. A block that does not
/// end is left standing, and the parser stumbles over it.
pub(super) fn blanked(text: &str) -> Cow<'_, str> {
    if !text.contains("//") && !text.contains("/*") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if next == '"' {
            string_length(rest)
        } else if rest.starts_with("//") {
            let comment = rest.find('\n').unwrap_or(rest.len());
            blank(&mut out, &rest[..comment]);
            rest = &rest[comment..];
            continue;
        } else if let Some(end) = rest.strip_prefix("/*").and_then(|body| body.find("*/")) {
            let (comment, after) = rest.split_at(end + 4);
            blank(&mut out, comment);
            rest = after;
            continue;
        } else {
            next.len_utf8()
        };
        let (kept, after) = rest.split_at(length);
        out.push_str(kept);
        rest = after;
    }
    Cow::Owned(out)
}

/// How long the string literal is that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn blank(out: &mut String, comment: &str) {
    out.extend(comment.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_spaces_and_strings_stay() {
        for (text, plain) in [
            ("{\"a\": 1} // x", "{\"a\": 1}     "),
            ("/* a\nb */{}", "    \n    {}"),
            ("{\"a\": \"https://x/*y*/\"}", "{\"a\": \"https://x/*y*/\"}"),
            ("{\"a\": \"\\\"//\"} //", "{\"a\": \"\\\"//\"}   "),
            ("// ü\n{}", "    \n{}"),
            ("/**/{}", "    {}"),
            ("/*/ {}", "/*/ {}"),
            ("\"open // string", "\"open // string"),
            ("{}", "{}"),
        ] {
            assert_eq!(blanked(text), plain, "{text}");
        }
    }
}
