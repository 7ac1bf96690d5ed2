//! Faults of one definition: every one of them, each with the field it is in.

use std::fmt;

use crate::lines;
use crate::text;

/// A definition that cannot be used, with all its faults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefinitionError {
    /// The file the definition came from, for messages.
    pub file: String,
    /// Every fault found, in the order of reading; never empty.
    pub errors: Vec<FieldError>,
}

/// One fault of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field's path, such as `oauth.token_url` or `hosts[0]`; empty for the file as a whole.
    pub field: String,
    /// What is wrong with it, safe to print.
    pub reason: String,
    /// The line of the file, counted from 1, where the field stands in it.
    pub line: Option<usize>,
}

impl DefinitionError {
    /// A fault of the file as a whole.
    pub(crate) fn whole(file: &str, reason: impl Into<String>) -> Self {
        Self::of(file, vec![FieldError::new("", reason)])
    }

    pub(crate) fn of(file: &str, errors: Vec<FieldError>) -> Self {
        Self {
            file: file.to_owned(),
            errors,
        }
    }

    /// The same with the lines of the fields in the text that it is about.
    pub(crate) fn in_text(mut self, text: &str) -> Self {
        let lines = lines::of(text);
        for error in &mut self.errors {
            error.line = error.line.or(lines.get(&error.field).copied());
        }
        self
    }
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
            line: None,
        }
    }
}

impl fmt::Display for DefinitionError {
    /// One line per fault, each naming the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = text::clean(&self.file);
        for (count, error) in self.errors.iter().enumerate() {
            if count > 0 {
                f.write_str("\n")?;
            }
            write!(f, "`{file}`: {error}")?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field.as_str(), self.line) {
            ("", _) => f.write_str(&self.reason),
            (field, None) => write!(f, "`{field}`: {}", self.reason),
            (field, Some(line)) => write!(f, "`{field}` (line {line}): {}", self.reason),
        }
    }
}

impl std::error::Error for DefinitionError {}
impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_file_and_field() {
        let error = DefinitionError::of(
            "acme.json",
            vec![
                FieldError::new("oauth.token_url", "must be https (found http)"),
                FieldError::new("", "is empty"),
            ],
        );
        assert_eq!(
            error.to_string(),
            "`acme.json`: `oauth.token_url`: must be https (found http)\n`acme.json`: is empty"
        );
    }
}
