//! What servers publish about themselves, so that nobody has to write their endpoints down.
//!
//! A protected resource names its authorization servers (RFC 9728), and an authorization server its endpoints (RFC 8414,
//! OpenID Connect Discovery 1.0). Both documents are foreign: each has to name exactly the server that was asked, and
//! every address in it has to pass the caller's rule, or nothing of it is used. Where to look is said here; whoever sends
//! the requests decides about redirects.

mod challenge;
mod resource;
mod server;
mod well_known;

use serde_json::{Map, Value};

pub use self::challenge::{ResourceChallenge, read_resource_challenge};
pub use self::resource::{ResourceMetadata, read_resource_metadata};
pub use self::server::{AddressRule, ServerMetadata, read_server_metadata};
pub use self::well_known::{resource_metadata_url, server_metadata_urls};
use crate::document::{Document, Unreadable};
use crate::foreign_text::visible_part;
use crate::http::HttpResponse;
use crate::pkce::PkceUnsupported;

/// Why a document is not used. None of it is then.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// There is no such document at this place.
    #[error("nothing is published there (status {status})")]
    Absent {
        /// The status code.
        status: u16,
    },
    /// The server cannot answer now: 408, 425, 429 or 5xx.
    #[error("the server cannot answer now (status {status})")]
    Transient {
        /// The status code.
        status: u16,
    },
    /// There is something else, such as a web page.
    #[error("what is published there is no metadata: {why}")]
    NoDocument {
        /// What it is instead.
        why: &'static str,
    },
    /// The document is about another server (RFC 8414 §3.3, RFC 9728 §3.3).
    #[error("the metadata is about another server: its `{field}` is `{found}`")]
    Foreign {
        /// `issuer` or `resource`.
        field: &'static str,
        /// What it says, cleaned.
        found: String,
    },
    /// A field that nobody can do without is not there.
    #[error("the metadata has no `{0}`")]
    Missing(&'static str),
    /// A field is not what the standard says it is.
    #[error("`{0}` of the metadata has the wrong type")]
    WrongType(&'static str),
    /// An address that must not be used.
    #[error("`{field}` of the metadata {why}")]
    Address {
        /// The field.
        field: &'static str,
        /// Why not.
        why: String,
    },
    /// The server offers weaker proofs only.
    #[error(transparent)]
    Pkce(#[from] PkceUnsupported),
}

impl MetadataError {
    /// Whether the document may still be at another place.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::NoDocument { .. })
    }

    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}

/// Addresses and identifiers longer than this are nobody's, in bytes.
const LONGEST: usize = 2048;

/// The document in an answer, whose `field` is one of the identifiers that were `asked` for.
fn read_document(
    response: &HttpResponse,
    field: &'static str,
    asked: &[&str],
) -> Result<Document, MetadataError> {
    match response.status() {
        200 => {}
        status @ (408 | 425 | 429 | 500..) => return Err(MetadataError::Transient { status }),
        status => return Err(MetadataError::Absent { status }),
    }
    let document = Document::read(response).map_err(|unreadable| MetadataError::NoDocument {
        why: match unreadable {
            Unreadable::Empty => "it is empty",
            Unreadable::Html => "it is a web page",
            Unreadable::TooDeep => "it is nested too deeply",
            _ => "it is not a JSON object",
        },
    })?;
    let found = text(document.fields(), field)?.ok_or(MetadataError::Missing(field))?;
    // Compared as text, without normalising (RFC 8414 §3.3, RFC 9728 §3.3).
    if !asked.contains(&found) {
        let found = visible_part(found);
        return Err(MetadataError::Foreign { field, found });
    }
    Ok(document)
}

fn text<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, MetadataError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= LONGEST => Ok(Some(text)),
        Some(Value::String(_)) => Err(MetadataError::Address {
            field: name,
            why: format!("is longer than {LONGEST} bytes"),
        }),
        Some(_) => Err(MetadataError::WrongType(name)),
    }
}

/// A list of texts. Absent is not empty: the standards give some lists a default.
fn texts(
    fields: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<String>>, MetadataError> {
    let wrong = || MetadataError::WrongType(name);
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            let items = items.iter().map(|item| item.as_str().map(str::to_owned));
            items.collect::<Option<_>>().map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
