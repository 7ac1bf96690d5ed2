//! The authorization endpoint (RFC 6749 section 4.1.1): a consent page, then the way back.

use url::{Host, Url};

use super::options::{IssParam, Pkce, ServerOptions};
use super::state::State;
use crate::canary::random_hex;
use crate::message::{Received, Reply, has_duplicates};

/// What a client asked the person for, kept until the code is redeemed.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) challenge: Option<Challenge>,
    state: Option<String>,
}

/// A code challenge and how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    S256(String),
    Plain(String),
}

/// Shows the consent page for a request that is in order.
pub(super) fn show(state: &mut State, issuer: &str, received: &Received) -> Reply {
    // Until client and redirect URI are known good, nobody is sent anywhere (section 4.1.2.1).
    if has_duplicates(&received.query) {
        return Reply::page(400, "<h1>A parameter came twice</h1>");
    }
    let Some(client) = received
        .parameter("client_id")
        .and_then(|id| state.options.client(id))
    else {
        return Reply::page(400, "<h1>Unknown client</h1>");
    };
    let redirect_uri = received.parameter("redirect_uri").unwrap_or_default();
    let path = &state.options.redirect_path;
    let is_registered = match client.registration_token {
        Some(_) => client
            .redirect_uris
            .iter()
            .any(|known| known == redirect_uri),
        None => path
            .as_ref()
            .is_none_or(|path| has_path(redirect_uri, path)),
    };
    if !is_loopback(redirect_uri) || !is_registered {
        return Reply::page(400, "<h1>This redirect URI is not registered</h1>");
    }
    let mut request = AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: granted_scope(&state.options, received.parameter("scope")),
        challenge: None,
        state: received.parameter("state").map(str::to_owned),
    };
    if received.parameter("response_type") != Some("code") {
        return refuse(
            &request,
            &state.options,
            issuer,
            "unsupported_response_type",
        );
    }
    match challenge(state.options.pkce, received) {
        Ok(challenge) => request.challenge = challenge,
        Err(error) => return refuse(&request, &state.options, issuer, error),
    }
    let id = random_hex();
    let page = format!(
        "<h1>Log in</h1><form method=\"post\" action=\"/authorize\">\
         <input type=\"hidden\" name=\"request\" value=\"{id}\">\
         <label>User <input type=\"text\" name=\"user\" value=\"ada\"></label>\
         <p>A test client wants access.</p>\
         <button type=\"submit\" name=\"decision\" value=\"approve\">Approve</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></form>"
    );
    state.pending.insert(id, request);
    Reply::page(200, &page)
}

/// Acts on the person's decision. Each page shown can be answered once.
pub(super) fn decide(state: &mut State, issuer: &str, received: &Received) -> Reply {
    let Some(request) = received
        .field("request")
        .and_then(|id| state.pending.remove(id))
    else {
        return Reply::page(400, "<h1>This page has been used</h1>");
    };
    if received.field("decision") != Some("approve") {
        return refuse(&request, &state.options, issuer, "access_denied");
    }
    let code = state.grants.issue_code(request.clone());
    send_back(&request, &state.options, issuer, ("code", &code))
}

fn refuse(
    request: &AuthorizationRequest,
    options: &ServerOptions,
    issuer: &str,
    error: &str,
) -> Reply {
    send_back(request, options, issuer, ("error", error))
}

/// 303, so that a browser does not post the form once more to the client.
fn send_back(
    request: &AuthorizationRequest,
    options: &ServerOptions,
    issuer: &str,
    outcome: (&str, &str),
) -> Reply {
    let mut url = Url::parse(&request.redirect_uri).expect("a redirect URI that was checked");
    let mut query = url.query_pairs_mut();
    query.append_pair(outcome.0, outcome.1);
    if let Some(state) = &request.state {
        query.append_pair("state", state);
    }
    let elsewhere = format!("{issuer}.elsewhere.test");
    let issuers: &[&str] = match options.issuer_param {
        IssParam::Absent => &[],
        IssParam::Right => &[issuer],
        IssParam::Wrong => &[&elsewhere],
        IssParam::Duplicate => &[issuer, &elsewhere],
    };
    for issuer in issuers {
        query.append_pair("iss", issuer);
    }
    drop(query);
    Reply::redirect(303, url.as_str())
}

/// RFC 8252 section 7.3: plain http to loopback, whatever the port.
fn has_path(redirect_uri: &str, path: &str) -> bool {
    Url::parse(redirect_uri).is_ok_and(|url| url.path() == path)
}

fn is_loopback(redirect_uri: &str) -> bool {
    Url::parse(redirect_uri).is_ok_and(|url| {
        let here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        here && matches!(url.scheme(), "http" | "https") && url.fragment().is_none()
    })
}

pub(super) fn granted_scope(options: &ServerOptions, asked: Option<&str>) -> String {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return options.scopes.join(" ");
    };
    let known: Vec<&str> = asked
        .split(' ')
        .filter(|scope| options.scopes.iter().any(|known| known == scope))
        .collect();
    known.join(" ")
}

fn challenge(pkce: Pkce, received: &Received) -> Result<Option<Challenge>, &'static str> {
    let value = received.parameter("code_challenge").map(str::to_owned);
    let method = received
        .parameter("code_challenge_method")
        .unwrap_or("plain");
    match (pkce, value, method) {
        (Pkce::Unchecked, ..) => Ok(None),
        (Pkce::S256Required, Some(value), "S256") => Ok(Some(Challenge::S256(value))),
        (Pkce::PlainOnly, Some(value), "plain") => Ok(Some(Challenge::Plain(value))),
        _ => Err("invalid_request"),
    }
}
