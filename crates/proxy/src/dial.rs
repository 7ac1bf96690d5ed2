//! Connections to the outside, and the addresses that none is made to.
//!
//! A name is resolved here, what it resolves to is judged, and that very address is connected to: no second answer of
//! the name server is ever asked for. `localhost` and the names below it are this machine and nothing else (RFC 6761
//! section 6.3). Where the user has a proxy, it resolves the names, and only what can be seen is judged.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use authkeep_core::{Reach, Resolver};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::authority::Authority;
use crate::egress::Egress;
use crate::refusal::{Code, Refusal};

/// For a connection to stand, its name resolved.
const CONNECT: Duration = Duration::from_secs(8);
/// For one of several addresses, before the next is tried.
const ONE_OF_SEVERAL: Duration = Duration::from_millis(2500);
/// How many names are resolved at once: each takes a thread.
const LOOKUPS: usize = 8;

/// How far a connection may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It carries a credential.
    Credential(Reach),
    /// It carries what the program sends, unseen: anywhere but to this machine and to what serves it alone.
    Unseen,
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Dialer {
    resolver: Resolver,
    egress: Egress,
    lookups: Semaphore,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("{host} is not contacted: {why}")]
    Forbidden { host: String, why: &'static str },
    #[error("cannot connect to {host}: {why}")]
    Unreachable { host: String, why: String },
}

impl Dialer {
    pub(crate) fn new(resolver: Resolver, egress: Egress) -> Self {
        Self {
            resolver,
            egress,
            lookups: Semaphore::new(LOOKUPS),
        }
    }

    /// A connection to `authority`, within `scope`, in at most 8 s.
    pub(crate) async fn dial(
        &self,
        authority: &Authority,
        scope: Scope,
    ) -> Result<TcpStream, DialError> {
        let deadline = Instant::now() + CONNECT;
        let unreachable = |why: io::Error| DialError::Unreachable {
            host: authority.to_string(),
            why: why.to_string(),
        };
        let connected = async {
            match self.egress.for_authority(authority) {
                Some(proxy) => {
                    visible(authority, scope)?;
                    let found = self
                        .addresses(proxy.host(), None)
                        .await
                        .map_err(unreachable)?;
                    let stream = connect(found, proxy.port()).await.map_err(unreachable)?;
                    proxy.tunnel(stream, authority).await.map_err(unreachable)
                }
                None => {
                    let found = self.addresses(authority.host(), authority.ip());
                    let found = found.await.map_err(unreachable)?;
                    let admitted = admitted(found, scope, authority)?;
                    let port = authority.port();
                    connect(admitted, port).await.map_err(unreachable)
                }
            }
        };
        timeout_at(deadline, connected).await.unwrap_or_else(|_| {
            Err(DialError::Unreachable {
                host: authority.to_string(),
                why: "it took too long".to_owned(),
            })
        })
    }

    async fn addresses(&self, host: &str, ip: Option<IpAddr>) -> io::Result<Vec<IpAddr>> {
        if let Some(ip) = ip {
            return Ok(vec![ip]);
        }
        if is_this_machine(host) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let _turn = self.lookups.acquire().await.map_err(io::Error::other)?;
        let (resolver, host) = (self.resolver.clone(), host.to_owned());
        tokio::task::spawn_blocking(move || resolver.addresses(&host)).await?
    }
}

/// Of the addresses that were found, those that may be connected to.
fn admitted(
    found: Vec<IpAddr>,
    scope: Scope,
    authority: &Authority,
) -> Result<Vec<IpAddr>, DialError> {
    let were_found = !found.is_empty();
    let admitted = match scope {
        Scope::Credential(reach) => reach.admitted(found),
        Scope::Unseen => found.into_iter().filter(|ip| !is_own(*ip)).collect(),
    };
    if admitted.is_empty() && were_found {
        return Err(forbidden(authority, scope));
    }
    Ok(admitted)
}

/// Judges what can be seen without resolving the name.
fn visible(authority: &Authority, scope: Scope) -> Result<(), DialError> {
    let host = authority.host();
    if let Some(ip) = authority.ip() {
        return admitted(vec![ip], scope, authority).map(drop);
    }
    match scope {
        Scope::Credential(Reach::Anywhere) => Ok(()),
        _ if is_this_machine(host) => Err(forbidden(authority, scope)),
        _ => Ok(()),
    }
}

fn forbidden(authority: &Authority, scope: Scope) -> DialError {
    DialError::Forbidden {
        host: authority.to_string(),
        why: match scope {
            Scope::Credential(_) => {
                "its address is one of this machine or of a private network, and its definition is not marked local"
            }
            Scope::Unseen => {
                "its address is one of this machine, or one that serves this machine alone"
            }
        },
    }
}

async fn connect(addresses: Vec<IpAddr>, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let count = addresses.len();
    for (index, ip) in addresses.into_iter().enumerate() {
        let connecting = TcpStream::connect(SocketAddr::new(ip, port));
        let connected = if index + 1 < count {
            let deadline = Instant::now() + ONE_OF_SEVERAL;
            timeout_at(deadline, connecting)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        } else {
            connecting.await
        };
        match connected {
            Ok(stream) => {
                // Small writes must not wait for the acknowledgement of earlier ones.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// True for addresses of this machine, and for those behind which something serves this machine alone, such as the
/// metadata service of a cloud. Forms of IPv6 that stand for an IPv4 address are judged as that.
fn is_own(ip: IpAddr) -> bool {
    /// Where clouds answer their machines, other than on link-local addresses.
    const METADATA_V4: [Ipv4Addr; 3] = [
        Ipv4Addr::new(168, 63, 129, 16),
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(192, 0, 0, 192),
    ];
    const METADATA_V6: [Ipv6Addr; 2] = [
        Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254),
        Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254),
    ];
    match ip {
        IpAddr::V4(v4) => {
            v4.octets()[0] == 0
                || v4.octets()[0] >= 240
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || METADATA_V4.contains(&v4)
        }
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            let [.., high, low] = segments;
            let embedded = |high: u16, low: u16| {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                is_own(Ipv4Addr::new(a, b, c, d).into())
            };
            match segments {
                // IPv4-compatible, which has the unspecified and the loopback address, and IPv4-mapped (RFC 4291).
                [0, 0, 0, 0, 0, 0 | 0xffff, ..] => embedded(high, low),
                // IPv4-translated (RFC 7915) and NAT64 (RFC 6052, RFC 8215).
                [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => embedded(high, low),
                // 6to4 (RFC 3056).
                [0x2002, high, low, ..] => embedded(high, low),
                _ => v6.is_unicast_link_local() || v6.is_multicast() || METADATA_V6.contains(&v6),
            }
        }
    }
}

impl From<DialError> for Refusal {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Forbidden { .. } => Self::new(Code::ForbiddenAddress, error.to_string())
                .hint(
                    "a service of this machine is reached past the sidecar, by its name in NO_PROXY; \
                     a login to one needs `\"local\": true` in its definition",
                ),
            DialError::Unreachable { .. } => {
                Self::new(Code::UpstreamUnreachable, error.to_string())
                    .hint("check the network and the name of the host, then try again")
            }
        }
    }
}
