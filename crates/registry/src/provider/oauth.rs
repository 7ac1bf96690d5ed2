//! OAuth endpoints with every URL concrete.

use std::collections::BTreeMap;

use url::Url;

use crate::definition::{
    BodyFormat, ClientAuthMethod, DeviceRequest, Injection, Pkce, RedirectKind, Request, Revocation,
};
use crate::endpoint;
use crate::env_var::EnvVarName;
use crate::template::Template;

/// How OAuth works at a service. The fields mean what they mean in [`crate::OAuth`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthEndpoints {
    /// The issuer exactly as written, because issuers are compared as text (RFC 8414 section 3.3).
    pub issuer: Option<String>,
    /// Whether the server names itself in every authorization response (RFC 9207): the definition says so, or its
    /// metadata does.
    pub iss_required: bool,
    /// The resource that tokens are for, as text. It is among the parameters below already.
    pub resource: Option<String>,
    /// The authorization endpoint.
    pub authorization_url: Option<Url>,
    /// The token endpoint.
    pub token_url: Option<Url>,
    /// The device authorization endpoint.
    pub device_authorization_url: Option<Url>,
    /// The client registration endpoint.
    pub registration_url: Option<Url>,
    /// How tokens are revoked.
    pub revocation: Option<Revocation>,
    /// The scopes to ask for unless the user says otherwise.
    pub scopes: Vec<String>,
    /// What stands between scopes.
    pub scope_separator: String,
    /// The name of the scope parameter.
    pub scope_param: String,
    /// The name of the client id parameter.
    pub client_id_param: String,
    /// How the client authenticates.
    pub client_auth: ClientAuthMethod,
    /// Whom an assertion of the client speaks to, where it is not the token endpoint.
    pub assertion_audience: Option<String>,
    /// Which of the client's keys it is signed with.
    pub assertion_key_id: Option<String>,
    /// How token requests are written.
    pub token_format: BodyFormat,
    /// How PKCE is used.
    pub pkce: Pkce,
    /// Whether the service has clients without a secret.
    pub public_client: bool,
    /// What redirect URI it accepts.
    pub redirect: RedirectKind,
    /// What is sent in place of the redirect URI. A variable that is left in it is a parameter without a value.
    pub redirect_uri: Option<Template>,
    /// Whether nobody has a client.
    pub anonymous: bool,
    /// More parameters of the authorization request.
    pub authorization_params: Vec<(String, String)>,
    /// More parameters of token requests.
    pub token_params: Vec<(String, String)>,
    /// JSON pointer to the object with the token.
    pub token_path: Option<String>,
    /// Seconds a token lives when the answer does not say.
    pub expires_in: Option<u64>,
    /// Seconds a login lives when the answer does not say.
    pub login_expires_in: Option<u64>,
    /// The condition under which only it ends then.
    pub login_expires_if: Option<String>,
    /// Environment variables to take a client from.
    pub client_env: BTreeMap<String, EnvVarName>,
    /// The page where a client is registered.
    pub docs: Option<String>,
    /// How tokens are refreshed, where it is not the standard way.
    pub refresh: Option<Request>,
    /// A request that turns a short-lived token into a long-lived one.
    pub upgrade: Option<Request>,
    /// What the client credentials grant needs beyond the standard.
    pub client_credentials: Option<ClientCredentialsRequest>,
    /// What the device grant needs beyond the standard.
    pub device: DeviceRequest,
    /// How the access token is put into a request.
    pub injection: Injection,
}

/// Deviations of the client credentials grant (RFC 6749 section 4.4), with parameters filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCredentialsRequest {
    /// More parameters; may replace `grant_type`. One that depends on an absent parameter is left out.
    pub params: Vec<(String, String)>,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
}

impl OAuthEndpoints {
    /// Whether the endpoints have to be learnt from the issuer's metadata before anything can be asked for.
    #[must_use]
    pub fn needs_discovery(&self) -> bool {
        self.issuer.is_some() && self.token_url.is_none()
    }

    pub(super) fn origins(&self) -> Vec<String> {
        let urls = [
            &self.authorization_url,
            &self.token_url,
            &self.device_authorization_url,
            &self.registration_url,
        ];
        let issuer = self
            .issuer
            .as_deref()
            .and_then(|issuer| Url::parse(issuer).ok());
        let urls = urls
            .into_iter()
            .flatten()
            .chain(&issuer)
            .map(endpoint::origin);
        let odd = [&self.refresh, &self.upgrade]
            .into_iter()
            .flatten()
            .filter_map(Request::origin);
        let revocation = self.revocation.iter().filter_map(Revocation::origin);
        urls.chain(odd).chain(revocation).collect()
    }
}
