//! The loopback callback (RFC 8252 §7.3): a listener that exists from just before the browser opens until
//! just after the answer is in.
//!
//! Anything on the machine, and any page in the browser, can send requests to it. So it counts nothing as
//! the answer but a request that carries this login's state; all else gets a static page and is forgotten.

pub(super) mod connections;
mod door;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use authkeep_flows::Callback;
use authkeep_registry::{OAuthEndpoints, RedirectKind};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use self::door::Door;
pub(super) use self::door::Expectation;
use crate::{RedirectNote, RedirectPort};

/// What the path of every redirect URI begins with.
const CALLBACK: &str = "/callback";
/// The port for providers that accept only a redirect URI registered in full.
const REGISTERED_PORT: u16 = 27_149;
/// After the answer, the browser gets this long to fetch its last page.
const LAST_PAGE: Duration = Duration::from_millis(800);

/// The redirect address that a person registers at a provider. An https address leads nowhere: the browser ends there,
/// and the person pastes the address that it shows.
pub fn redirect_address(oauth: &OAuthEndpoints) -> String {
    let note = redirect_note(oauth);
    let remarks = [
        (note.port == RedirectPort::Any).then_some("any port"),
        oauth
            .needs_discovery()
            .then_some("HOST is that of the token endpoint, which the issuer names at login"),
    ];
    let remarks: Vec<&str> = remarks.into_iter().flatten().collect();
    match remarks.as_slice() {
        [] => note.address,
        remarks => format!("{} ({})", note.address, remarks.join("; ")),
    }
}

/// The same, in its parts.
pub(super) fn redirect_note(oauth: &OAuthEndpoints) -> RedirectNote {
    let (origin, port) = match oauth.redirect {
        RedirectKind::Loopback => ("http://127.0.0.1".to_owned(), RedirectPort::Any),
        RedirectKind::Localhost => ("http://localhost".to_owned(), RedirectPort::Any),
        RedirectKind::Exact => (
            format!("http://127.0.0.1:{REGISTERED_PORT}"),
            RedirectPort::Fixed,
        ),
        RedirectKind::Https => (
            format!("https://localhost:{REGISTERED_PORT}"),
            RedirectPort::Fixed,
        ),
    };
    RedirectNote {
        address: format!("{origin}{}", path(oauth)),
        port,
    }
}

/// The path of the redirect URI, which names where the codes are redeemed that arrive there.
///
/// A server sends codes to the addresses that were registered with it and to no others. So none of its codes arrives at
/// the login of another server, where it would be redeemed there: each has a redirect URI of its own (RFC 9700 §4.4.2.2).
fn path(oauth: &OAuthEndpoints) -> String {
    let Some(endpoint) = &oauth.token_url else {
        return format!("{CALLBACK}/HOST");
    };
    let host = endpoint.host_str().unwrap_or_default();
    let port = endpoint.port().map(|port| format!("-{port}"));
    let name = format!("{host}{}", port.unwrap_or_default());
    format!("{CALLBACK}/{}", name.replace(['[', ']', ':'], "_"))
}

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
    Bind(#[source] io::Error),
    /// Nobody came back from the browser.
    #[error("no answer came back from the browser within {0:?}")]
    TimedOut(Duration),
}

impl Loopback {
    /// Binds the listener that a provider calls for, on loopback only.
    ///
    /// # Errors
    ///
    /// [`LoopbackError`]; a port that somebody else holds is never shared.
    pub async fn bind(oauth: &OAuthEndpoints) -> Result<Self, LoopbackError> {
        Self::bind_at(oauth.redirect, 0, &path(oauth)).await
    }

    /// Binds a listener whose redirect URI nobody can guess: `secret` becomes a part of its path. For clients whose
    /// redirect URI is registered when it is known.
    pub(super) async fn bind_unguessable(
        kind: RedirectKind,
        secret: &str,
    ) -> Result<Self, LoopbackError> {
        Self::bind_at(kind, 0, &format!("{CALLBACK}/{secret}")).await
    }

    /// Binds the listener of a redirect URI that was registered earlier; `None` where that cannot be had any more.
    pub(super) async fn bind_registered(
        kind: RedirectKind,
        redirect_uri: &Url,
    ) -> Result<Option<Self>, LoopbackError> {
        let port = redirect_uri.port().unwrap_or_default();
        match Self::bind_at(kind, port, redirect_uri.path()).await {
            Ok(bound) => Ok(Some(bound).filter(|bound| bound.redirect_uri == *redirect_uri)),
            Err(LoopbackError::PortTaken { .. }) if kind != RedirectKind::Exact => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn bind_at(kind: RedirectKind, port: u16, path: &str) -> Result<Self, LoopbackError> {
        let v4 = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (host, listeners) = match kind {
            RedirectKind::Loopback => ("127.0.0.1", vec![listen(v4(port)).await?]),
            RedirectKind::Exact => ("127.0.0.1", vec![listen(v4(REGISTERED_PORT)).await?]),
            RedirectKind::Localhost if port == 0 => ("localhost", listen_on_both_anywhere().await?),
            RedirectKind::Localhost => ("localhost", listen_on_both(port).await?),
            // Nothing that arrives there can be read. But who listens there would get the browser's request.
            RedirectKind::Https => ("localhost", listen_on_both(REGISTERED_PORT).await?),
        };
        let port = listeners[0]
            .local_addr()
            .map_err(LoopbackError::Bind)?
            .port();
        let scheme = if kind == RedirectKind::Https {
            "https"
        } else {
            "http"
        };
        let redirect_uri = Url::parse(&format!("{scheme}://{host}:{port}{path}"))
            .map_err(|error| LoopbackError::Bind(io::Error::other(error)))?;
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
        expectation: Arc<Expectation>,
        patience: Duration,
    ) -> Result<(Callback, Closing), LoopbackError> {
        let (door, answer) = Door::new(expectation, self.redirect_uri.path());
        let door = Arc::new(door);
        let acceptors = self
            .listeners
            .into_iter()
            .map(|listener| {
                let door = Arc::clone(&door);
                let serve = move |stream| door::serve(stream, Arc::clone(&door));
                tokio::spawn(connections::accept(listener, serve))
            })
            .collect();
        let closing = Closing { acceptors, door };
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(callback)) => Ok((callback, closing)),
            _ => {
                closing.close().await;
                Err(LoopbackError::TimedOut(patience))
            }
        }
    }
}

/// A browser may take `localhost` for either family: whoever held the other one would get the code.
async fn listen_on_both(port: u16) -> Result<Vec<TcpListener>, LoopbackError> {
    let first = listen((Ipv4Addr::LOCALHOST, port).into()).await?;
    with_the_other(first).await.map_err(|(_, error)| error)
}

/// The same on a port of the system's choice, which is free in one family only by chance, or by somebody's intent.
async fn listen_on_both_anywhere() -> Result<Vec<TcpListener>, LoopbackError> {
    // Kept, so that the system chooses another one the next time.
    let mut halves = Vec::new();
    loop {
        let first = listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
        match with_the_other(first).await {
            Ok(both) => return Ok(both),
            Err((_, error)) if halves.len() == MOST_HALVES => return Err(error),
            Err((half, _)) => halves.push(half),
        }
    }
}

/// How many ports that are taken in the other family are tried.
const MOST_HALVES: usize = 16;

/// Adds the listener of the other family, if there is one.
async fn with_the_other(
    first: TcpListener,
) -> Result<Vec<TcpListener>, (TcpListener, LoopbackError)> {
    let port = match first.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return Err((first, LoopbackError::Bind(error))),
    };
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if is_without_ipv6(&error) => Ok(vec![first]),
        Err(error) => Err((first, not_bound((Ipv6Addr::LOCALHOST, port).into(), error))),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, LoopbackError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| not_bound(address, error))
}

fn not_bound(address: SocketAddr, error: io::Error) -> LoopbackError {
    match error.kind() {
        io::ErrorKind::AddrInUse => LoopbackError::PortTaken {
            address: address.ip().to_string(),
            port: address.port(),
        },
        _ => LoopbackError::Bind(error),
    }
}

/// Whether the machine has no `::1`, so that nobody else can hold it either.
fn is_without_ipv6(error: &io::Error) -> bool {
    #[cfg(unix)]
    let unsupported = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let unsupported = error.kind() == io::ErrorKind::Unsupported;
    unsupported || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// The listener on its way out: it still shows the browser its last page. Dropping it closes the port too,
/// as soon as the runtime comes to it.
#[derive(Debug)]
pub(super) struct Closing {
    acceptors: Vec<JoinHandle<()>>,
    door: Arc<Door>,
}

impl Closing {
    /// Waits until the browser has its last page, or for a moment; then closes the port.
    pub(super) async fn finish(self) {
        let _shown_or_not = tokio::time::timeout(LAST_PAGE, self.door.last_page_shown()).await;
        self.close().await;
    }

    /// Returns once the port is free again, for the next login may need the same one.
    async fn close(mut self) {
        for acceptor in std::mem::take(&mut self.acceptors) {
            acceptor.abort();
            let _ended = acceptor.await;
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        for acceptor in &self.acceptors {
            acceptor.abort();
        }
    }
}
