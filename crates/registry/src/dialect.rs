//! Definitions in the words of other tools, put into ours.
//!
//! A text is recognised by what it says of itself, so such a file works wherever one of ours does: given to
//! `register`, or laid into the folder of the user's definitions. What has no equivalent is kept under an `x-` key, and what
//! changes its meaning is a [`Warning`]. Nothing becomes wider on the way: a converted definition sends its credential
//! to no host that the original would not have.

pub mod authsome;
mod comments;
mod host_expression;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::document;
use crate::error::DefinitionError;

/// Something that a converted definition says in another way than the original.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The field of the original, such as `oauth.token_url`.
    pub field: String,
    /// What became of it, safe to print.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.message)
    }
}

/// A document of schema version 2, and how it came to be one.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) map: Map<String, Value>,
    /// The tool whose words the text was in, and what changed; `None` for our own.
    pub(crate) converted: Option<(&'static str, Vec<Warning>)>,
}

/// The text with spaces in the place of its comments.
pub(crate) fn without_comments(text: &str) -> Cow<'_, str> {
    comments::blanked(text)
}

/// Parses a text in any of the dialects. Comments may stand in all of them.
pub(crate) fn parse(file: &str, text: &str) -> Result<Document, DefinitionError> {
    let map = document::parse(file, &without_comments(text))?;
    if !authsome::is_spoken(&map) {
        return Ok(Document {
            map,
            converted: None,
        });
    }
    let (map, warnings) = authsome::translated(file, map)?;
    Ok(Document {
        map,
        converted: Some((authsome::TOOL, warnings)),
    })
}
