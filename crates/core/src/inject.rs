//! Puts a stored credential into a request, the way the provider's definition says: headers, query parameters, HTTP
//! Basic, a path prefix.
//!
//! It makes a request only for places under the provider's own hosts. Which these are was pinned at login, and a
//! caller that comes later than that has to compare.

use authkeep_flows::HttpRequest;
use authkeep_registry::{self as registry, Injection, Provider, Template};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::record::ConnectionRecord;

/// A request to `url` that carries the credential of `record`; `None` where the credential must not go there, or signs
/// and is not itself sent.
///
/// A part whose template needs a value that this credential does not have is left out.
pub(crate) fn authorized(
    method: registry::Method,
    url: Url,
    provider: &Provider,
    record: &ConnectionRecord,
) -> Option<HttpRequest> {
    let port = url.port_or_known_default()?;
    let host = provider.host_for(url.host_str()?, port, url.path())?;
    let injection = host.injection.as_ref().or(usual(provider, record))?;
    if injection.sign.is_some() {
        // Requests are signed where a program's are: in the sidecar.
        return None;
    }
    Some(injected(method, url, injection, &provider.headers, record))
}

/// How a credential of this kind is put into requests, where a host does not say otherwise.
pub(crate) fn usual<'a>(
    provider: &'a Provider,
    record: &ConnectionRecord,
) -> Option<&'a Injection> {
    if record.fields.is_empty() {
        provider.oauth.as_ref().map(|oauth| &oauth.injection)
    } else {
        provider.api_key.as_ref().map(|key| &key.injection)
    }
}

/// A request to `url` with `usual_headers` and whatever `injection` makes of `record`. Whether it may go there is the
/// caller's business.
pub(crate) fn injected(
    method: registry::Method,
    mut url: Url,
    injection: &Injection,
    usual_headers: &[(String, String)],
    record: &ConnectionRecord,
) -> HttpRequest {
    let Injection {
        headers,
        query,
        basic,
        path,
        ..
    } = injection;
    if let Some(prefix) = path.as_ref().and_then(|path| fill(path, record)) {
        // EXPOSE: into the address of the request that carries it.
        let path = Zeroizing::new(format!("{}{}", prefix.expose_secret(), url.path()));
        url.set_path(&path);
    }
    for (name, template) in query {
        if let Some(value) = fill(template, record) {
            // EXPOSE: into the address of the request that carries it.
            url.query_pairs_mut()
                .append_pair(name, value.expose_secret());
        }
    }
    let mut request = HttpRequest::new(crate::authorization_server::method(method), url);
    for (name, value) in usual_headers {
        request = request.with_header(name, value.as_str());
    }
    for (name, template) in headers {
        if let Some(value) = fill(template, record) {
            request = request.with_header(name, value);
        }
    }
    if let Some((user, password)) = basic
        && let (Some(user), Some(password)) = (fill(user, record), fill(password, record))
    {
        request = request.with_basic(&user, &password);
    }
    request
}

/// The text of a template; `None` where it needs a value that this credential does not have.
pub(crate) fn fill(template: &Template, record: &ConnectionRecord) -> Option<SecretString> {
    // EXPOSE: into the rendered value, which is a secret again at once.
    let exposed = |name: &str| match name {
        "client_id" => record.client_id(),
        _ => secret(record, name).map(ExposeSecret::expose_secret),
    };
    template.render(exposed).map(SecretString::from)
}

fn secret<'a>(record: &'a ConnectionRecord, name: &str) -> Option<&'a SecretString> {
    match name {
        "token" => record.access_token.as_ref(),
        _ => None,
    }
    .or_else(|| record.fields.get(name))
    .or_else(|| record.secret_params.get(name))
}
