//! The TLS side towards the servers.
//!
//! Certificates are verified against the machine's own trust store, as everywhere in authkeep, and there is no switch to
//! leave that out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::alpn::{Offer, Protocol};
use crate::authority::Authority;
use crate::dial::{Dialer, Scope};
use crate::hear_out::HearOut;
use crate::refusal::{Code, Refusal};

/// For a server to complete its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Whom the servers' certificates have to come from.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The machine's own trust store, on Linux the one that `SSL_CERT_FILE` names where it is set.
    #[default]
    System,
    /// These authorities and no others.
    Only(Arc<RootCertStore>),
}

/// A connection to a server.
pub(crate) type ServerStream = TlsStream<HearOut<TcpStream>>;

/// Makes TLS connections to servers.
#[derive(Debug)]
pub(crate) struct Upstreams {
    pub(crate) dialer: Dialer,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    /// One for each [`Offer`], made when the first connection is. They share what sessions can be resumed from.
    configs: OnceCell<[Arc<ClientConfig>; Offer::ALL.len()]>,
}

impl Upstreams {
    pub(crate) fn new(dialer: Dialer, roots: Roots, provider: Arc<CryptoProvider>) -> Self {
        Self {
            dialer,
            roots,
            provider,
            configs: OnceCell::new(),
        }
    }

    /// A connection to `authority` whose certificate is good, and what is spoken on it.
    pub(crate) async fn connect(
        &self,
        authority: &Authority,
        scope: Scope,
        offer: Offer,
    ) -> Result<(ServerStream, Protocol), Refusal> {
        let (stream, config) = tokio::try_join!(
            async { Ok(self.dialer.dial(authority, scope).await?) },
            self.config(offer)
        )?;
        let name = match authority.ip() {
            Some(ip) => ServerName::IpAddress(ip.into()),
            None => ServerName::try_from(authority.host().to_owned())
                .map_err(|_| bad_handshake(authority, "its name cannot be in a certificate"))?,
        };
        let handshake = TlsConnector::from(config).connect(name, HearOut::new(stream));
        let stream = timeout(HANDSHAKE, handshake)
            .await
            .map_err(|_| bad_handshake(authority, "it took too long"))?
            .map_err(|error| failed_handshake(authority, &error))?;
        let agreed = stream.get_ref().1.alpn_protocol();
        match Protocol::agreed(agreed) {
            Some(protocol) => Ok((stream, protocol)),
            None => Err(bad_handshake(
                authority,
                "it chose a protocol that was not offered",
            )),
        }
    }

    async fn config(&self, offer: Offer) -> Result<Arc<ClientConfig>, Refusal> {
        let load = async || {
            let (roots, provider) = (self.roots.clone(), Arc::clone(&self.provider));
            // The trust store is a file of many certificates.
            let loaded = tokio::task::spawn_blocking(move || configs(&roots, provider)).await;
            let why = match loaded {
                Ok(Ok(configs)) => return Ok(configs),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            Err(Refusal::new(
                Code::UpstreamTls,
                format!(
                    "the certificate authorities that this machine trusts cannot be read: {why}"
                ),
            ))
        };
        let configs = self.configs.get_or_try_init(load).await?;
        Ok(Arc::clone(&configs[offer as usize]))
    }
}

fn configs(
    roots: &Roots,
    provider: Arc<CryptoProvider>,
) -> Result<[Arc<ClientConfig>; Offer::ALL.len()], rustls::Error> {
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match roots {
        Roots::System => builder.with_platform_verifier()?,
        Roots::Only(roots) => builder.with_root_certificates(Arc::clone(roots)),
    }
    .with_no_client_auth();
    Ok(Offer::ALL.map(|offer| {
        let mut config = config.clone();
        config.alpn_protocols = offer.list();
        Arc::new(config)
    }))
}

fn failed_handshake(authority: &Authority, error: &io::Error) -> Refusal {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        // What rustls says may hold names of the certificate, but nothing secret.
        Some(error @ rustls::Error::InvalidCertificate(_)) => {
            bad_handshake(authority, &error.to_string()).hint(
                "where the certificate's authority is your own, add it to the machine's trust store or name it in SSL_CERT_FILE",
            )
        }
        Some(error) => bad_handshake(authority, &error.to_string()),
        None => Refusal::new(
            Code::UpstreamUnreachable,
            format!("{authority} did not complete the TLS handshake: {error}"),
        ),
    }
}

fn bad_handshake(authority: &Authority, why: &str) -> Refusal {
    Refusal::new(
        Code::UpstreamTls,
        format!("there is no secure connection to {authority}: {why}"),
    )
}
