//! The metadata of a protected resource (RFC 9728 §2).

use super::{MetadataError, read_document, text, texts};
use crate::http::HttpResponse;

/// What a protected resource says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// Its identifier, one of those that were asked for: what tokens are asked for by (RFC 8707).
    pub resource: String,
    /// The issuers of the authorization servers that give access to it. They are not checked.
    pub authorization_servers: Vec<String>,
    /// The scopes that it knows, in its own words.
    pub scopes_supported: Option<Vec<String>>,
}

/// Reads the answer to a request for the metadata of a resource. `asked` are the spellings of the identifier that the
/// place of the document stands for.
///
/// # Errors
/// [`MetadataError`]: there is no document, or it must not be used.
pub fn read_resource_metadata(
    response: &HttpResponse,
    asked: &[&str],
) -> Result<ResourceMetadata, MetadataError> {
    const SERVERS: &str = "authorization_servers";
    let document = read_document(response, "resource", asked)?;
    let fields = document.fields();
    let authorization_servers = texts(fields, SERVERS)?.unwrap_or_default();
    if authorization_servers.is_empty() {
        return Err(MetadataError::Missing(SERVERS));
    }
    Ok(ResourceMetadata {
        resource: text(fields, "resource")?.unwrap_or_default().to_owned(),
        authorization_servers,
        scopes_supported: texts(fields, "scopes_supported")?,
    })
}
