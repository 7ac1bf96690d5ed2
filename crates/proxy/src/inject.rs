//! Puts the credential into a request that is on its way: headers, query parameters, HTTP Basic, a path prefix.
//!
//! Whatever the sender put in the same places goes away, in every spelling that a server could take for it, so that the
//! server sees exactly one credential. Whether the credential may go there was decided before.

mod path;

use authkeep_core::{Credential, login_command};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use crate::{Code, Placeholders, Refusal, Route, Secrets};

/// Makes `parts` a request with the credential.
///
/// The login's own placeholders are taken out of headers and parameters that the credential is not put in, where servers
/// would take them for a second, wrong credential. The returned secrets are what an answer must not repeat.
///
/// # Errors
///
/// A [`Refusal`] where the request has a header that some servers take for one of ours, or where the credential cannot
/// be written.
pub fn apply(
    parts: &mut Parts,
    route: &Route,
    credential: &Credential,
    placeholders: &Placeholders,
) -> Result<Secrets, Refusal> {
    refuse_twins(&parts.headers, route)?;
    let mut secrets = Secrets::default();
    for field in route.secret_fields() {
        if let Ok(secret) = credential.field(field) {
            secrets.push(secret.clone());
        }
    }
    for name in route.own_headers() {
        parts.headers.remove(name);
    }
    for name in ELSEWHERE {
        parts.headers.remove(name);
    }
    remove_placeholders(&mut parts.headers, placeholders);
    for (name, value) in &route.usual_headers {
        if !parts.headers.contains_key(name) {
            parts.headers.insert(name.clone(), value.clone());
        }
    }
    for (name, template) in &route.headers {
        if let Some(value) = credential.render(template) {
            // EXPOSE: into the request that carries it.
            let value = sensitive(value.expose_secret().as_bytes(), route)?;
            parts.headers.insert(name.clone(), value);
        }
    }
    if let Some((user, password)) = &route.injection.basic
        && let (Some(user), Some(password)) = (credential.render(user), credential.render(password))
    {
        // EXPOSE: into the request that carries it (RFC 7617 §2).
        let (user, password) = (user.expose_secret(), password.expose_secret());
        let plain = Zeroizing::new(format!("{user}:{password}"));
        let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
        secrets.push(SecretString::from(encoded.as_str()));
        let value = Zeroizing::new(format!("Basic {}", encoded.as_str()));
        parts
            .headers
            .insert(AUTHORIZATION, sensitive(value.as_bytes(), route)?);
    }
    // What is compressed cannot be looked through for the secret.
    parts
        .headers
        .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let target = target(&parts.uri, route, credential, placeholders, &mut secrets)?;
    if let Some(target) = target {
        parts.uri = with_target(&parts.uri, &target).ok_or_else(|| unusable(route))?;
    }
    Ok(secrets)
}

/// By these, some gateways read another path or host than the one that the choice of the credential was made by.
const ELSEWHERE: [&str; 5] = [
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-forwarded-host",
    "x-host",
];

/// Refuses `x_api_key` beside our `x-api-key`: gateways that turn headers into variables make one of both.
fn refuse_twins(headers: &HeaderMap, route: &Route) -> Result<(), Refusal> {
    let is_twin = |one: &HeaderName, other: &HeaderName| one != other && is_alike(one, other);
    let mut names = headers.keys();
    match names.find(|name| route.own_headers().any(|own| is_twin(own, name))) {
        None => Ok(()),
        Some(name) => Err(Refusal::new(
            Code::BadRequest,
            format!("some servers take the header `{name}` for one that carries the credential"),
        )
        .hint("leave it out")),
    }
}

/// Whether some servers take one name for the other: both are the same but for what is no letter and no digit.
pub(crate) fn is_alike(one: &HeaderName, other: &HeaderName) -> bool {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    let alike =
        |(a, b): (&u8, &u8)| a == b || !(a.is_ascii_alphanumeric() || b.is_ascii_alphanumeric());
    one.len() == other.len() && one.iter().zip(other).all(alike)
}

fn remove_placeholders(headers: &mut HeaderMap, placeholders: &Placeholders) {
    let values = headers.iter();
    let carriers = values.filter(|(_, value)| placeholders.contains(value.as_bytes()));
    let carriers: Vec<HeaderName> = carriers.map(|(name, _)| name.clone()).collect();
    for name in carriers {
        headers.remove(name);
    }
}

fn sensitive(value: &[u8], route: &Route) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_bytes(value).map_err(|_| unusable(route))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The path and query with the credential in them; `None` where they stay as they are.
fn target(
    uri: &Uri,
    route: &Route,
    credential: &Credential,
    placeholders: &Placeholders,
    secrets: &mut Secrets,
) -> Result<Option<Zeroizing<String>>, Refusal> {
    let injection = &route.injection;
    let old = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let stays = injection.query.is_empty() && injection.path.is_none();
    if stays && !placeholders.contains(old.as_bytes()) {
        return Ok(None);
    }
    let mut new = Zeroizing::new(String::with_capacity(old.len() + 256));
    let mut path = uri.path();
    if let Some(template) = &injection.path
        && let Some(prefix) = credential.render(template)
    {
        // EXPOSE: into the request that carries it.
        let prefix = encoded(prefix.expose_secret(), PATH);
        new.push_str(prefix.expose_secret());
        secrets.push(prefix);
        path = path::behind_key(path, template.as_str(), placeholders)?;
    }
    new.push_str(path);
    let is_ours = |name: &str| {
        let mut own = injection.query.iter();
        own.any(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    let mut separator = '?';
    for pair in uri.query().into_iter().flat_map(|query| query.split('&')) {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        let is_out = name.is_some_and(|(name, _)| is_ours(&name));
        if !is_out && !placeholders.contains(pair.as_bytes()) {
            new.push(separator);
            new.push_str(pair);
            separator = '&';
        }
    }
    for (name, template) in &injection.query {
        if let Some(value) = credential.render(template) {
            new.push(separator);
            separator = '&';
            new.extend(utf8_percent_encode(name, QUERY));
            new.push('=');
            // EXPOSE: into the request that carries it.
            let value = encoded(value.expose_secret(), QUERY);
            new.push_str(value.expose_secret());
            secrets.push(value);
        }
    }
    Ok(Some(new))
}

/// All but the unreserved characters (RFC 3986 §2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// All but what may stand in a path (RFC 3986 §3.3).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

fn encoded(text: &str, set: &'static AsciiSet) -> SecretString {
    let text: String = utf8_percent_encode(text, set).collect();
    text.into()
}

fn with_target(uri: &Uri, target: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn unusable(route: &Route) -> Refusal {
    let account = &route.account;
    let message = format!("the credential of `{account}` cannot be written into a request");
    Refusal::new(Code::LoginExpired, message)
        .hint("log in again, and look for line breaks in what is pasted")
        .command(login_command(&account.provider, &account.connection))
}

#[cfg(test)]
mod tests;
