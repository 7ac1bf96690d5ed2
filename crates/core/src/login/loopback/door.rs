//! Who is let in: one request of all that come, the one that carries this login's state, once.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authkeep_flows::{Callback, ExpectedCallback, IssRule, State, read_callback};
use authkeep_registry::OAuthEndpoints;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::login::pages::{self, Page};

/// A request head must arrive within this long …
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// … and fit in this many bytes.
const MAX_HEAD: usize = 8 * 1024;

/// What makes a callback this login's own.
#[derive(Debug)]
pub(in crate::login) struct Expectation {
    state: State,
    issuer: Option<String>,
    iss_rule: IssRule,
}

impl Expectation {
    /// The answer to `state`, from the authorization server that `oauth` describes.
    pub(in crate::login) fn new(state: State, oauth: &OAuthEndpoints) -> Self {
        Self {
            state,
            issuer: oauth.issuer.clone(),
            iss_rule: match oauth.issuer {
                _ if oauth.iss_required => IssRule::Required,
                Some(_) => IssRule::CompareIfPresent,
                None => IssRule::Ignore,
            },
        }
    }

    /// What the answer to this login looks like.
    pub(in crate::login) fn callback(&self) -> ExpectedCallback<'_> {
        ExpectedCallback {
            state: &self.state,
            issuer: self.issuer.as_deref(),
            iss_rule: self.iss_rule,
        }
    }
}

/// What all connections share: the one answer, taken once.
#[derive(Debug)]
pub(super) struct Door {
    expectation: Arc<Expectation>,
    path: String,
    answer: Mutex<Option<oneshot::Sender<Callback>>>,
    last_page: Notify,
}

impl Door {
    pub(super) fn new(
        expectation: Arc<Expectation>,
        path: &str,
    ) -> (Self, oneshot::Receiver<Callback>) {
        let (sender, receiver) = oneshot::channel();
        let door = Self {
            expectation,
            path: path.to_owned(),
            answer: Mutex::new(Some(sender)),
            last_page: Notify::new(),
        };
        (door, receiver)
    }

    /// Returns when the page that follows the answer has been written out.
    pub(super) async fn last_page_shown(&self) {
        self.last_page.notified().await;
    }

    fn answer(&self, request: &Request<Incoming>) -> Page {
        if request.method() != Method::GET {
            return pages::method_not_allowed();
        }
        match request.uri().path() {
            path if path == self.path => self.callback(request.uri().query().unwrap_or_default()),
            pages::RECEIVED => pages::received(),
            pages::DENIED => pages::denied(),
            _ => pages::not_found(),
        }
    }

    fn callback(&self, query: &str) -> Page {
        let callback = read_callback(query, &self.expectation.callback());
        let next = match callback {
            Callback::Code(_) => pages::RECEIVED,
            Callback::NotOurs(_) => return pages::not_ours(),
            _ => pages::DENIED,
        };
        // The state is good for one answer: a replay finds the place empty.
        match self.sender().take().map(|sender| sender.send(callback)) {
            Some(Ok(())) => pages::see_other(next),
            _ => pages::not_ours(),
        }
    }

    /// Whether a request asks for the page that follows the answer, and the answer is in.
    fn is_last(&self, request: &Request<Incoming>) -> bool {
        matches!(request.uri().path(), pages::RECEIVED | pages::DENIED) && self.sender().is_none()
    }

    fn sender(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<Callback>>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one connection: one request, one answer.
pub(super) async fn serve(stream: TcpStream, door: Arc<Door>) {
    let shows_last_page = AtomicBool::new(false);
    let service = service_fn(|request| {
        shows_last_page.store(door.is_last(&request), Ordering::Relaxed);
        let page = door.answer(&request);
        async move { Ok::<_, Infallible>(page) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    match served {
        Ok(()) if shows_last_page.load(Ordering::Relaxed) => door.last_page.notify_one(),
        Ok(()) => {}
        Err(error) => tracing::debug!(%error, "a connection to the callback port ended early"),
    }
}
