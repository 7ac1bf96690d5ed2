//! `.env` files: `NAME=value`, with `export`, quotes, comments and values of several lines. Nothing in them is run, and
//! a value that refers to another variable is not filled in.

use secrecy::{ExposeSecret, SecretString};

/// One line that sets a variable.
#[derive(Debug)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; `None` where it depends on other variables, or on a command.
    pub value: Option<SecretString>,
}

/// Why a text is no `.env` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvFileError {
    /// A line sets nothing and says nothing.
    #[error("line {line} is no `NAME=value`")]
    Malformed {
        /// The line, from 1.
        line: usize,
    },
    /// A quote is not closed.
    #[error("the quote in line {line} is not closed")]
    Unclosed {
        /// The line it opens in, from 1.
        line: usize,
    },
}

/// The variables that a `.env` file sets, in its order. A name may occur twice; the last one counts for programs.
///
/// # Errors
///
/// [`EnvFileError`] names the first line that cannot be understood, and shows nothing of it.
pub fn parse_env(text: &SecretString) -> Result<Vec<Assignment>, EnvFileError> {
    // EXPOSE: parsed into secret types.
    let mut rest = Rest {
        text: text.expose_secret().trim_start_matches('\u{feff}'),
        line: 1,
    };
    let mut found = Vec::new();
    while !rest.text.is_empty() {
        let line = rest.line;
        let (head, _) = rest.text.split_once('\n').unwrap_or((rest.text, ""));
        let trimmed = head.trim_start();
        if trimmed.trim_end().is_empty() || trimmed.starts_with('#') {
            rest.skip_line();
            continue;
        }
        let (before, sets) = match head.split_once('=') {
            Some((before, _)) => (before, true),
            None => (head, false),
        };
        let name = before.trim();
        let name = match name.strip_prefix("export") {
            Some(more) if more.starts_with([' ', '\t']) => more.trim_start(),
            _ => name,
        };
        if !is_name(name) {
            return Err(EnvFileError::Malformed { line });
        }
        // A name alone passes on the variable of whoever reads the file: there is nothing of it here.
        if !sets {
            rest.skip_line();
            continue;
        }
        let (name, before) = (name.to_owned(), before.len() + 1);
        rest.text = &rest.text[before..];
        let value = rest.value().map_err(|_| EnvFileError::Unclosed { line })?;
        found.push(Assignment {
            name,
            value: value.map(SecretString::from),
        });
    }
    Ok(found)
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

struct Rest<'a> {
    text: &'a str,
    line: usize,
}

struct Unclosed;

impl Rest<'_> {
    fn skip_line(&mut self) {
        self.text = self.text.split_once('\n').map_or("", |(_, rest)| rest);
        self.line += 1;
    }

    /// Takes the value and the rest of its line.
    fn value(&mut self) -> Result<Option<String>, Unclosed> {
        self.text = self.text.trim_start_matches([' ', '\t']);
        let value = match self.text.chars().next() {
            Some(quote @ ('\'' | '`')) => {
                let inner = &self.text[1..];
                let end = inner.find(quote).ok_or(Unclosed)?;
                self.pass(end + 2);
                Some(inner[..end].to_owned())
            }
            Some('"') => self.double_quoted()?,
            _ => {
                let line = self.text.split('\n').next().unwrap_or_default();
                let value = match line.starts_with('#') {
                    true => "",
                    // A comment begins after white space, so that a `#` can be part of a key.
                    false => [" #", "\t#"].iter().fold(line, |value, mark| {
                        value.split(mark).next().unwrap_or_default()
                    }),
                };
                let value = value.trim();
                (!refers(value)).then(|| value.to_owned())
            }
        };
        // What follows a closing quote is a comment, or nothing.
        self.skip_line();
        Ok(value)
    }

    fn double_quoted(&mut self) -> Result<Option<String>, Unclosed> {
        let mut value = String::new();
        let mut refers = false;
        let mut chars = self.text.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.pass(at + 1);
                    return Ok((!refers).then_some(value));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, c @ ('"' | '\\' | '$' | '`'))) => value.push(c),
                    // A backslash before anything else is itself.
                    Some((_, c)) => value.extend(['\\', c]),
                    None => return Err(Unclosed),
                },
                '$' => {
                    refers |= is_reference(&self.text[at + 1..]);
                    value.push('$');
                }
                c => value.push(c),
            }
        }
        Err(Unclosed)
    }

    /// Passes over the first bytes, which may hold line breaks.
    fn pass(&mut self, length: usize) {
        self.line += self.text[..length].matches('\n').count();
        self.text = &self.text[length..];
    }
}

/// Whether a shell would put something else in the value's place.
fn refers(value: &str) -> bool {
    value.contains('`')
        || value
            .match_indices('$')
            .any(|(at, _)| is_reference(&value[at + 1..]))
}

fn is_reference(after_dollar: &str) -> bool {
    after_dollar.starts_with(|c: char| c.is_ascii_alphabetic() || "_{(".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Option<String>)>, EnvFileError> {
        let found = parse_env(&SecretString::from(text))?;
        let shown = |one: Assignment| (one.name, one.value.map(|v| v.expose_secret().to_owned()));
        Ok(found.into_iter().map(shown).collect())
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let cases = [
            ("A=b", Some("b")),
            ("  export A = b  ", Some("b")),
            ("A=b#c # said", Some("b#c")),
            ("A= # said", Some("")),
            ("A=", Some("")),
            ("A='b $C # \"d'", Some("b $C # \"d")),
            ("A=\"b\\n\\\"c\\\" \\$D\" # said", Some("b\n\"c\" $D")),
            ("A=\"b\nc\"", Some("b\nc")),
            ("A='b\r\nc'", Some("b\r\nc")),
            ("A=b\r\n", Some("b")),
            ("A=p$5w", Some("p$5w")),
            ("A=$B", None),
            ("A=x${B}y", None),
            ("A=\"$(cat f)\"", None),
            ("A=`cat f`", Some("cat f")),
            ("A=x`cat f`", None),
            ("A=b=c==", Some("b=c==")),
        ];
        for (text, expected) in cases {
            let expected = vec![("A".to_owned(), expected.map(str::to_owned))];
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        let all = read("# said\n\nA=\"1\n2\"\nB=3\n").unwrap();
        assert_eq!(all.len(), 2);
        let all = read("A\nexport B \r\nC=3\nD").unwrap();
        assert_eq!(all, [("C".to_owned(), Some("3".to_owned()))]);
    }

    #[test]
    fn what_is_no_such_file_is_refused_by_its_line_alone() {
        let malformed = |line| Err(EnvFileError::Malformed { line });
        assert_eq!(read("A=1\nsecret words\n"), malformed(2));
        assert_eq!(read("A='1\n2'\n9X=1"), malformed(3));
        assert_eq!(read("=1"), malformed(1));
        assert_eq!(
            read("A=1\nB=\"x\n"),
            Err(EnvFileError::Unclosed { line: 2 })
        );
        assert_eq!(read("A='x"), Err(EnvFileError::Unclosed { line: 1 }));
        for text in [
            "A=\"\\",
            "A=\"",
            "A='",
            "\u{feff}A=\"é\\é\"x",
            "A=\u{1f512}\"'",
        ] {
            let _refused_or_read = read(text);
        }
    }
}
