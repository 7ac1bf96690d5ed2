//! The authorization code grant: the URL to open, and the exchange of the code for tokens.
//!
//! RFC 6749 §4.1 with PKCE (RFC 7636) for native applications (RFC 8252). What the redirect
//! brings back is read in `callback`.

use url::{Url, form_urlencoded};

use crate::client::Client;
use crate::http::HttpRequest;
use crate::pkce::{CHALLENGE_METHOD, CodeVerifier};
use crate::secret::AuthorizationCode;
use crate::state::State;
use crate::token_request::{TokenEndpoint, token_request};

/// Everything the authorization URL is made of (RFC 6749 §4.1.1).
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The authorization endpoint. A query of its own is kept. Where it has a fragment that is a path, the page behind it
    /// reads its parameters there.
    pub endpoint: &'a Url,
    /// Who asks. Its secret is not used here.
    pub client: &'a Client,
    /// Where the browser is to be sent back to, exactly as in the exchange later; or the service's name for it.
    pub redirect_uri: &'a str,
    /// What is asked for; none leaves the parameter out.
    pub scopes: &'a [String],
    /// What joins the scopes: a space, but for vendors that want a comma.
    pub scope_separator: &'a str,
    /// The name of the scopes' parameter: `scope`, but for vendors that renamed it.
    pub scope_param: &'a str,
    /// This login's state.
    pub state: &'a State,
    /// This login's PKCE verifier. `None` only where a provider's definition opts out.
    pub verifier: Option<&'a CodeVerifier>,
    /// Further parameters, such as `prompt` or `access_type`. A name may occur twice.
    pub extra: &'a [(String, String)],
}

/// Why no authorization URL can be built. Each is a mistake in a definition or in the metadata of
/// a server; asking the person again does not help.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationRequestError {
    /// An extra parameter would replace or repeat one that the login depends on.
    #[error("the extra authorization parameter `{0}` is set by the login itself")]
    ReservedExtra(String),
    /// The endpoint's own query already has such a parameter.
    #[error("the authorization endpoint's query holds `{0}`, which is set by the login itself")]
    ReservedInEndpoint(String),
    /// RFC 6749 §3.1 forbids a fragment, and parameters behind one never reach the server. A path in it means that a page
    /// reads it.
    #[error("the authorization endpoint has a fragment")]
    Fragment,
    /// The URL goes to the browser, which would run `javascript:` or open `file:`.
    #[error("the authorization endpoint is neither https nor http (found `{0}`)")]
    Scheme(String),
}

impl AuthorizationRequest<'_> {
    /// The URL for the browser. It names the state and the challenge, never the verifier.
    ///
    /// # Errors
    /// [`AuthorizationRequestError`] where endpoint or extra parameters would weaken the request.
    pub fn url(&self) -> Result<Url, AuthorizationRequestError> {
        self.check()?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair(&self.client.id_param, &self.client.id)
            .append_pair("redirect_uri", self.redirect_uri);
        if !self.scopes.is_empty() {
            query.append_pair(self.scope_param, &self.scopes.join(self.scope_separator));
        }
        // EXPOSE: the state travels through the browser by design.
        query.append_pair("state", self.state.expose());
        if let Some(verifier) = self.verifier {
            query
                .append_pair("code_challenge", &verifier.challenge())
                .append_pair("code_challenge_method", CHALLENGE_METHOD);
        }
        query.extend_pairs(self.extra);
        let query = query.finish();
        let mut url = self.endpoint.clone();
        match (url.fragment(), url.query()) {
            (Some(path), _) => {
                let fragment = format!("{path}?{query}");
                url.set_fragment(Some(&fragment));
            }
            (None, Some(own)) if !own.is_empty() => {
                let query = format!("{own}&{query}");
                url.set_query(Some(&query));
            }
            (None, _) => url.set_query(Some(&query)),
        }
        Ok(url)
    }

    fn check(&self) -> Result<(), AuthorizationRequestError> {
        let scheme = self.endpoint.scheme();
        if !matches!(scheme, "https" | "http") {
            return Err(AuthorizationRequestError::Scheme(scheme.to_owned()));
        }
        let is_path = |fragment: &str| fragment.starts_with('/') && !fragment.contains('?');
        if self.endpoint.fragment().is_some_and(|text| !is_path(text)) {
            return Err(AuthorizationRequestError::Fragment);
        }
        for (name, _) in self.endpoint.query_pairs() {
            if self.is_reserved(&name) {
                return Err(AuthorizationRequestError::ReservedInEndpoint(name.into()));
            }
        }
        for (name, _) in self.extra {
            if self.is_reserved(name) {
                return Err(AuthorizationRequestError::ReservedExtra(name.clone()));
            }
        }
        Ok(())
    }

    fn is_reserved(&self, name: &str) -> bool {
        RESERVED.contains(&name) || name == self.client.id_param || name == self.scope_param
    }
}

/// `request` and `request_uri` (RFC 9101) are among them because they replace all the others, and
/// `client_secret` because a browser's history is no place for it.
const RESERVED: [&str; 9] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "client_secret",
];

/// The request that exchanges the code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
///
/// `redirect_uri` must be the one of the authorization URL. Send it once: a code is good for one
/// exchange.
pub fn exchange_request(
    endpoint: &TokenEndpoint,
    client: &Client,
    code: &AuthorizationCode,
    redirect_uri: &str,
    verifier: Option<&CodeVerifier>,
) -> HttpRequest {
    let mut grant = vec![
        ("grant_type", "authorization_code"),
        // EXPOSE: into the request's body, which is a secret itself.
        ("code", code.expose()),
        ("redirect_uri", redirect_uri),
    ];
    if let Some(verifier) = verifier {
        // EXPOSE: as above.
        grant.push(("code_verifier", verifier.expose()));
    }
    token_request(endpoint, client, &grant)
}

#[cfg(test)]
mod tests;
