//! Requests for `http` addresses: forwarded as any proxy would, and never with a credential.
//!
//! Each has a connection of its own. A host of a login is not reached this way at all: what is meant for it is meant to be
//! encrypted.

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use crate::authority::Authority;
use crate::body::{Answer, Outgoing};
use crate::connect::unmatched;
use crate::dial::Scope;
use crate::hygiene;
use crate::lingering::Lingering;
use crate::refusal::{Code, Refusal};
use crate::sidecar::{Shared, Unmatched};
use crate::trailers::Trailed;

const HTTP: u16 = 80;

/// Sends a request in absolute form (RFC 9112 section 3.2.2) on to its server.
pub(crate) async fn forward(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Refusal> {
    let authority = target(&request)?;
    check(shared, &request, &authority)?;
    let (mut parts, body) = request.into_parts();
    if let Some(account) = shared.placeholders.find(&parts)? {
        let message =
            format!("the request carries the placeholder of `{account}`, and is not for it");
        return Err(Refusal::new(Code::Denied, message)
            .hint(format!("send it to the hosts of `{account}` only")));
    }
    hygiene::clean(&mut parts)?;
    parts.headers.remove(header::UPGRADE);
    parts.headers.remove(header::CONNECTION);
    let path = parts.uri.path_and_query().cloned();
    parts.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let host = if authority.port() == HTTP {
        authority.host().to_owned()
    } else {
        authority.to_string()
    };
    let host = HeaderValue::from_str(&host).map_err(|_| no_target())?;
    parts.headers.insert(header::HOST, host);
    let sent = Trailed::new(Lingering::new(body), std::iter::empty());
    let request = Request::from_parts(parts, Outgoing::Streamed(sent));
    let stream = shared
        .upstreams
        .dialer
        .dial(&authority, Scope::Unseen)
        .await?;
    shared.tally.tunnelled();
    let failed = |error: hyper::Error| {
        let message = format!("{authority} did not answer properly: {error}");
        Refusal::new(Code::UpstreamUnreachable, message)
    };
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(failed)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the server ended");
        }
    });
    let mut response = sender.send_request(request).await.map_err(failed)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let message = format!("{authority} changed the protocol without being asked to");
        return Err(Refusal::new(Code::UpstreamUnreachable, message));
    }
    hygiene::clean_response(response.headers_mut());
    response.headers_mut().remove(header::ALT_SVC);
    Ok(response.map(Answer::Streamed))
}

fn target(request: &Request<Incoming>) -> Result<Authority, Refusal> {
    let uri = request.uri();
    let named = uri.authority().map(|authority| authority.as_str());
    let named = named.filter(|_| uri.scheme() == Some(&Scheme::HTTP));
    Authority::from_host_header(named.ok_or_else(no_target)?, HTTP).map_err(|_| no_target())
}

fn check(shared: &Shared, request: &Request<Incoming>, to: &Authority) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_same = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        Authority::from_host_header(host, HTTP).is_ok_and(|host| host == *to)
    };
    if !hosts.next().is_none_or(is_same) || hosts.next().is_some() {
        let message = format!("the header `Host` names another host than the target {to}");
        return Err(Refusal::new(Code::Misdirected, message));
    }
    if shared.routes.names_host(to) {
        let message = format!("{} is reached with https only", to.host());
        return Err(
            Refusal::new(Code::Plaintext, message).hint("write https:// in place of http://")
        );
    }
    if shared.unmatched == Unmatched::Refuse {
        return Err(unmatched(to));
    }
    Ok(())
}

fn no_target() -> Refusal {
    let message = "this is a proxy: it takes CONNECT, and requests for http:// addresses";
    Refusal::new(Code::BadRequest, message)
}
