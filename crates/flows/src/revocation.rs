//! Giving a token up at the service (RFC 7009). The vendors' own ways to do it are requests of theirs.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::client::Client;
use crate::http::{HttpRequest, Method};

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

#[cfg(test)]
mod tests;
