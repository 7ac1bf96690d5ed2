//! Giving a token up at the service (RFC 7009), and the vendors' own ways to do it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::client::Client;
use crate::http::{HttpRequest, Method, RedactedUrl, bearer};
use crate::secret::AccessToken;
use crate::token_request::flat_object;

mod response;

pub use response::{RevocationError, read_revocation_response};

/// Which kind of token is given up (RFC 7009 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenHint {
    /// An access token. Some servers end the whole grant with it, most do not.
    AccessToken,
    /// A refresh token. Most servers end the access tokens it bought with it, so send it first.
    RefreshToken,
}

impl TokenHint {
    /// The word of the `token_type_hint` parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// The standard request (RFC 7009 §2.1): a form with the token and its kind, the client
/// authenticated as at the token endpoint.
pub fn revocation_request(
    url: &Url,
    client: &Client,
    token: &SecretString,
    hint: TokenHint,
) -> HttpRequest {
    let mut pairs = vec![
        // EXPOSE: into the request's body, which is a secret itself.
        ("token", token.expose_secret()),
        ("token_type_hint", hint.as_str()),
    ];
    let authorization = client.authenticate(&mut pairs);
    let request = HttpRequest::new(Method::Post, url.clone()).form(&pairs);
    match authorization {
        Some(value) => request.with_header("authorization", value),
        None => request,
    }
}

/// A vendor's own request, as its definition spells it out. All values are already filled in.
pub struct VendorRevocation<'a> {
    /// Where to send it.
    pub url: &'a Url,
    /// How.
    pub method: Method,
    /// Who proves what.
    pub auth: RevocationAuth<'a>,
    /// Where the parameters go.
    pub format: RevocationFormat,
    /// The parameters. They may be secrets, and often one is the token.
    pub params: Vec<(String, SecretString)>,
}

/// How a vendor's revocation endpoint wants to be convinced.
#[derive(Clone, Copy, Debug)]
pub enum RevocationAuth<'a> {
    /// The client's id and secret in the `Authorization` header.
    Basic,
    /// The client's id and secret, or its assertion, next to the parameters.
    Post,
    /// Nothing is added; whatever is needed is among the parameters.
    None,
    /// The access token itself in the `Authorization` header.
    Bearer(&'a AccessToken),
}

/// Where the parameters of a vendor's request go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationFormat {
    /// Into a form-encoded body.
    Form,
    /// Into a flat JSON object.
    Json,
    /// Into the query; the request has no body.
    None,
}

impl fmt::Debug for VendorRevocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("VendorRevocation")
            .field("url", &RedactedUrl(self.url))
            .field("method", &self.method)
            .field("auth", &self.auth)
            .field("format", &self.format)
            .field("params", &params)
            .finish()
    }
}

/// Builds a vendor's request. Further headers go on with [`HttpRequest::with_header`].
pub fn vendor_revocation_request(
    revocation: &VendorRevocation<'_>,
    client: &Client,
) -> HttpRequest {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &revocation.params {
        // EXPOSE: into the request's body or query, which are secrets themselves.
        pairs.push((name, value.expose_secret()));
    }
    let authorization = match revocation.auth {
        RevocationAuth::Basic => client.basic_header(),
        RevocationAuth::Post => {
            add_missing(&mut pairs, &client.id_param, &client.id);
            for (name, value) in client.proof() {
                add_missing(&mut pairs, name, value);
            }
            None
        }
        RevocationAuth::None => None,
        RevocationAuth::Bearer(token) => Some(bearer(token.as_secret())),
    };
    let mut url = revocation.url.clone();
    if revocation.format == RevocationFormat::None && !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(&pairs);
    }
    let request = HttpRequest::new(revocation.method, url);
    let request = match revocation.format {
        RevocationFormat::Form => request.form(&pairs),
        RevocationFormat::Json => request.json(flat_object(&pairs)),
        RevocationFormat::None => request,
    };
    match authorization {
        Some(value) => request.with_header("authorization", value),
        None => request,
    }
}

fn add_missing<'a>(pairs: &mut Vec<(&'a str, &'a str)>, name: &'a str, value: &'a str) {
    if !pairs.iter().any(|(known, _)| *known == name) {
        pairs.push((name, value));
    }
}

#[cfg(test)]
mod tests;
