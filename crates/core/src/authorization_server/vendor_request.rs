//! A request of a vendor's own making, put together as its definition spells it out: a revocation, an upgrade, a refresh.
//!
//! Whether it may be sent is decided before: it was pinned as a whole, and so was the client whose secret it may carry.

use authkeep_flows as flows;
use authkeep_registry as registry;
use authkeep_registry::Template;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The secrets of one login that such a request may carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carried<'a> {
    pub(crate) token: &'a SecretString,
    pub(crate) refresh_token: Option<&'a SecretString>,
}

/// The request, without its secrets.
#[derive(Debug)]
pub(crate) struct Spelled<'a> {
    url: Url,
    method: registry::Method,
    auth: registry::RequestAuth,
    format: registry::BodyFormat,
    headers: &'a [(String, Template)],
    params: &'a [(String, Template)],
}

impl<'a> Spelled<'a> {
    /// An upgrade or a refresh. What it leaves open is as at the token endpoint of `oauth`.
    pub(crate) fn request(
        request: &'a registry::Request,
        oauth: &registry::OAuthEndpoints,
        client_id: &str,
    ) -> Option<Self> {
        let usual = match request.method {
            // Its address is no place for what it does not ask for.
            registry::Method::Get => registry::RequestAuth::None,
            _ => oauth.client_auth.into(),
        };
        Some(Self {
            url: match &request.url {
                Some(url) => filled(url, client_id)?,
                None => oauth.token_url.clone()?,
            },
            method: request.method,
            auth: request.auth.unwrap_or(usual),
            format: request.format,
            headers: &request.headers,
            params: &request.params,
        })
    }

    pub(crate) fn revocation(
        revocation: &'a registry::Revocation,
        client_id: &str,
    ) -> Option<Self> {
        Some(Self {
            url: filled(&revocation.url, client_id)?,
            method: revocation.method,
            auth: revocation.auth,
            format: revocation.format,
            headers: &revocation.headers,
            params: &revocation.params,
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The request itself; `None` where it needs a value that this login or its client does not have.
    pub(crate) fn made(
        &self,
        client: &flows::Client,
        carried: Carried<'_>,
    ) -> Option<flows::HttpRequest> {
        let fill = |template| fill(template, client, carried);
        let params = self.params.iter();
        let params = params.map(|(name, template)| Some((name.clone(), fill(template)?)));
        let token = flows::AccessToken::new(carried.token.clone());
        let request = flows::VendorRequest {
            url: &self.url,
            method: method(self.method),
            auth: match self.auth {
                registry::RequestAuth::Basic => flows::VendorAuth::Basic,
                registry::RequestAuth::Body => flows::VendorAuth::Post,
                registry::RequestAuth::None => flows::VendorAuth::None,
                registry::RequestAuth::Bearer => flows::VendorAuth::Bearer(&token),
            },
            format: match self.format {
                registry::BodyFormat::Form => flows::VendorFormat::Form,
                registry::BodyFormat::Json => flows::VendorFormat::Json,
                registry::BodyFormat::None => flows::VendorFormat::None,
            },
            params: params.collect::<Option<_>>()?,
        };
        let mut request = flows::vendor_request(&request, client);
        for (name, template) in self.headers {
            request = request.with_header(name.as_str(), fill(template)?);
        }
        Some(request)
    }
}

/// The text of a template that may mention the client and the login.
fn fill(template: &Template, client: &flows::Client, carried: Carried<'_>) -> Option<SecretString> {
    // What an assertion proves, it proves to the token endpoint only.
    let signs = client.auth == flows::ClientAuth::PrivateKeyJwt;
    let secret = client.secret.as_ref().filter(|_| !signs);
    // EXPOSE: into the rendered value, which is a secret again at once.
    let exposed = |name: &str| match name {
        "token" => Some(carried.token.expose_secret()),
        "refresh_token" => carried.refresh_token.map(ExposeSecret::expose_secret),
        "client_id" => Some(client.id.as_str()),
        "client_secret" => secret.map(flows::ClientSecret::expose),
        _ => None,
    };
    template.render(exposed).map(SecretString::from)
}

pub(crate) fn method(method: registry::Method) -> flows::Method {
    match method {
        registry::Method::Get => flows::Method::Get,
        registry::Method::Post => flows::Method::Post,
        registry::Method::Delete => flows::Method::Delete,
    }
}

fn filled(url: &Template, client_id: &str) -> Option<Url> {
    let text = url.render(|name| (name == "client_id").then_some(client_id))?;
    Url::parse(&text).ok()
}
