//! Templates: text with `{name}` placeholders.
//!
//! The whole language is `{name}`, plus `{{` and `}}` for literal braces. There are no conditions,
//! filters or expressions, so rendering a stranger's template can only ever paste values together.

use std::fmt;

use crate::text;

/// A parsed template.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`TemplateError`] names the first fault.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if from.starts_with('}') {
                return Err(TemplateError::StrayBrace);
            } else {
                let end = from.find('}').ok_or(TemplateError::Unclosed)?;
                let name = &from[1..end];
                if !is_variable(name) {
                    return Err(TemplateError::BadVariable {
                        shown: text::quote(name),
                    });
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Variable(name.to_owned()));
                rest = &from[end + 1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self {
            source: source.to_owned(),
            pieces,
        })
    }

    /// A template without variables that renders to exactly `text`.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::from_pieces(vec![Piece::Literal(text.to_owned())])
    }

    /// The variables in order of appearance; one that is used twice appears twice.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Fills in every variable, or returns `None` when `lookup` has no value for one of them.
    pub fn render<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Variable(name) => out.push_str(lookup(name)?),
            }
        }
        Some(out)
    }

    /// Fills in the variables `lookup` knows and keeps the others as variables.
    pub(crate) fn substitute<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> Self {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Variable(name) => match lookup(name) {
                Some(value) => Piece::Literal(value.to_owned()),
                None => piece.clone(),
            },
            Piece::Literal(_) => piece.clone(),
        });
        Self::from_pieces(pieces.collect())
    }

    /// The variable the template starts with, if it does.
    pub(crate) fn leading_variable(&self) -> Option<&str> {
        match self.pieces.first() {
            Some(Piece::Variable(name)) => Some(name),
            _ => None,
        }
    }

    /// The variables that are not at the very start.
    pub(crate) fn inner_variables(&self) -> impl Iterator<Item = &str> {
        self.variables()
            .skip(usize::from(self.leading_variable().is_some()))
    }

    /// The literal parts.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Variable(_) => None,
        })
    }

    fn from_pieces(pieces: Vec<Piece>) -> Self {
        let mut source = String::new();
        for piece in &pieces {
            match piece {
                Piece::Literal(text) => {
                    source.push_str(&text.replace('{', "{{").replace('}', "}}"));
                }
                Piece::Variable(name) => {
                    source.push('{');
                    source.push_str(name);
                    source.push('}');
                }
            }
        }
        Self { source, pieces }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.source)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A `{` without its `}`.
    #[error("has an opening brace without a closing one (write `{{{{` for a literal brace)")]
    Unclosed,
    /// A `}` without its `{`.
    #[error("has a closing brace without an opening one (write `}}}}` for a literal brace)")]
    StrayBrace,
    /// The text between braces is not `[A-Za-z_][A-Za-z0-9_]*`.
    #[error("has {shown} between braces, which is not the name of a variable")]
    BadVariable {
        /// The text, quoted and safe to print.
        shown: String,
    },
}

/// The names a template may mention.
pub(crate) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<&'static str> {
        match name {
            "token" => Some("T"),
            "site" => Some("eu{x}"),
            _ => None,
        }
    }

    #[test]
    fn renders_variables_and_literal_braces() {
        for (source, out) in [
            ("Bearer {token}", Some("Bearer T")),
            ("{token}{token}", Some("TT")),
            ("{{token}}", Some("{token}")),
            ("{{{token}}}", Some("{T}")),
            ("plain", Some("plain")),
            ("", Some("")),
            ("{missing}", None),
            // A value is pasted, never parsed again.
            ("{site}", Some("eu{x}")),
        ] {
            let template = Template::parse(source).expect("parses");
            assert_eq!(template.render(lookup).as_deref(), out, "{source}");
            assert_eq!(template.as_str(), source);
        }
    }

    #[test]
    fn substitution_keeps_what_it_does_not_know_and_stays_parsable() {
        let template = Template::parse("{site}/{{a}}/{later}").expect("parses");
        let partly = template.substitute(lookup);
        assert_eq!(partly.as_str(), "eu{{x}}/{{a}}/{later}");
        assert_eq!(partly.variables().collect::<Vec<_>>(), ["later"]);
        let again = Template::parse(partly.as_str()).expect("parses again");
        assert_eq!(again.render(|_| Some("L")).as_deref(), Some("eu{x}/{a}/L"));
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(Template::parse("{token"), Err(TemplateError::Unclosed));
        assert_eq!(Template::parse("a}b"), Err(TemplateError::StrayBrace));
        for bad in ["{}", "{ token }", "{a.b}", "{1}", "{a{b}}"] {
            assert!(
                matches!(Template::parse(bad), Err(TemplateError::BadVariable { .. })),
                "{bad}"
            );
        }
    }
}
