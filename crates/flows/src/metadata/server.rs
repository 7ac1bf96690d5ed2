//! The metadata of an authorization server (RFC 8414 §2, OpenID Connect Discovery §3).

use serde_json::{Map, Value};
use url::Url;

use super::{MetadataError, read_document, text, texts};
use crate::http::HttpResponse;
use crate::pkce::check_challenge_methods;

/// Which addresses a server may name: the URL, or why it must not be used.
pub type AddressRule<'a> = &'a dyn Fn(&str) -> Result<Url, String>;

/// What an authorization server says about itself. Every address has passed the caller's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMetadata {
    /// Its issuer, as text, one of the spellings that were asked for.
    pub issuer: String,
    /// Where the browser is sent.
    pub authorization_endpoint: Option<Url>,
    /// Where tokens are had.
    pub token_endpoint: Url,
    /// Where a device asks for its codes (RFC 8628 §4).
    pub device_authorization_endpoint: Option<Url>,
    /// Where clients are registered (RFC 7591).
    pub registration_endpoint: Option<Url>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// Whether the server names itself in every authorization response (RFC 9207 §3), so that one without its name is
    /// not its own.
    pub names_itself: bool,
    /// How clients may authenticate at the token endpoint. Absent means `client_secret_basic`.
    pub token_endpoint_auth_methods: Option<Vec<String>>,
    /// The grants on offer. Absent means `authorization_code` and `implicit`.
    pub grant_types: Option<Vec<String>>,
    /// The scopes on offer, if the server says so.
    pub scopes: Option<Vec<String>>,
}

/// Reads the answer to a request for the metadata of an authorization server. `asked` are the spellings of its issuer: one,
/// unless a person has typed it.
///
/// # Errors
/// [`MetadataError`]: there is no document, or it must not be used. A server that offers PKCE only by methods weaker than
/// S256 is among those.
pub fn read_server_metadata(
    response: &HttpResponse,
    asked: &[&str],
    rule: AddressRule<'_>,
) -> Result<ServerMetadata, MetadataError> {
    let document = read_document(response, "issuer", asked)?;
    let fields = document.fields();
    let methods = texts(fields, "code_challenge_methods_supported")?;
    check_challenge_methods(methods.as_deref())?;
    let token_endpoint = address(fields, "token_endpoint", rule)?;
    Ok(ServerMetadata {
        issuer: text(fields, "issuer")?.unwrap_or_default().to_owned(),
        authorization_endpoint: address(fields, "authorization_endpoint", rule)?,
        token_endpoint: token_endpoint.ok_or(MetadataError::Missing("token_endpoint"))?,
        device_authorization_endpoint: address(fields, "device_authorization_endpoint", rule)?,
        registration_endpoint: address(fields, "registration_endpoint", rule)?,
        revocation_endpoint: address(fields, "revocation_endpoint", rule)?,
        names_itself: flag(fields, "authorization_response_iss_parameter_supported")?,
        token_endpoint_auth_methods: texts(fields, "token_endpoint_auth_methods_supported")?,
        grant_types: texts(fields, "grant_types_supported")?,
        scopes: texts(fields, "scopes_supported")?,
    })
}

fn address(
    fields: &Map<String, Value>,
    field: &'static str,
    rule: AddressRule<'_>,
) -> Result<Option<Url>, MetadataError> {
    let Some(found) = text(fields, field)? else {
        return Ok(None);
    };
    match rule(found) {
        Ok(url) => Ok(Some(url)),
        Err(why) => Err(MetadataError::Address { field, why }),
    }
}

fn flag(fields: &Map<String, Value>, name: &'static str) -> Result<bool, MetadataError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(MetadataError::WrongType(name)),
    }
}
