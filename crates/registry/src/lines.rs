//! Which line of a text a field stands on: for messages about a file that somebody is writing.
//!
//! The text is known to be JSON by then, so this only finds its way through it; where it loses it, there is no line.

use std::collections::BTreeMap;

/// The lines, counted from 1, by the paths of the fields, such as `oauth.token_url` or `hosts[0]`.
pub(crate) fn of(text: &str) -> BTreeMap<String, usize> {
    let mut scanner = Scanner {
        rest: text,
        line: 1,
        found: BTreeMap::new(),
    };
    scanner.value("", 0);
    scanner.found
}

/// Deeper than a definition ever is: what is refused for its depth is looked through as well.
const DEEPEST: usize = 64;

struct Scanner<'t> {
    rest: &'t str,
    line: usize,
    found: BTreeMap<String, usize>,
}

impl Scanner<'_> {
    fn value(&mut self, path: &str, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            '{' => self.members(|scanner, _| {
                let name = scanner.string()?;
                let name = serde_json::from_str::<String>(&name).ok()?;
                let path = match path {
                    "" => name,
                    path => format!("{path}.{name}"),
                };
                scanner.found.insert(path.clone(), scanner.line);
                scanner.expect(':')?;
                scanner.value(&path, depth + 1)
            }),
            '[' => self.members(|scanner, at| {
                let path = format!("{path}[{at}]");
                scanner.peek()?;
                scanner.found.insert(path.clone(), scanner.line);
                scanner.value(&path, depth + 1)
            }),
            '"' => self.string().map(drop),
            _ => {
                let end = self.rest.find([',', '}', ']', '\n', ' ', '\r', '\t'])?;
                self.rest = self.rest.get(end..)?;
                Some(())
            }
        }
    }

    /// What stands between brackets, up to the closing one.
    fn members(&mut self, mut read: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        self.skip();
        for at in 0.. {
            if matches!(self.peek()?, '}' | ']') {
                break;
            }
            read(self, at)?;
            if self.peek()? == ',' {
                self.skip();
            }
        }
        self.skip();
        Some(())
    }

    /// A string as it is written, quotes included.
    fn string(&mut self) -> Option<String> {
        self.peek().filter(|next| *next == '"')?;
        let mut escaped = false;
        let (end, _) = self.rest.char_indices().skip(1).find(|(_, c)| {
            let is_end = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            is_end
        })?;
        let (string, rest) = self.rest.split_at(end + 1);
        self.rest = rest;
        Some(string.to_owned())
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.peek().filter(|next| *next == wanted)?;
        self.skip();
        Some(())
    }

    /// The next character that is not white space; the lines up to it are counted.
    fn peek(&mut self) -> Option<char> {
        let start = self.rest.trim_start();
        let space = &self.rest[..self.rest.len() - start.len()];
        self.line += space.matches('\n').count();
        self.rest = start;
        start.chars().next()
    }

    fn skip(&mut self) {
        let mut rest = self.rest.chars();
        rest.next();
        self.rest = rest.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_any_depth() {
        let text = "{\n \"a\": 1,\n \"b\": {\"c\\\"d\": [true,\n  {\"e\": \"x]}\\\\\"}, []],\n \"f\": {}},\n\n \"g\": null}";
        let lines = of(text);
        let expected = [
            ("a", 2),
            ("b", 3),
            ("b.c\"d", 3),
            ("b.c\"d[0]", 3),
            ("b.c\"d[1]", 4),
            ("b.c\"d[1].e", 4),
            ("b.c\"d[2]", 4),
            ("b.f", 5),
            ("g", 7),
        ];
        let found: Vec<_> = lines
            .iter()
            .map(|(path, line)| (path.as_str(), *line))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_text_that_is_too_deep_ends_the_search() {
        for bracket in ["[", "{\"a\":"] {
            let lines = of(&bracket.repeat(200_000));
            assert!(lines.len() <= DEEPEST + 1, "{}", lines.len());
        }
    }

    #[test]
    fn what_is_no_json_has_no_lines_and_no_end_either() {
        for text in ["", "{", "{\"a\"", "[1,", "{\"a\": \"", "\"", "{]", "nul"] {
            assert!(of(text).len() < 2, "{text}");
        }
    }
}
