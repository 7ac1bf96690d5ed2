//! Filling checked values into a definition, and checking what comes out.

use std::collections::BTreeMap;

use url::Url;

use crate::address::Locality;
use crate::definition::{
    ApiKey, Definition, HostRule, OAuth, ParamSource, RESOURCE, Request, Revocation, Whoami,
};
use crate::endpoint;
use crate::error::FieldError;
use crate::host::HostPattern;
use crate::provider::{ClientCredentialsRequest, Host, OAuthEndpoints, Provider, WhoamiRequest};
use crate::template::Template;
use crate::text;

/// Fills in values and notes what comes out wrong.
pub(super) struct Binder<'a> {
    values: &'a BTreeMap<String, String>,
    locality: Locality,
    faults: Vec<FieldError>,
}

impl<'a> Binder<'a> {
    pub(super) fn new(values: &'a BTreeMap<String, String>, locality: Locality) -> Self {
        Self {
            values,
            locality,
            faults: Vec::new(),
        }
    }

    /// The provider, or everything that came out wrong.
    pub(super) fn bind(mut self, definition: &Definition) -> Result<Provider, Vec<FieldError>> {
        let provider = self.provider(definition);
        if self.faults.is_empty() {
            Ok(provider)
        } else {
            Err(self.faults)
        }
    }

    fn provider(&mut self, definition: &Definition) -> Provider {
        let hosts: Vec<Host> = definition
            .hosts
            .iter()
            .enumerate()
            .filter_map(|(at, rule)| self.host(&format!("hosts[{at}]"), rule, definition))
            .collect();
        for (name, param) in &definition.params {
            if let Some(ParamSource::Get { url, .. }) = &param.from {
                let field = format!("params.{name}.from");
                self.url_under(&field, url, &hosts);
            }
        }
        let whoami = definition
            .whoami
            .as_ref()
            .and_then(|whoami| self.whoami(whoami, &hosts));
        Provider {
            name: definition.name.clone(),
            display_name: definition.display_name.clone(),
            local: definition.local,
            flows: definition.flows.clone(),
            headers: self.texts(&definition.headers),
            oauth: definition.oauth.as_ref().map(|oauth| self.oauth(oauth)),
            api_key: definition.api_key.as_ref().map(|key| self.api_key(key)),
            env: definition
                .env
                .iter()
                .map(|(name, template)| (name.clone(), self.substitute(template)))
                .collect(),
            whoami,
            hosts,
            params: self.values.clone(),
            captures: Vec::new(),
            extends: definition.extends.clone(),
        }
    }

    fn oauth(&mut self, oauth: &OAuth) -> OAuthEndpoints {
        let issuer = self.text(oauth.issuer.as_ref());
        if let Some(issuer) = &issuer
            && let Err(why) = endpoint::check(issuer, self.locality)
        {
            self.faults.push(FieldError::new("oauth.issuer", why));
        }
        let resource = self.resource(oauth.resource.as_ref());
        let named = || resource.iter().map(|id| (RESOURCE.to_owned(), id.clone()));
        let with_resource =
            |params: &[(String, Template)]| self.texts(params).into_iter().chain(named()).collect();
        let authorization_params = with_resource(&oauth.authorization_params);
        let token_params = with_resource(&oauth.token_params);
        OAuthEndpoints {
            issuer,
            iss_required: oauth.iss_required,
            resource,
            authorization_url: self
                .page("oauth.authorization_url", oauth.authorization_url.as_ref()),
            token_url: self.url("oauth.token_url", oauth.token_url.as_ref()),
            device_authorization_url: self.url(
                "oauth.device_authorization_url",
                oauth.device_authorization_url.as_ref(),
            ),
            registration_url: self.url("oauth.registration_url", oauth.registration_url.as_ref()),
            revocation: oauth
                .revocation
                .as_ref()
                .and_then(|revocation| self.revocation(revocation)),
            scopes: oauth.scopes.clone(),
            scope_separator: oauth.scope_separator.clone(),
            scope_param: oauth.scope_param.clone(),
            client_id_param: oauth.client_id_param.clone(),
            client_auth: oauth.client_auth,
            assertion_audience: self.text(oauth.assertion.audience.as_ref()),
            assertion_key_id: self.text(oauth.assertion.key_id.as_ref()),
            token_format: oauth.token_format,
            pkce: oauth.pkce,
            public_client: oauth.public_client,
            redirect: oauth.redirect,
            redirect_uri: (oauth.redirect_uri.as_ref()).map(|uri| self.substitute(uri)),
            anonymous: oauth.anonymous,
            authorization_params,
            token_params,
            token_path: oauth.token_path.clone(),
            expires_in: oauth.expires_in,
            login_expires_in: oauth.login_expires_in,
            login_expires_if: oauth.login_expires_if.clone(),
            client_env: oauth.client_env.clone(),
            docs: oauth.docs.clone(),
            refresh: oauth
                .refresh
                .as_ref()
                .and_then(|request| self.request("oauth.refresh.url", request)),
            upgrade: oauth
                .upgrade
                .as_ref()
                .and_then(|request| self.request("oauth.upgrade.url", request)),
            client_credentials: oauth.client_credentials.as_ref().map(|grant| {
                ClientCredentialsRequest {
                    params: self.texts(&grant.params),
                    scopes: grant.scopes.clone(),
                }
            }),
            device: oauth.device.clone(),
            injection: oauth.injection.map(|template| self.substitute(template)),
        }
    }

    fn api_key(&mut self, key: &ApiKey) -> ApiKey {
        if let Some(exchange) = &key.exchange {
            self.url("api_key.exchange.url", Some(&exchange.url));
        }
        let exchange = key.exchange.as_ref();
        ApiKey {
            exchange: exchange.map(|exchange| exchange.map(|template| self.substitute(template))),
            injection: key.injection.map(|template| self.substitute(template)),
            ..key.clone()
        }
    }

    fn host(&mut self, field: &str, rule: &HostRule, definition: &Definition) -> Option<Host> {
        if let Some(name) = &rule.if_default
            && definition
                .params
                .get(name)
                .and_then(|param| param.default.as_ref())
                != self.values.get(name)
        {
            return None;
        }
        let text = self.render(&rule.pattern)?;
        let text = match text.split_once("://") {
            Some(("https", rest)) => rest.to_owned(),
            Some(("http", rest)) => with_http_port(rest),
            _ => text,
        };
        let pattern = match HostPattern::parse(&text) {
            Ok(pattern) => pattern,
            Err(error) => {
                self.faults.push(FieldError::new(field, error.to_string()));
                return None;
            }
        };
        if let Some(why) = pattern.objection(self.locality) {
            let shown = text::quote(pattern.host());
            self.faults
                .push(FieldError::new(field, format!("{shown} {why}")));
            return None;
        }
        if pattern.is_vendors_and_strangers() && !only_signs(definition, rule) {
            let why = "would match hosts of unrelated owners; only a key that signs may go there";
            self.faults.push(FieldError::new(field, why));
            return None;
        }
        let injection = rule.injection.as_ref();
        let injection =
            injection.map(|injection| injection.map(|template| self.substitute(template)));
        Some(Host { pattern, injection })
    }

    fn whoami(&mut self, whoami: &Whoami, hosts: &[Host]) -> Option<WhoamiRequest> {
        Some(WhoamiRequest {
            url: self.url_under("whoami.url", &whoami.url, hosts)?,
            method: whoami.method,
            body: whoami.body.clone(),
            label: whoami.label.clone(),
        })
    }

    /// A URL that gets the credential.
    fn url_under(&mut self, field: &str, template: &Template, hosts: &[Host]) -> Option<Url> {
        let url = self.url(field, Some(template))?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let matches = |rule: &Host| rule.pattern.matches(host, port, url.path());
        if !hosts.iter().any(matches) {
            let why = "is not under one of `hosts`, and the credential may go nowhere else";
            self.faults.push(FieldError::new(field, why));
            return None;
        }
        Some(url)
    }

    fn url(&mut self, field: &str, template: Option<&Template>) -> Option<Url> {
        self.checked(field, template, endpoint::check)
    }

    /// A URL that only a browser opens.
    fn page(&mut self, field: &str, template: Option<&Template>) -> Option<Url> {
        self.checked(field, template, endpoint::check_page)
    }

    fn checked(
        &mut self,
        field: &str,
        template: Option<&Template>,
        check: fn(&str, Locality) -> Result<Url, String>,
    ) -> Option<Url> {
        let text = self.render(template?)?;
        match check(&text, self.locality) {
            Ok(url) => Some(url),
            Err(why) => {
                self.faults.push(FieldError::new(field, why));
                None
            }
        }
    }

    /// An absolute URI without a fragment (RFC 8707 section 2). It is compared as text and sent as it is written.
    fn resource(&mut self, template: Option<&Template>) -> Option<String> {
        let text = self.render(template?)?;
        let why = match Url::parse(&text) {
            Ok(url) if url.fragment().is_none() && text.bytes().all(|b| b.is_ascii_graphic()) => {
                return Some(text);
            }
            Ok(_) => "must not contain a fragment, a space or a letter that is not ASCII",
            Err(_) => "is not an absolute URI",
        };
        self.faults.push(FieldError::new("oauth.resource", why));
        None
    }

    fn revocation(&mut self, revocation: &Revocation) -> Option<Revocation> {
        let bound = revocation.map(|template| self.substitute(template));
        let origin = bound.origin();
        self.open_url("oauth.revocation.url", &bound.url, origin)?;
        Some(bound)
    }

    fn request(&mut self, field: &str, request: &Request) -> Option<Request> {
        let bound = request.map(|template| self.substitute(template));
        if let Some(url) = &bound.url {
            self.open_url(field, url, bound.origin())?;
        }
        Some(bound)
    }

    /// Checks a URL that still waits for the client id.
    fn open_url(&mut self, field: &str, url: &Template, origin: Option<String>) -> Option<()> {
        if url.variables().any(|name| name != "client_id") {
            // A parameter that may be absent is absent: so is this request.
            return None;
        }
        let checked = match (url.render(|_| Some("id")), origin) {
            (Some(text), Some(_)) => endpoint::check(&text, self.locality).map(drop),
            (Some(text), None) => endpoint::check(&text, self.locality)
                .and(Err("must not take its host from the client id".to_owned())),
            (None, _) => Ok(()),
        };
        match checked {
            Ok(()) => Some(()),
            Err(why) => {
                self.faults.push(FieldError::new(field, why));
                None
            }
        }
    }

    fn render(&self, template: &Template) -> Option<String> {
        template.render(|name| self.values.get(name).map(String::as_str))
    }

    /// The text of a template that is there and complete.
    fn text(&self, template: Option<&Template>) -> Option<String> {
        template.and_then(|template| self.render(template))
    }

    fn substitute(&self, template: &Template) -> Template {
        template.substitute(|name| self.values.get(name).map(String::as_str))
    }

    /// Pairs whose values are complete; those that mention an absent parameter are left out.
    fn texts(&self, pairs: &[(String, Template)]) -> Vec<(String, String)> {
        let complete =
            |(name, template): &(String, Template)| Some((name.clone(), self.render(template)?));
        pairs.iter().filter_map(complete).collect()
    }
}

/// Host patterns mean https; a plain http base URL has to say its port.
pub(super) fn with_http_port(rest: &str) -> String {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    if authority[after_brackets..].contains(':') {
        rest.to_owned()
    } else {
        format!("{authority}:80{path}")
    }
}

/// Whether requests under the rule are signed, and never have the credential in them.
fn only_signs(definition: &Definition, rule: &HostRule) -> bool {
    let key = definition.api_key.as_ref();
    definition.oauth.is_none()
        && rule.injection.is_none()
        && key.is_some_and(|key| key.injection.sign.is_some())
}
