//! The loopback callback (RFC 8252 §7.3): a listener that exists from just before the browser opens until
//! just after the answer is in.
//!
//! Anything on the machine, and any page in the browser, can send requests to it. So it counts nothing as
//! the answer but a request that carries this login's state; all else gets a static page and is forgotten.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authkeep_flows::{Callback, ExpectedCallback, IssRule, State, read_callback};
use authkeep_registry::RedirectKind;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use url::Url;

use super::pages::{self, Page};

/// The path of the redirect URI.
const CALLBACK: &str = "/callback";
/// The port for providers that accept only a redirect URI registered in full.
const REGISTERED_PORT: u16 = 48_732;
/// Open connections at once. The oldest makes room, so that idle sockets cannot keep the browser out.
const MAX_CONNECTIONS: usize = 32;
/// A request head must arrive within this long …
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// … and fit in this many bytes.
const MAX_HEAD: usize = 8 * 1024;
/// After the answer, the browser gets this long to fetch its last page.
const LAST_PAGE: Duration = Duration::from_millis(800);

/// A bound listener, waiting for one answer.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: Url,
}

/// Why the callback could not be received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The port that the provider requires is taken by another program.
    #[error("port {port} on {address} is taken by another program")]
    PortTaken {
        /// The loopback address.
        address: String,
        /// The port.
        port: u16,
    },
    /// No listener can be opened.
    #[error("no listener can be opened on the loopback address")]
    Bind(#[source] std::io::Error),
    /// The provider only redirects to https.
    #[error("the provider does not redirect to this machine")]
    NotOffered,
    /// Nobody came back from the browser.
    #[error("no answer came back from the browser within {} seconds", .0.as_secs())]
    TimedOut(Duration),
}

/// What makes a callback this login's own.
#[derive(Debug)]
pub(super) struct Expectation {
    state: State,
    issuer: Option<String>,
}

impl Expectation {
    pub(super) fn new(state: State, issuer: Option<String>) -> Self {
        Self { state, issuer }
    }
}

impl Loopback {
    /// Binds the listener that `kind` calls for, on loopback only.
    ///
    /// # Errors
    ///
    /// [`LoopbackError`]; a port that somebody else holds is never shared.
    pub async fn bind(kind: RedirectKind) -> Result<Self, LoopbackError> {
        let v4 = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (host, listeners) = match kind {
            RedirectKind::Loopback => ("127.0.0.1", vec![listen(v4(0)).await?]),
            RedirectKind::Exact => ("127.0.0.1", vec![listen(v4(REGISTERED_PORT)).await?]),
            RedirectKind::Localhost => {
                // A browser may take `localhost` for either family: whoever held the other one would get the code.
                let first = listen(v4(0)).await?;
                let port = first.local_addr().map_err(LoopbackError::Bind)?.port();
                let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await;
                match second {
                    Ok(second) => ("localhost", vec![first, second]),
                    Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                        return Err(LoopbackError::PortTaken {
                            address: "::1".to_owned(),
                            port,
                        });
                    }
                    Err(_) => ("localhost", vec![first]), // A machine without IPv6.
                }
            }
            RedirectKind::Https => return Err(LoopbackError::NotOffered),
        };
        let port = listeners[0]
            .local_addr()
            .map_err(LoopbackError::Bind)?
            .port();
        let redirect_uri = Url::parse(&format!("http://{host}:{port}{CALLBACK}"))
            .map_err(|error| LoopbackError::Bind(std::io::Error::other(error)))?;
        Ok(Self {
            listeners,
            redirect_uri,
        })
    }

    /// The redirect URI that belongs to this listener.
    pub fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// Waits for the one callback that fits `expectation`, and ignores all others.
    ///
    /// # Errors
    ///
    /// [`LoopbackError::TimedOut`] after `patience`.
    pub(super) async fn wait(
        self,
        expectation: Expectation,
        patience: Duration,
    ) -> Result<(Callback, Closing), LoopbackError> {
        let (sender, receiver) = oneshot::channel();
        let door = Arc::new(Door {
            expectation,
            answer: Mutex::new(Some(sender)),
            last_page: Notify::new(),
        });
        let acceptors: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, Arc::clone(&door))))
            .collect();
        let closing = Closing { acceptors, door };
        match tokio::time::timeout(patience, receiver).await {
            Ok(Ok(callback)) => Ok((callback, closing)),
            _ => Err(LoopbackError::TimedOut(patience)),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, LoopbackError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => LoopbackError::PortTaken {
                address: address.ip().to_string(),
                port: address.port(),
            },
            _ => LoopbackError::Bind(error),
        })
}

/// The listener on its way out: it still shows the browser its last page. Dropping it closes the port at once.
#[derive(Debug)]
pub(super) struct Closing {
    acceptors: Vec<JoinHandle<()>>,
    door: Arc<Door>,
}

impl Closing {
    /// Waits until the browser has its last page, or for a moment.
    pub(super) async fn finish(self) {
        let _shown_or_not = tokio::time::timeout(LAST_PAGE, self.door.last_page.notified()).await;
        // The page is handed to the connection's task when the notice comes; let that task write it out.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        for acceptor in &self.acceptors {
            acceptor.abort();
        }
    }
}

/// What all connections share: the one answer, taken once.
#[derive(Debug)]
struct Door {
    expectation: Expectation,
    answer: Mutex<Option<oneshot::Sender<Callback>>>,
    last_page: Notify,
}

/// The open connections, oldest first. They end with the listener.
struct Connections(VecDeque<AbortHandle>);

impl Connections {
    fn admit(&mut self, connection: AbortHandle) {
        self.0.retain(|open| !open.is_finished());
        if self.0.len() >= MAX_CONNECTIONS
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(connection);
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for connection in &self.0 {
            connection.abort();
        }
    }
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut connections = Connections(VecDeque::new());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let serving = tokio::spawn(serve(stream, Arc::clone(&door)));
                connections.admit(serving.abort_handle());
            }
            // Out of descriptors, say: the next moment may be better, and spinning would not help.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
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
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the callback port ended early");
    }
}

impl Door {
    fn answer(&self, request: &Request<Incoming>) -> Page {
        if request.method() != Method::GET {
            return pages::method_not_allowed();
        }
        match request.uri().path() {
            CALLBACK => self.callback(request.uri().query().unwrap_or_default()),
            pages::RECEIVED => {
                self.last_page.notify_one();
                pages::received()
            }
            pages::DENIED => {
                self.last_page.notify_one();
                pages::denied()
            }
            _ => pages::not_found(),
        }
    }

    fn callback(&self, query: &str) -> Page {
        let expected = ExpectedCallback {
            state: &self.expectation.state,
            issuer: self.expectation.issuer.as_deref(),
            iss_rule: match self.expectation.issuer {
                Some(_) => IssRule::CompareIfPresent,
                None => IssRule::Ignore,
            },
        };
        let callback = read_callback(query, &expected);
        let next = match callback {
            Callback::Code(_) => pages::RECEIVED,
            Callback::NotOurs(_) => return pages::not_ours(),
            _ => pages::DENIED,
        };
        // The state is good for one answer: a replay finds the place empty.
        let sender = self.answer.lock().ok().and_then(|mut answer| answer.take());
        match sender.map(|sender| sender.send(callback)) {
            Some(Ok(())) => pages::see_other(next),
            _ => pages::not_ours(),
        }
    }
}
