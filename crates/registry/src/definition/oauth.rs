//! The `oauth` section: endpoints, and how the service deviates from the standard.

use std::collections::BTreeMap;

use super::injection::read_pairs;
use super::param::take_pointer;
use super::request::{BodyFormat, Method, Request, Revocation};
use super::word::words;
use super::{Flow, Injection, Param, Pkce, read_docs};
use crate::address::Locality;
use crate::env_var::EnvVarName;
use crate::reader::{Fields, Variables, as_text, parse_at};
use crate::template::Template;

words! {
    /// How the client authenticates at the token endpoint (RFC 6749 section 2.3).
    pub enum ClientAuthMethod {
        /// HTTP Basic.
        Basic = "basic",
        /// `client_id` and `client_secret` in the body.
        Body = "body",
        /// An assertion that the client signs with its private key (RFC 7523 section 2.2).
        PrivateKeyJwt = "private_key_jwt",
        /// `client_id` alone: a public client.
        None = "none",
    }
}

impl ClientAuthMethod {
    /// The name of the secret that a client has for it, as a field and in `client_env`.
    #[must_use]
    pub fn secret_field(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key",
            _ => "client_secret",
        }
    }
}

words! {
    /// What redirect URI the service accepts.
    pub enum RedirectKind {
        /// `http://127.0.0.1:<any port>/…` (RFC 8252 section 7.3).
        Loopback = "loopback",
        /// `http://localhost:<any port>/…`.
        Localhost = "localhost",
        /// One loopback URI, registered with its port.
        Exact = "exact",
        /// https only: a program on this machine cannot receive it.
        Https = "https",
    }
}

/// How OAuth works at a service, before parameters are bound.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth {
    /// The issuer. Without a `token_url` its metadata (RFC 8414) supplies the URLs that are left out.
    pub issuer: Option<Template>,
    /// Whether the server names its issuer in every authorization response (RFC 9207).
    pub iss_required: bool,
    /// The resource that tokens are for (RFC 8707), named in every request for one.
    pub resource: Option<Template>,
    /// The authorization endpoint (RFC 6749 section 3.1).
    pub authorization_url: Option<Template>,
    /// The token endpoint (RFC 6749 section 3.2).
    pub token_url: Option<Template>,
    /// The device authorization endpoint (RFC 8628 section 3.1).
    pub device_authorization_url: Option<Template>,
    /// The client registration endpoint (RFC 7591).
    pub registration_url: Option<Template>,
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
    /// What an assertion of the client says beyond the standard.
    pub assertion: Assertion,
    /// How token requests are written.
    pub token_format: BodyFormat,
    /// How PKCE (RFC 7636) is used.
    pub pkce: Pkce,
    /// Whether the service has clients without a secret.
    pub public_client: bool,
    /// What redirect URI it accepts.
    pub redirect: RedirectKind,
    /// What is sent in place of the redirect URI, where that is only a name for it (eBay).
    pub redirect_uri: Option<Template>,
    /// Whether nobody has a client: the service knows whoever asks by the code alone (Postiz).
    pub anonymous: bool,
    /// More parameters of the authorization request.
    pub authorization_params: Vec<(String, Template)>,
    /// More parameters of token requests.
    pub token_params: Vec<(String, Template)>,
    /// JSON pointer (RFC 6901) to the object with the token, when it is not the whole answer.
    pub token_path: Option<String>,
    /// Seconds a token lives when the answer does not say.
    pub expires_in: Option<u64>,
    /// Seconds a login lives, however often its tokens are renewed, when the answer does not say.
    pub login_expires_in: Option<u64>,
    /// The condition under which only it ends then, in words.
    pub login_expires_if: Option<String>,
    /// Environment variables to take a client from: `client_id`, `client_secret` and parameters.
    pub client_env: BTreeMap<String, EnvVarName>,
    /// The page where a client is registered.
    pub docs: Option<String>,
    /// How tokens are refreshed, where it is not RFC 6749 section 6.
    pub refresh: Option<Request>,
    /// A request that turns a short-lived token into a long-lived one.
    pub upgrade: Option<Request>,
    /// What the client credentials grant needs beyond the standard.
    pub client_credentials: Option<ClientCredentials>,
    /// What the device grant needs beyond the standard.
    pub device: DeviceRequest,
    /// How the access token is put into a request.
    pub injection: Injection,
}

/// What the assertion of a client with a private key says (RFC 7523 section 3).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Assertion {
    /// Whom it speaks to; the token endpoint where it is absent.
    pub audience: Option<Template>,
    /// Which of the client's keys it is signed with.
    pub key_id: Option<Template>,
}

/// Deviations of the client credentials grant (RFC 6749 section 4.4).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientCredentials {
    /// More parameters; may replace `grant_type`.
    pub params: Vec<(String, Template)>,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
}

/// Deviations of the device grant (RFC 8628).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceRequest {
    /// How the device request is written.
    pub format: BodyFormat,
    /// The name of its scope parameter.
    pub scope_param: String,
}

/// The parameter that names the resource (RFC 8707 section 2).
pub(crate) const RESOURCE: &str = "resource";

impl OAuth {
    pub(super) fn read(mut fields: Fields<'_>, locality: Locality) -> Self {
        const AUTHORIZATION: [&str; 7] = [
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
        ];
        const TOKEN: [&str; 9] = [
            "grant_type",
            "code",
            "redirect_uri",
            "client_id",
            "client_secret",
            "client_assertion",
            "client_assertion_type",
            "code_verifier",
            "refresh_token",
        ];
        let client_auth = fields
            .take_parsed("client_auth")
            .unwrap_or(ClientAuthMethod::Body);
        let scope_param = fields
            .take_text("scope_param")
            .unwrap_or_else(|| "scope".to_owned());
        let token_format = fields
            .take_parsed("token_format")
            .unwrap_or(BodyFormat::Form);
        let oauth = Self {
            issuer: fields.take_template("issuer", Variables::Params),
            iss_required: fields.take_flag("iss_required").unwrap_or(false),
            resource: fields.take_template("resource", Variables::Params),
            authorization_url: fields.take_template("authorization_url", Variables::Params),
            token_url: fields.take_template("token_url", Variables::Params),
            device_authorization_url: fields
                .take_template("device_authorization_url", Variables::Params),
            registration_url: fields.take_template("registration_url", Variables::Params),
            revocation: read_revocation(&mut fields, client_auth),
            scopes: read_scopes(&mut fields),
            scope_separator: read_separator(&mut fields),
            client_id_param: fields
                .take_text("client_id_param")
                .unwrap_or_else(|| "client_id".to_owned()),
            client_auth,
            assertion: Assertion::read(&mut fields, client_auth),
            token_format,
            pkce: Pkce::read(&mut fields),
            public_client: fields.take_flag("public_client").unwrap_or(false),
            redirect: fields
                .take_parsed("redirect")
                .unwrap_or(RedirectKind::Loopback),
            redirect_uri: fields.take_template("redirect_uri", Variables::Params),
            anonymous: fields.take_flag("anonymous").unwrap_or(false),
            authorization_params: read_extra(&mut fields, "authorization_params", &AUTHORIZATION),
            token_params: read_extra(&mut fields, "token_params", &TOKEN),
            token_path: take_pointer(&mut fields, "token_path"),
            expires_in: fields.take_number("expires_in"),
            login_expires_in: fields.take_number("login_expires_in"),
            login_expires_if: fields.take_text("login_expires_if"),
            client_env: read_client_env(&mut fields),
            docs: read_docs(&mut fields, locality),
            refresh: (fields.take_object("refresh"))
                .map(|request| Request::read(request, token_format)),
            upgrade: (fields.take_object("upgrade"))
                .map(|request| Request::read(request, token_format)),
            client_credentials: fields
                .take_object("client_credentials")
                .map(ClientCredentials::read),
            device: DeviceRequest::read(fields.take_object("device"), &scope_param),
            injection: Injection::read(&mut fields, Variables::AccessToken)
                .unwrap_or_else(Injection::bearer),
            scope_param,
        };
        if oauth.login_expires_if.is_some() && oauth.login_expires_in.is_none() {
            fields.fault("login_expires_if", "needs login_expires_in");
        }
        if client_auth == ClientAuthMethod::PrivateKeyJwt && oauth.registration_url.is_some() {
            fields.fault(
                "registration_url",
                "registers no clients with a private key",
            );
        }
        oauth.check_resource(&fields);
        if oauth.iss_required && oauth.issuer.is_none() {
            fields.fault("iss_required", "needs `issuer` to compare with");
        }
        if oauth.token_format == BodyFormat::None {
            fields.fault("token_format", "must be form or json");
        }
        if oauth.redirect_uri.is_some() && oauth.redirect != RedirectKind::Https {
            fields.fault("redirect_uri", "needs `redirect`: `https`");
        }
        if oauth.anonymous && client_auth != ClientAuthMethod::None {
            fields.fault("anonymous", "needs `client_auth`: `none`");
        }
        oauth.check_requests(&fields);
        fields.finish();
        oauth
    }

    fn check_requests(&self, fields: &Fields<'_>) {
        for (key, request) in [("refresh", &self.refresh), ("upgrade", &self.upgrade)] {
            let Some(request) = request else { continue };
            if request.url.is_none() && request.params.is_empty() {
                fields.fault(key, "must have a URL or parameters");
            }
        }
        if let Some(upgrade) = &self.upgrade
            && !upgrade.mentions("token")
        {
            fields.fault(
                "upgrade",
                "must carry the token that it replaces: `{token}`",
            );
        }
        if let Some(refresh) = &self.refresh
            && !refresh.is_whole()
            && (refresh.method != Method::Post || refresh.format == BodyFormat::None)
        {
            let why = "must be a POST with a body, unless its parameters carry the token";
            fields.fault("refresh.method", why);
        }
        if let Some(refresh) = &self.refresh
            && !refresh.is_whole()
            && refresh.mentions("client_secret")
        {
            let why =
                "carry the client's secret, which goes there as it goes to the token endpoint";
            fields.fault("refresh.params", why);
        }
    }

    /// The scopes to ask for in a flow; `None` is a flow with a person.
    pub fn scopes_for(&self, flow: Option<Flow>) -> &[String] {
        match &self.client_credentials {
            Some(grant) if flow == Some(Flow::ClientCredentials) => &grant.scopes,
            _ => &self.scopes,
        }
    }

    fn check_resource(&self, fields: &Fields<'_>) {
        let sets = [
            ("authorization_params", &self.authorization_params),
            ("token_params", &self.token_params),
        ];
        for (key, _) in sets
            .into_iter()
            .filter(|(_, extra)| extra.iter().any(|(name, _)| name == RESOURCE))
            .filter(|_| self.resource.is_some())
        {
            let field = format!("{key}.{RESOURCE}");
            fields.fault(&field, "is there as `resource` already");
        }
    }

    /// The endpoints a login cannot do without may not depend on values that may be absent.
    pub(super) fn check_params(&self, root: &Fields<'_>, params: &BTreeMap<String, Param>) {
        for (key, template) in self.endpoints() {
            for name in template.variables() {
                if params.get(name).is_some_and(Param::may_be_absent) {
                    root.fault(
                        &format!("oauth.{key}"),
                        format!("mentions `{{{name}}}`, which may have no value at login"),
                    );
                }
            }
        }
        let is_captured = |name: &str| params.get(name).is_some_and(|param| param.from.is_some());
        let requests = [
            ("refresh.url", &self.refresh),
            ("upgrade.url", &self.upgrade),
        ];
        let requests = requests
            .into_iter()
            .filter_map(|(key, request)| Some((key, request.as_ref()?.url.as_ref()?)));
        let revocation = self.revocation.iter().map(|r| ("revocation.url", &r.url));
        let redirect = self.redirect_uri.iter().map(|uri| ("redirect_uri", uri));
        for (key, template) in self
            .endpoints()
            .chain(requests)
            .chain(revocation)
            .chain(redirect)
        {
            for name in template.variables().filter(|name| is_captured(name)) {
                root.fault(
                    &format!("oauth.{key}"),
                    format!("mentions `{{{name}}}`, which the service reveals after login only"),
                );
            }
        }
        let secret = self.client_auth.secret_field();
        for name in self.client_env.keys() {
            if name != "client_id" && name != secret && !params.contains_key(name) {
                root.fault(
                    &format!("oauth.client_env.{name}"),
                    format!("is neither `client_id`, `{secret}` nor a parameter"),
                );
            }
        }
    }

    /// The endpoint templates that are there, with their field names.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&'static str, &Template)> {
        [
            ("issuer", &self.issuer),
            ("resource", &self.resource),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("device_authorization_url", &self.device_authorization_url),
            ("registration_url", &self.registration_url),
        ]
        .into_iter()
        .filter_map(|(key, template)| Some((key, template.as_ref()?)))
    }
}

impl Assertion {
    fn read(fields: &mut Fields<'_>, client_auth: ClientAuthMethod) -> Self {
        let Some(mut object) = fields.take_object("assertion") else {
            return Self::default();
        };
        if client_auth != ClientAuthMethod::PrivateKeyJwt {
            fields.fault("assertion", "needs `client_auth`: `private_key_jwt`");
        }
        let read = Self {
            audience: object.take_template("aud", Variables::Params),
            key_id: object.take_template("kid", Variables::Params),
        };
        object.finish();
        read
    }
}

impl ClientCredentials {
    fn read(mut fields: Fields<'_>) -> Self {
        const CLIENT: [&str; 5] = [
            "client_id",
            "client_secret",
            "client_assertion",
            "client_assertion_type",
            "scope",
        ];
        let read = Self {
            params: read_extra(&mut fields, "params", &CLIENT),
            scopes: read_scopes(&mut fields),
        };
        fields.finish();
        read
    }
}

impl DeviceRequest {
    fn read(fields: Option<Fields<'_>>, scope_param: &str) -> Self {
        let mut device = Self {
            format: BodyFormat::Form,
            scope_param: scope_param.to_owned(),
        };
        let Some(mut fields) = fields else {
            return device;
        };
        if let Some(format) = fields.take_parsed("request") {
            device.format = format;
        }
        if device.format == BodyFormat::None {
            fields.fault("request", "must be form or json");
        }
        if let Some(name) = fields.take_text("scope_param") {
            device.scope_param = name;
        }
        fields.finish();
        device
    }
}

/// `revocation_url` is short for the standard request (RFC 7009), `revocation` describes any other.
fn read_revocation(fields: &mut Fields<'_>, client_auth: ClientAuthMethod) -> Option<Revocation> {
    let standard = fields.take_template("revocation_url", Variables::Params);
    let custom = fields.take_object("revocation");
    if standard.is_some() && custom.is_some() {
        fields.fault(
            "revocation",
            "is there as well as `revocation_url`; keep one",
        );
    }
    if let Some(url) = standard {
        return Some(Revocation::standard(url, client_auth));
    }
    let path = fields.path_of("revocation");
    let request = Request::read(custom?, BodyFormat::Form);
    let Some(url) = request.url else {
        fields.report.fault(format!("{path}.url"), "is missing");
        return None;
    };
    let mut params = request.params;
    // A form without parameters of its own still has to carry the token.
    if params.is_empty() && request.format != BodyFormat::None && request.method == Method::Post {
        params.extend(Template::parse("{token}").map(|token| ("token".to_owned(), token)));
    }
    Some(Revocation {
        url,
        method: request.method,
        auth: request.auth.unwrap_or(client_auth.into()),
        format: request.format,
        headers: request.headers,
        params,
        standard: false,
    })
}

/// Scope tokens (RFC 6749 section 3.3).
fn read_scopes(fields: &mut Fields<'_>) -> Vec<String> {
    let scopes = fields.take_texts("scopes");
    for (at, scope) in scopes.iter().enumerate() {
        let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if scope.is_empty() || !scope.bytes().all(allowed) {
            fields.fault(
                &format!("scopes[{at}]"),
                "is not a scope: no spaces, quotes or backslashes",
            );
        }
    }
    scopes
}

fn read_separator(fields: &mut Fields<'_>) -> String {
    let separator = fields
        .take_text("scope_separator")
        .unwrap_or_else(|| " ".to_owned());
    if !matches!(separator.as_str(), " " | "," | "+" | ";" | ", ") {
        fields.fault(
            "scope_separator",
            "must be a space, a comma, a plus or a semicolon",
        );
    }
    separator
}

/// Extra parameters may not replace the ones a flow's safety rests on.
fn read_extra(
    fields: &mut Fields<'_>,
    key: &'static str,
    taken: &[&str],
) -> Vec<(String, Template)> {
    let pairs = read_pairs(fields, key, Variables::Params);
    for (name, _) in &pairs {
        if taken.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
            fields.fault(&format!("{key}.{name}"), "is set by the flow itself");
        }
    }
    pairs
}

fn read_client_env(fields: &mut Fields<'_>) -> BTreeMap<String, EnvVarName> {
    let mut names = BTreeMap::new();
    for (path, key, value) in fields.take_entries("client_env") {
        let text = as_text(fields.report, &path, value);
        let name = text.and_then(|text| parse_at::<EnvVarName>(fields.report, &path, text));
        names.extend(name.map(|name| (key.to_owned(), name)));
    }
    names
}
