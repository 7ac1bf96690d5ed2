//! One request and its answer, on a connection to a host of a login.
//!
//! Everything that keeps a credential where it belongs happens here, in this order: the request is for the authority that
//! the connection was asked for; it says in one way only whose credential it wants; that credential can be had; every
//! copy of what is put in is taken out first. What fails any of it is answered with a refusal, and nothing is forwarded.

mod signed;

use std::sync::Arc;

use authkeep_core::TokenId;
use http::request::Parts;
use http::uri::{self, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;
use tokio::sync::Notify;

use crate::authority::Authority;
use crate::awaited::{self, Awaited};
use crate::body::{Answer, Outgoing, Sent};
use crate::credential_source::{Live, Need};
use crate::gate::Admission;
use crate::lingering::Lingering;
use crate::link::Link;
use crate::redact::{Redacted, Secrets};
use crate::refusal::{Code, Refusal};
use crate::replay::Record;
use crate::routes::{Choice, Route};
use crate::selection::{Named, Selection};
use crate::sidecar::Shared;
use crate::trailers::Trailed;
use crate::upgrade::{Afterwards, Switched};
use crate::{Account, hygiene, inject, probe, token_endpoint};

const HTTPS: u16 = 443;

/// What the requests of one connection have in common.
#[derive(Debug)]
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    authority: Authority,
    /// The same as a Host header, written by the sidecar.
    host: HeaderValue,
    /// The same as an `:authority`.
    uri_authority: uri::Authority,
    destination: Destination,
    end: Notify,
}

/// Where requests go.
#[derive(Debug)]
pub(crate) enum Destination {
    /// To the server.
    Server(Link),
    /// To the sidecar itself.
    Probe(Admission),
    /// Nowhere, for this reason.
    Nowhere(Refusal),
}

/// A refusal, and the login that the request was for, as far as that was known.
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) account: Option<Account>,
}

/// What becomes of the answer to a request.
struct Plan<'a> {
    /// The client has asked for another protocol.
    may_switch: bool,
    /// What the answer must not repeat, where the request has a credential.
    secrets: Option<Secrets>,
    /// Where another credential could be had.
    again: Option<Box<Again<'a>>>,
}

/// What it takes to send a request once more, with another credential.
struct Again<'a> {
    route: &'a Route,
    /// The token that went out.
    refused: TokenId,
    /// The request without a credential.
    parts: Parts,
    record: Arc<Record<Sent>>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            account: None,
        }
    }
}

impl Exchange {
    /// Fails where the authority cannot stand in a header, which no authority is known to.
    pub(crate) fn new(
        shared: Arc<Shared>,
        authority: Authority,
        destination: Destination,
    ) -> Result<Self, http::Error> {
        let name = authority.for_https();
        Ok(Self {
            shared,
            host: HeaderValue::from_str(&name)?,
            uri_authority: name.parse()?,
            authority,
            destination,
            end: Notify::new(),
        })
    }

    /// Waits until there is no use in further requests over this connection.
    pub(crate) async fn end(&self) {
        self.end.notified().await;
    }

    /// Answers one request: with what the server says, or with a refusal.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        afterwards: &Afterwards,
    ) -> Response<Answer> {
        let is_http1 = request.version() < Version::HTTP_2;
        match self.forward(request, afterwards).await {
            Ok(response) => response,
            Err(Refused { refusal, account }) => {
                let mut response = self.shared.refuse(refusal, account.as_ref());
                if matches!(self.destination, Destination::Nowhere(_)) {
                    // The next connection may have better luck.
                    self.end.notify_one();
                    if is_http1 {
                        let close = HeaderValue::from_static("close");
                        response.headers_mut().insert(header::CONNECTION, close);
                    }
                }
                response
            }
        }
    }

    async fn forward(
        &self,
        request: Request<Incoming>,
        afterwards: &Afterwards,
    ) -> Result<Response<Answer>, Refused> {
        self.check_authority(&request)?;
        let accounts = self.token_accounts(&request);
        if !accounts.is_empty() {
            return Box::pin(token_endpoint::answer(&self.shared, &accounts, request)).await;
        }
        let link = match &self.destination {
            Destination::Server(link) => link,
            Destination::Probe(admission) => {
                self.shared.tally.probe();
                return Ok(probe::answer(*admission));
            }
            Destination::Nowhere(refusal) => return Err(refusal.clone().into()),
        };
        check_method(&request)?;
        // What the server is waited with is put together elsewhere: this future is moved about for every request, and
        // holds whatever was alive at any await.
        let (mut parts, body, client) = taken_apart(request);
        let mut chosen = self.choose(&mut parts).await?;
        let signing = self.signing(&mut chosen, &parts);
        let account = chosen.as_ref().map(|(route, _)| &route.account);
        let of_account = |refusal| Refused {
            refusal,
            account: account.cloned(),
        };
        let prepared = match (signing.map_err(of_account)?, chosen) {
            (Some(signing), Some(chosen)) => {
                Box::pin(self.signed(link, chosen, &signing, parts, body)).await
            }
            (_, chosen) => self.prepare(link, chosen, parts, body),
        };
        let (request, plan) = prepared.map_err(of_account)?;
        let mut response = link.send(request).await.map_err(of_account)?;
        let Plan {
            may_switch,
            mut secrets,
            again,
        } = plan;
        if let Some(again) = again
            && response.status() == StatusCode::UNAUTHORIZED
        {
            let renewed = Box::pin(self.renewed(link, *again)).await;
            if let Some((other, theirs)) = renewed.map_err(of_account)? {
                (response, secrets) = (other, Some(theirs));
            }
        }
        match account {
            Some(account) => self.shared.tally.injected(account),
            None => self.shared.tally.passed_on(),
        }
        if let Some(secrets) = &secrets {
            secrets.redact_headers(response.headers_mut());
            // What the server wrote behind the status may repeat the credential, and is for people who read along.
            response.extensions_mut().remove::<ReasonPhrase>();
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if !may_switch {
                return Err(self.unasked().into());
            }
            afterwards.leave(Switched::new(client, &mut response));
            return Ok(response.map(Answer::Streamed));
        }
        Ok(finished(response, secrets))
    }

    /// The logins whose token endpoint the request is for, where the run answers in its place.
    fn token_accounts(&self, request: &Request<Incoming>) -> Vec<&Account> {
        let target = request.uri().path_and_query();
        let target = target.map_or("/", PathAndQuery::as_str);
        self.shared.routes.token_endpoint(&self.authority, target)
    }

    /// Whose credential the request gets, if it gets one. What it says about that is taken out.
    async fn choose(&self, parts: &mut Parts) -> Result<Option<(&Route, Live)>, Refused> {
        let shared = &*self.shared;
        let placeholder = shared.placeholders.find(parts)?;
        let named = Named::take(&mut parts.headers)?;
        let selection = Selection {
            named: named.as_ref(),
            placeholder,
        };
        let choice = shared
            .routes
            .choose(&self.authority, target(parts), selection)?;
        let Choice::Inject(route) = choice else {
            return Ok(None);
        };
        let account = &route.account;
        match shared.source.credential(account, Need::Working).await {
            Ok(live) => Ok(Some((route, live))),
            Err(refusal) => Err(Refused {
                refusal,
                account: Some(account.clone()),
            }),
        }
    }

    /// The request as it goes to the server, with its credential, if it gets one.
    fn prepare<'a>(
        &self,
        link: &Link,
        chosen: Option<(&'a Route, Live)>,
        mut parts: Parts,
        body: Lingering,
    ) -> Result<(Request<Outgoing>, Plan<'a>), Refusal> {
        hygiene::clean(&mut parts)?;
        let mut plan = Plan {
            may_switch: parts.headers.contains_key(header::UPGRADE),
            secrets: None,
            again: None,
        };
        let own = chosen.iter().flat_map(|(route, _)| route.own_headers());
        let body = Trailed::new(body, own);
        let Some((route, live)) = chosen else {
            let request = self.outgoing(parts, Outgoing::Streamed(body), link)?;
            return Ok((request, plan));
        };
        let refusable = live.token.clone().filter(|_| live.is_renewable);
        let body = match refusable {
            Some(refused) => {
                let (kept, record) = Outgoing::kept(body);
                let parts = parts.clone();
                plan.again = Some(Box::new(Again {
                    route,
                    refused,
                    parts,
                    record,
                }));
                kept
            }
            None => Outgoing::Streamed(body),
        };
        plan.secrets = Some(self.inject(&mut parts, route, &live)?);
        Ok((self.outgoing(parts, body, link)?, plan))
    }

    /// The server has answered 401: has the login renewed, and sends the request again with the new credential; `None` where
    /// the server's answer stands.
    async fn renewed(
        &self,
        link: &Link,
        again: Again<'_>,
    ) -> Result<Option<(Response<Incoming>, Secrets)>, Refusal> {
        let Again {
            route,
            refused,
            mut parts,
            record,
        } = again;
        let need = Need::OtherThan(refused.clone());
        let other = match self.shared.source.credential(&route.account, need).await {
            Ok(other) if other.token.as_ref() != Some(&refused) => other,
            // Only a person can mend this, and the server's answer does not say so.
            Err(refusal) if matches!(refusal.code, Code::LoginExpired | Code::NotConnected) => {
                return Err(refusal);
            }
            Ok(_) | Err(_) => return Ok(None),
        };
        let Some(body) = record.whole().await else {
            return Ok(None);
        };
        let secrets = self.inject(&mut parts, route, &other)?;
        let request = self.outgoing(parts, Outgoing::given(body), link)?;
        Ok(Some((link.send(request).await?, secrets)))
    }

    fn inject(&self, parts: &mut Parts, route: &Route, live: &Live) -> Result<Secrets, Refusal> {
        let placeholders = &self.shared.placeholders;
        inject::apply(parts, route, &live.credential, placeholders)
    }

    /// The request as it goes to the server. To which authority it is, is written here, whatever the client wrote.
    fn outgoing(
        &self,
        mut parts: Parts,
        body: Outgoing,
        link: &Link,
    ) -> Result<Request<Outgoing>, Refusal> {
        let target = parts.uri.path_and_query().cloned();
        let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if link.protocol().is_http2() {
            parts.headers.remove(header::HOST);
            let mut uri = uri::Parts::default();
            uri.scheme = Some(Scheme::HTTPS);
            uri.authority = Some(self.uri_authority.clone());
            uri.path_and_query = Some(target);
            parts.uri = Uri::from_parts(uri).map_err(|_| strange_target())?;
            parts.version = Version::HTTP_2;
        } else {
            parts.headers.insert(header::HOST, self.host.clone());
            parts.uri = Uri::from(target);
            parts.version = Version::HTTP_11;
        }
        parts.extensions.clear();
        if !awaited::is_asked(&parts.headers) {
            return Ok(Request::from_parts(parts, body));
        }
        let (body, wanted) = Awaited::new(body);
        let mut request = Request::from_parts(parts, Outgoing::Awaited(body));
        awaited::listen(&mut request, wanted);
        Ok(request)
    }

    /// The authority of each request is the one that the connection was asked for: in HTTP/2 each stream names its own.
    fn check_authority(&self, request: &Request<Incoming>) -> Result<(), Refusal> {
        let uri = request.uri();
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let (host, second) = (hosts.next(), hosts.next());
        let is_path = uri.scheme().is_none() && uri.authority().is_none();
        if is_path && (host, second) == (Some(&self.host), None) {
            // The way it nearly always is.
            return Ok(());
        }
        let in_host = host.map(|host| host.to_str().unwrap_or_default());
        let in_target = uri.authority().map(|authority| authority.as_str());
        let is_ours = |text: &str| {
            Authority::from_host_header(text, HTTPS).is_ok_and(|named| named == self.authority)
        };
        let names_ours = [in_host, in_target].into_iter().flatten().all(is_ours)
            && in_host.or(in_target).is_some()
            && uri.scheme().is_none_or(|scheme| *scheme == Scheme::HTTPS)
            // HTTP/1.1 requires the header even where the target has it all (RFC 9112 section 3.2).
            && (in_host.is_some() || request.version() == Version::HTTP_2);
        if second.is_none() && names_ours {
            return Ok(());
        }
        let authority = &self.authority;
        let message = format!("the request is not for {authority}, which this connection is to");
        Err(Refusal::new(Code::Misdirected, message)
            .hint("open a connection of its own for each host"))
    }

    fn unasked(&self) -> Refusal {
        let authority = &self.authority;
        let message = format!("{authority} changed the protocol without being asked to");
        Refusal::new(Code::UpstreamUnreachable, message)
    }
}

fn taken_apart(mut request: Request<Incoming>) -> (Parts, Lingering, OnUpgrade) {
    let client = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    (parts, Lingering::new(body), client)
}

/// A server's answer as the program gets it.
fn finished(mut response: Response<Incoming>, secrets: Option<Secrets>) -> Response<Answer> {
    hygiene::clean_response(response.headers_mut());
    // It would lead clients to a connection that does not come this way.
    response.headers_mut().remove(header::ALT_SVC);
    let Some(secrets) = secrets else {
        return response.map(Answer::Streamed);
    };
    let is_readable = secrets.apply_to(response.headers());
    response.map(|body| {
        Answer::Redacted(match is_readable {
            true => Redacted::new(body, secrets),
            false => Redacted::only_trailers(body, secrets),
        })
    })
}

fn target(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", PathAndQuery::as_str)
}

/// Refuses what a server may answer with the request itself, and what is not for a resource of its own.
fn check_method(request: &Request<Incoming>) -> Result<(), Refusal> {
    // Some servers read methods in any case, and some know TRACE by another name.
    const ECHOES: [&str; 2] = ["TRACE", "TRACK"];
    let method = request.method();
    if *method == Method::CONNECT
        || (ECHOES.iter()).any(|echo| method.as_str().eq_ignore_ascii_case(echo))
    {
        let message = format!("{method} is not let through to hosts that get a credential");
        return Err(Refusal::new(Code::Denied, message));
    }
    if !request.uri().path().starts_with('/') {
        return Err(strange_target());
    }
    Ok(())
}

fn strange_target() -> Refusal {
    let message = "the target of the request is not a path";
    Refusal::new(Code::Denied, message).hint("send the path, beginning with `/`")
}
