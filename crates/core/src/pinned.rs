//! The places a credential may ever be sent, fixed at login inside the sealed record.
//!
//! A definition is a file that other programs can edit. Were the token endpoint read from it anew at each
//! refresh, an edit could send the refresh token anywhere. So the endpoints are pinned when a person logs
//! in, and what is not pinned gets nothing: the person logs in again, and sees where to. The origin alone
//! would not do: at one origin there may be a place that publishes what it is sent.
//!
//! The variables that the credential is handed out in are pinned too. A literal put beside it later, such as
//! another base URL, would send it elsewhere just as well.

use std::collections::BTreeMap;

use authkeep_registry::{
    Exchange, OAuthEndpoints, Provider, Request, RequestAuth, Revocation, Template,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// Endpoints, host patterns and variables, as text, as they were at login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pinned {
    /// The token endpoint and its extra parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// What the client credentials grant says besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_credentials: Option<String>,
    /// The device authorization endpoint: a client that has a secret authenticates there too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// The whole request that renews the token, secrets as placeholders, where it is one of the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh: Option<String>,
    /// Whether that request carries the access token itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) renews_itself: bool,
    /// The whole request that turns a token into one that lives longer, secrets as placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upgrade: Option<String>,
    /// The whole revocation request, secrets as placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revocation: Option<String>,
    /// The whole request that turns an API key into a token, secrets as placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exchange: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hosts: Vec<String>,
    /// Environment variables as templates; parameters are filled in, secrets are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) env: Vec<(String, String)>,
    /// What a newer version pins besides; it survives a rewrite.
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

impl Pinned {
    pub(crate) fn to(provider: &Provider) -> Self {
        let oauth = provider.oauth.as_ref();
        Self {
            token: oauth.and_then(token_request),
            client_credentials: oauth.and_then(client_credentials),
            device: oauth.and_then(device_authorization),
            refresh: oauth.and_then(refresh),
            renews_itself: oauth
                .and_then(|oauth| oauth.refresh.as_ref())
                .is_some_and(Request::renews_the_token_itself),
            upgrade: oauth.and_then(upgrade),
            revocation: oauth
                .and_then(|oauth| oauth.revocation.as_ref())
                .map(revocation_request),
            exchange: (provider.api_key.as_ref())
                .and_then(|key| key.exchange.as_ref())
                .map(exchange_request),
            hosts: provider
                .hosts
                .iter()
                .map(|host| host.pattern.to_string())
                .collect(),
            env: provider
                .env
                .iter()
                .map(|(name, template)| (name.to_string(), template.as_str().to_owned()))
                .collect(),
            unknown: BTreeMap::new(),
        }
    }

    /// Takes over the requests of `after` that were those of `before` here: the same, now that a value in them is known.
    pub(crate) fn follow(&mut self, before: &Self, after: &Self) {
        let requests: [fn(&mut Self) -> &mut Option<String>; 6] = [
            |pinned| &mut pinned.token,
            |pinned| &mut pinned.client_credentials,
            |pinned| &mut pinned.device,
            |pinned| &mut pinned.refresh,
            |pinned| &mut pinned.upgrade,
            |pinned| &mut pinned.revocation,
        ];
        let (mut before, mut after) = (before.clone(), after.clone());
        for request in requests {
            if request(self) == request(&mut before) {
                request(self).clone_from(request(&mut after));
            }
        }
    }

    /// Puts the endpoints of that time in their places, where the definition leaves them to the issuer: the issuer is
    /// not asked again, and nobody who changes its metadata later gets what was stored before.
    pub(crate) fn complete(&self, provider: &mut Provider) {
        let Some(oauth) = provider.oauth.as_mut().filter(|o| o.needs_discovery()) else {
            return;
        };
        let line = |text: &Option<String>, at| text.as_deref()?.lines().nth(at).map(str::to_owned);
        let url = |text| line(text, 0).and_then(|line| Url::parse(&line).ok());
        oauth.token_url = url(&self.token);
        let device = oauth.device_authorization_url.take();
        oauth.device_authorization_url = device.or(url(&self.device));
        if oauth.revocation.is_none() {
            let url = line(&self.revocation, REVOCATION_URL);
            oauth.revocation =
                url.map(|url| Revocation::standard(Template::literal(&url), oauth.client_auth));
        }
    }

    /// Whether token requests still go where they went at login, and say the same besides.
    pub(crate) fn admits_token_requests(&self, oauth: &OAuthEndpoints) -> bool {
        self.token.is_some() && self.token == token_request(oauth)
    }

    /// Whether that holds for the client credentials grant too, with its own parameters.
    pub(crate) fn admits_client_credentials(&self, oauth: &OAuthEndpoints) -> bool {
        self.admits_token_requests(oauth) && self.client_credentials == client_credentials(oauth)
    }

    /// Whether codes are still asked for where they were at login.
    pub(crate) fn admits_device_requests(&self, oauth: &OAuthEndpoints) -> bool {
        self.device.is_some() && self.device == device_authorization(oauth)
    }

    /// Whether tokens are still renewed where they were at login, in the same way.
    pub(crate) fn admits_refreshes(&self, oauth: &OAuthEndpoints) -> bool {
        self.admits_token_requests(oauth) && self.refresh == refresh(oauth)
    }

    /// Whether tokens still become longer lived ones where they did when the client was entered.
    pub(crate) fn admits_upgrades(&self, oauth: &OAuthEndpoints) -> bool {
        self.admits_token_requests(oauth) && self.upgrade == upgrade(oauth)
    }

    /// Whether the key is still sent where it was sent at login, in the same way.
    pub(crate) fn admits_exchange(&self, exchange: &Exchange) -> bool {
        self.exchange.as_deref() == Some(exchange_request(exchange).as_str())
    }

    /// Whether a revocation is still the request that it was at login.
    pub(crate) fn admits_revocation(&self, revocation: &Revocation) -> bool {
        self.revocation.as_deref() == Some(revocation_request(revocation).as_str())
    }
}

fn token_request(oauth: &OAuthEndpoints) -> Option<String> {
    let mut text = oauth.token_url.as_ref()?.to_string();
    for (name, value) in &oauth.token_params {
        text.push_str(&format!("\n{name}={value}"));
    }
    // Whom the client's assertion speaks to: one that is meant for another server could be used there.
    if let Some(audience) = &oauth.assertion_audience {
        text.push_str(&format!("\nclient_assertion={audience}"));
    }
    Some(text)
}

/// Whose account, which audience: what decides what the token is good for.
fn client_credentials(oauth: &OAuthEndpoints) -> Option<String> {
    let grant = oauth.client_credentials.as_ref()?;
    let line = |(name, value): &(String, String)| format!("{name}={value}");
    Some(grant.params.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn device_authorization(oauth: &OAuthEndpoints) -> Option<String> {
    Some(oauth.device_authorization_url.as_ref()?.to_string())
}

fn refresh(oauth: &OAuthEndpoints) -> Option<String> {
    oauth.refresh.as_ref().map(vendor_request)
}

fn upgrade(oauth: &OAuthEndpoints) -> Option<String> {
    oauth.upgrade.as_ref().map(vendor_request)
}

/// Where it has no URL of its own it goes to the token endpoint, which is pinned too.
fn vendor_request(request: &Request) -> String {
    let words = [
        request.method.as_str(),
        request.url.as_ref().map_or("", Template::as_str),
        request.auth.map_or("", RequestAuth::as_str),
        request.format.as_str(),
    ];
    lines(words, &request.headers, &request.params)
}

fn exchange_request(exchange: &Exchange) -> String {
    let Exchange {
        url,
        method,
        format,
        params,
        injection,
        ..
    } = exchange;
    let mut text = [method.as_str(), url.as_str(), format.as_str()].join("\n");
    let parts = [&injection.headers, &injection.query, params];
    for (kind, pairs) in ["header", "query", "param"].into_iter().zip(parts) {
        for (name, value) in pairs {
            text.push_str(&format!("\n{kind} {name}={}", value.as_str()));
        }
    }
    if let Some((user, password)) = &injection.basic {
        text.push_str(&format!("\nbasic {}\n{}", user.as_str(), password.as_str()));
    }
    text
}

/// The line of a pinned revocation that holds its URL.
const REVOCATION_URL: usize = 1;

/// One line for each part of a request; the order is the definition's own, which is sorted.
fn lines(
    words: [&str; 4],
    headers: &[(String, Template)],
    params: &[(String, Template)],
) -> String {
    let mut text = words.join("\n");
    for (name, value) in headers.iter().chain(params) {
        text.push_str(&format!("\n{name}={}", value.as_str()));
    }
    text
}

fn revocation_request(revocation: &Revocation) -> String {
    let Revocation {
        url,
        method,
        auth,
        format,
        headers,
        params,
        ..
    } = revocation;
    let words = [
        method.as_str(),
        url.as_str(),
        auth.as_str(),
        format.as_str(),
    ];
    lines(words, headers, params)
}
