//! Requests to an authorization server that the standard does not describe: odd refreshes, upgrades, revocations.

use super::ClientAuthMethod;
use super::injection::{read_headers, read_pairs};
use super::word::words;
use crate::reader::{Fields, Variables};
use crate::template::Template;

words! {
    /// An HTTP method.
    pub enum Method {
        /// GET; parameters go into the query.
        Get = "GET",
        /// POST.
        Post = "POST",
        /// DELETE.
        Delete = "DELETE",
    }
}

words! {
    /// How parameters are written into a request body.
    pub enum BodyFormat {
        /// `application/x-www-form-urlencoded`.
        Form = "form",
        /// A JSON object.
        Json = "json",
        /// No body.
        None = "none",
    }
}

words! {
    /// How a request proves who sends it.
    pub enum RequestAuth {
        /// Client id and secret as HTTP Basic (RFC 6749 section 2.3.1).
        Basic = "basic",
        /// Client id and secret, or assertion, in the body.
        Body = "body",
        /// Nothing is added.
        None = "none",
        /// The access token as a bearer token (RFC 6750).
        Bearer = "bearer",
    }
}

/// How a revocation proves who sends it: the same words as any request.
pub type RevocationAuth = RequestAuth;

/// A request to the authorization server. Templates may mention `token`, `refresh_token`, `client_id`
/// and `client_secret`, the URL only `client_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Where it goes; `None` means the token endpoint.
    pub url: Option<Template>,
    /// The method; POST unless the definition says otherwise.
    pub method: Method,
    /// How it proves who sends it; `None` means the way of the token endpoint, and of a GET that its parameters do.
    pub auth: Option<RequestAuth>,
    /// How the parameters are written.
    pub format: BodyFormat,
    /// More headers.
    pub headers: Vec<(String, Template)>,
    /// The parameters.
    pub params: Vec<(String, Template)>,
}

impl From<ClientAuthMethod> for RequestAuth {
    fn from(method: ClientAuthMethod) -> Self {
        match method {
            ClientAuthMethod::Basic => Self::Basic,
            ClientAuthMethod::Body | ClientAuthMethod::PrivateKeyJwt => Self::Body,
            ClientAuthMethod::None => Self::None,
        }
    }
}

/// How a token is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Where the request goes; may mention `client_id`.
    pub url: Template,
    /// The method.
    pub method: Method,
    /// How the request proves who sends it.
    pub auth: RevocationAuth,
    /// How the parameters are written.
    pub format: BodyFormat,
    /// More headers.
    pub headers: Vec<(String, Template)>,
    /// The parameters.
    pub params: Vec<(String, Template)>,
    /// True for RFC 7009, written as `revocation_url`: a form with `token` and `token_type_hint`.
    pub standard: bool,
}

impl Request {
    /// Reads one whose body is written as `usual` where it does not say how.
    pub(super) fn read(mut fields: Fields<'_>, usual: BodyFormat) -> Self {
        let method = fields.take_parsed("method").unwrap_or(Method::Post);
        let usual = match method {
            Method::Get => BodyFormat::None,
            _ => usual,
        };
        let request = Self {
            url: fields.take_template("url", Variables::ClientId),
            method,
            auth: fields.take_parsed("auth"),
            format: fields.take_parsed("format").unwrap_or(usual),
            headers: read_headers(&mut fields, "headers", Variables::TokenRequest),
            params: read_pairs(&mut fields, "params", Variables::TokenRequest),
        };
        if request.format == BodyFormat::None
            && request.method == Method::Post
            && !request.params.is_empty()
        {
            fields.fault("params", "have no place: the format is `none`");
        }
        if request.method == Method::Get && request.format != BodyFormat::None {
            fields.fault("format", "must be none: a GET has no body");
        }
        fields.finish();
        request
    }

    /// Whether it carries the secret of that name: `token`, `refresh_token` or `client_secret`.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        let pairs = self.headers.iter().chain(&self.params);
        let mut templates = pairs.map(|(_, template)| template);
        templates.any(|template| template.variables().any(|variable| variable == name))
            || (name == "token" && self.auth == Some(RequestAuth::Bearer))
    }

    /// Whether a refresh is this request alone. Otherwise it is the standard one (RFC 6749 section 6) with what this one
    /// says besides.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.mentions("token") || self.mentions("refresh_token")
    }

    /// Whether a refresh is made with the access token, which has to be good for that.
    #[must_use]
    pub fn renews_the_token_itself(&self) -> bool {
        self.mentions("token") && !self.mentions("refresh_token")
    }

    /// The origin of the URL, such as `https://api.example.com`; `None` without a URL of its own.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.url.as_ref().and_then(origin)
    }

    /// Applies `change` to every template.
    pub(crate) fn map(&self, change: impl Fn(&Template) -> Template) -> Self {
        Self {
            url: self.url.as_ref().map(&change),
            headers: map_pairs(&self.headers, &change),
            params: map_pairs(&self.params, &change),
            ..self.clone()
        }
    }
}

impl Revocation {
    /// The standard request (RFC 7009) to `url`, by a client that authenticates as at the token endpoint.
    #[must_use]
    pub fn standard(url: Template, client_auth: ClientAuthMethod) -> Self {
        let token = Template::parse("{token}").map(|token| ("token".to_owned(), token));
        Self {
            url,
            method: Method::Post,
            auth: client_auth.into(),
            format: BodyFormat::Form,
            headers: Vec::new(),
            params: token.into_iter().collect(),
            standard: true,
        }
    }

    /// The origin the request goes to, such as `https://api.example.com`. `None` only while
    /// parameters of the definition are not bound.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        origin(&self.url)
    }

    /// Applies `change` to every template.
    pub(crate) fn map(&self, change: impl Fn(&Template) -> Template) -> Self {
        Self {
            url: change(&self.url),
            headers: map_pairs(&self.headers, &change),
            params: map_pairs(&self.params, &change),
            ..self.clone()
        }
    }
}

fn map_pairs(
    pairs: &[(String, Template)],
    change: impl Fn(&Template) -> Template,
) -> Vec<(String, Template)> {
    pairs
        .iter()
        .map(|(name, template)| (name.clone(), change(template)))
        .collect()
}

/// The origin of a URL template whose remaining variables do not touch scheme, host and port.
fn origin(url: &Template) -> Option<String> {
    let with = |value| {
        let text = url.render(|_| Some(value))?;
        Some(crate::endpoint::origin(&url::Url::parse(&text).ok()?))
    };
    // Two different values: if a variable reached the authority, the origins would differ.
    let (one, other) = (with("a")?, with("b")?);
    (one == other).then_some(one)
}
