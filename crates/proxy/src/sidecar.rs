//! The proxy itself: it listens on the loopback interface, for one run.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use authkeep_core::{Clock, ProfileName, ProxySettings, Resolver};
use http::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::crypto::ring;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::body::Answer;
use crate::certificate::CertificateAuthority;
use crate::connect::{self, Next, Tunnel};
use crate::dial::Dialer;
use crate::egress::Egress;
use crate::gate::{self, Gate};
use crate::link::HEAD;
use crate::prefixed::Prefixed;
use crate::probe::PROBE_HOST;
use crate::refusal::{Code, Refusal};
use crate::request_head::StrictHead;
use crate::upstream::{Roots, Upstreams};
use crate::{Account, CredentialSource, Placeholders, Routes, Tally, intercept, tunnel};

/// How many connections of clients stand at once, where the process may open enough files.
const CONNECTIONS: usize = 1024;
/// Files that are not connections: the vault, the trust store, the names' resolver.
const OTHER_FILES: u64 = 64;
/// For the head of a request to the proxy to be complete.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Before connections are accepted again, when the machine has no more descriptors.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What a sidecar is made of.
pub struct SidecarParts {
    /// Where the credentials of this run go.
    pub routes: Routes,
    /// What the program has in their place.
    pub placeholders: Placeholders,
    /// Who gives them out.
    pub source: Arc<dyn CredentialSource>,
    /// What becomes of connections to other hosts.
    pub unmatched: Unmatched,
    /// How names are resolved.
    pub resolver: Resolver,
    /// Whom servers' certificates have to come from.
    pub roots: Roots,
    /// The user's own proxy, where there is one.
    pub egress: ProxySettings,
    /// The profile that is named in the commands of refusals: none where it is in force anyway.
    pub profile: Option<ProfileName>,
    /// The time, for certificates and signatures.
    pub clock: Arc<dyn Clock>,
    /// 32 random bytes, of which the run's proxy credential is made.
    pub random: SecretBox<[u8; 32]>,
}

/// What becomes of connections to hosts that no login is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatched {
    /// They are passed on unseen.
    Tunnel,
    /// They are refused.
    Refuse,
}

/// A proxy that is bound to its port.
#[derive(Debug)]
pub struct Sidecar {
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) routes: Routes,
    pub(crate) placeholders: Placeholders,
    pub(crate) source: Arc<dyn CredentialSource>,
    pub(crate) unmatched: Unmatched,
    pub(crate) certificates: CertificateAuthority,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) tally: Arc<Tally>,
    profile: Option<ProfileName>,
}

impl Shared {
    /// The answer to what is not done. Programs often keep it to themselves, so it is logged and counted too.
    pub(crate) fn refuse(&self, refusal: Refusal, account: Option<&Account>) -> Response<Answer> {
        let (code, message) = (refusal.code, &refusal.message);
        tracing::debug!(code = code.as_str(), ?message, "refused");
        self.tally.refuse(account, code);
        let refusal = match &self.profile {
            Some(profile) => refusal.in_profile(profile),
            None => refusal,
        };
        refusal.response().map(Answer::given)
    }
}

impl Sidecar {
    /// Binds a free port of 127.0.0.1 and makes the run's certificate authority. Nobody is answered before
    /// [`serve`](Self::serve).
    ///
    /// # Errors
    ///
    /// Where no port can be had, or the user's own proxy is of a kind that is not supported.
    pub async fn bind(parts: SidecarParts) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let egress = Egress::new(&parts.egress).map_err(io::Error::other)?;
        let provider = Arc::new(ring::default_provider());
        let mut names = parts.routes.names();
        names.insert(PROBE_HOST.to_owned());
        let tally = Arc::new(Tally::default());
        let certificates = CertificateAuthority::new(
            &names,
            Arc::clone(&provider),
            Arc::clone(&parts.clock),
            Arc::clone(&tally),
        );
        let dialer = Dialer::new(parts.resolver, egress);
        let shared = Shared {
            address: listener.local_addr()?,
            // EXPOSE: into the credential that is made of it.
            gate: Gate::new(parts.random.expose_secret()),
            routes: parts.routes,
            placeholders: parts.placeholders,
            source: parts.source,
            unmatched: parts.unmatched,
            certificates: certificates.map_err(io::Error::other)?,
            clock: parts.clock,
            upstreams: Arc::new(Upstreams::new(dialer, parts.roots, provider)),
            tally,
            profile: parts.profile,
        };
        Ok(Self {
            listener,
            shared: Arc::new(shared),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The proxy's address with the run's credential, for `HTTPS_PROXY`.
    pub fn proxy_url(&self) -> SecretString {
        self.shared.gate.url(self.shared.address)
    }

    /// Whether a proxy's address is one that a sidecar has given out, of whichever run.
    pub fn is_proxy_url(url: &str) -> bool {
        let Ok(url) = url::Url::parse(url) else {
            return false;
        };
        let is_here = matches!(url.host(), Some(url::Host::Ipv4(ip)) if ip.is_loopback());
        is_here && url.username() == gate::USER && url.password().is_some()
    }

    /// The certificate of the run's authority, PEM. Its key is nowhere but in here.
    pub fn ca_pem(&self) -> &str {
        self.shared.certificates.pem()
    }

    /// Lets the process `pid` and those that descend from it in without the credential, where the system can tell them
    /// (Linux).
    pub fn admit_descendants_of(&self, pid: u32) {
        self.shared.gate.admit_descendants_of(pid);
    }

    /// What it has done so far, and from now on.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.shared.tally)
    }

    /// Serves until it is dropped, and all connections with it.
    ///
    /// Up to 1,024 connections stand at once, each of which may take two files: a process whose limit on open files is low
    /// serves fewer, and says so to those that are too many.
    pub async fn serve(&self) -> Infallible {
        let places = Arc::new(Semaphore::new(places()));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                        Ok(place) => {
                            let shared = Arc::clone(&self.shared);
                            connections.spawn(async move {
                                connection(shared, stream, peer).await;
                                drop(place);
                            });
                        }
                        Err(_) => turn_away(stream).await,
                    },
                    Err(error) => {
                        tracing::debug!(%error, "no connection can be accepted");
                        tokio::time::sleep(EXHAUSTED).await;
                    }
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
    }
}

/// How many connections there is room for.
fn places() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        if let Some(files) = getrlimit(Resource::Nofile).current {
            let pairs = files.saturating_sub(OTHER_FILES) / 2;
            return usize::try_from(pairs).map_or(CONNECTIONS, |pairs| pairs.clamp(1, CONNECTIONS));
        }
    }
    CONNECTIONS
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    // Without it the first answer on a new connection waits for an acknowledgement.
    let _as_it_is = stream.set_nodelay(true);
    let next = Next::default();
    let service = service_fn(|request| {
        let (shared, next) = (&shared, &next);
        async move { Ok::<_, Infallible>(connect::answer(shared, peer, request, next).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .auto_date_header(false)
        .max_header_size(HEAD as usize)
        .serve_connection(TokioIo::new(StrictHead::new(stream)), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a client's connection ended");
    }
    let next = next.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((client, inside)) = next else {
        return;
    };
    let Ok(client) = client.await else {
        return;
    };
    let Ok(client) = client.downcast::<TokioIo<StrictHead<TcpStream>>>() else {
        return;
    };
    let io = client.io.into_inner().into_inner();
    let io = Prefixed::new(client.read_buf, io);
    match inside {
        Tunnel::Blind(server) => tunnel::run(io, server).await,
        Tunnel::Intercepted(authority, admission) => {
            let ended = intercept::run(shared, io, authority, admission).await;
            if let Err(error) = ended {
                tracing::debug!(%error, "an intercepted connection ended");
            }
        }
    }
}

/// Answers one client too many, if it listens.
async fn turn_away(mut stream: TcpStream) {
    let refusal = Refusal::new(Code::Overloaded, "there are too many connections at once")
        .hint("close those that are not needed, or try again in a while");
    let response = refusal.response();
    let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("content-length: {}\r\n\r\n", response.body().len()).as_bytes());
    text.extend_from_slice(response.body());
    // A new socket's buffer is empty: this does not wait.
    let _heard_or_not = stream.write_all(&text).await;
}

impl fmt::Debug for SidecarParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidecarParts").finish_non_exhaustive()
    }
}
