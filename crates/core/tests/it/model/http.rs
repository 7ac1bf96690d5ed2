//! The network as one process sees it: a request goes out and is acted on, and then its answer comes in.

use std::fmt;
use std::sync::Arc;

use authkeep_core::{BodyCap, BoxFuture, HttpClient, HttpError, Reach};
use authkeep_flows::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret as _;

use super::machine::{Fate, Machine, Op, Outside};

/// One process's way to the server.
pub(super) struct Wire {
    pub(super) machine: Arc<Machine>,
    pub(super) process: usize,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire(p{})", self.process)
    }
}

impl HttpClient for Wire {
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        _: BodyCap,
        _: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(async move { self.exchange(request) })
    }
}

impl Wire {
    /// Stands still inside `poll`: nothing else is to happen in this process meanwhile.
    fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = request.body().map(|body| body.expose_secret());
        let form: Vec<(String, String)> = url::form_urlencoded::parse(body.unwrap_or_default())
            .into_owned()
            .collect();
        let field = |name: &str| {
            let found = form.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let is_refresh = field("grant_type") == "refresh_token";
        let what = if is_refresh { "refresh" } else { "revocation" };
        let acted = self
            .machine
            .step(self.process, Op::Send(what), |outside, fate| {
                if is_refresh {
                    watch(outside, self.process);
                }
                let server = &mut outside.server;
                match fate {
                    Fate::Go if is_refresh => Some(server.refresh(field("refresh_token"))),
                    Fate::Go => Some(server.revoke(field("token"))),
                    _ => None,
                }
            });
        let (status, body) = acted.ok_or_else(|| broken_off(request))?;
        let op = Op::Receive(what);
        let arrived = self
            .machine
            .step(self.process, op, |_, fate| fate == Fate::Go);
        if !arrived {
            return Err(broken_off(request));
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(HttpResponse::new(status, headers, body.into_bytes()))
    }
}

/// What no refresh request may be, whoever sends it and when.
fn watch(outside: &mut Outside, process: usize) {
    if outside
        .read
        .get(&process)
        .is_some_and(|(first, last)| first != last)
    {
        outside.broken = Some("what had been renewed meanwhile was renewed again".to_owned());
    }
    if !outside.asked.insert(process) {
        outside.broken = Some("a request was repeated within a call".to_owned());
    }
}

/// The connection stood; whether the server acted cannot be known.
fn broken_off(request: &HttpRequest) -> HttpError {
    HttpError::Exchange {
        host: request.url().host_str().unwrap_or_default().to_owned(),
        why: "connection reset".to_owned(),
    }
}
