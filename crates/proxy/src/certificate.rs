//! The certificate authority of one run, and the certificates it makes for the hosts that are intercepted.
//!
//! Its key is made when the run begins, is never written anywhere, and ends with the run. Whoever trusts it trusts little:
//! its certificate bears, as a critical extension, the names it may speak for (RFC 5280 section 4.2.1.10), and may sign
//! no further authority. The hosts' certificates share one key of their own, which is not the authority's.
//!
//! Java does not look at the names of an authority that it is told to trust, only at those of authorities below it
//! (RFC 5280 section 6.1 leaves that to the verifier). So what programs are told to trust is an anchor that has signed
//! the authority and nothing else: its key is dropped as soon as it has.
//!
//! What makes the keys, `rcgen` on `ring`, draws its own randomness.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authkeep_core::{Clock, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CidrSubnet, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::Tally;
use crate::alpn::Protocol;
use crate::authority::Authority;

/// Clocks that a child may look at differ a little from ours.
const BACKDATED: Duration = Duration::from_secs(60 * 60);
const AUTHORITY_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// From backdated begin to end: 24 h, the most that a leaf may have.
const LEAF_LIFE: Duration = Duration::from_secs(23 * 60 * 60);
/// A kept certificate is made anew when this much of its life is over.
const LEAF_KEPT: i64 = 12 * 60 * 60;
/// How many hosts' certificates are kept.
const KEPT: usize = 1024;

/// The authority of one run.
pub(crate) struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
    leaf_key: KeyPair,
    provider: Arc<CryptoProvider>,
    clock: Arc<dyn Clock>,
    sessions: Arc<dyn StoresServerSessions>,
    tally: Arc<Tally>,
    kept: Mutex<Kept>,
}

/// No certificate could be made; says why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("the certificate cannot be used: {0}")]
    Use(#[from] rustls::Error),
}

impl CertificateAuthority {
    /// Makes the authority for `names`: host names, which stand for themselves and what is below them, and addresses.
    pub(crate) fn new(
        names: &BTreeSet<String>,
        provider: Arc<CryptoProvider>,
        clock: Arc<dyn Clock>,
        tally: Arc<Tally>,
    ) -> Result<Self, CertificateError> {
        let params = |name, authorities_below| {
            let mut params = CertificateParams::default();
            valid(&mut params, clock.now(), AUTHORITY_LIFE);
            params.distinguished_name = named(name);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(authorities_below));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params.name_constraints = Some(constraints(names));
            params.use_authority_key_identifier_extension = true;
            params
        };
        let anchor = params("authkeep sidecar, one run's trust anchor", 1);
        let anchor = CertifiedIssuer::self_signed(anchor, KeyPair::generate()?)?;
        let issuer = params("authkeep sidecar, one run's authority", 0);
        let issuer = CertifiedIssuer::signed_by(issuer, KeyPair::generate()?, &anchor)?;
        Ok(Self {
            pem: anchor.pem(),
            issuer,
            leaf_key: KeyPair::generate()?,
            provider,
            clock,
            sessions: ServerSessionMemoryCache::new(KEPT),
            tally,
            kept: Mutex::new(Kept::default()),
        })
    }

    /// The anchor's certificate as PEM, for the trust stores of the child.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// How a TLS client of `authority` is answered: with a certificate for that host, and with `protocol` as what is
    /// spoken inside.
    pub(crate) fn server_config(
        &self,
        authority: &Authority,
        protocol: Protocol,
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        let now = self.clock.now().as_second();
        let mut kept = self.lock();
        if let Some(config) = kept.get(authority.host(), protocol, now) {
            return Ok(config);
        }
        let config = Arc::new(self.make(authority, protocol)?);
        self.tally.certificate();
        kept.put(authority.host(), protocol, now, Arc::clone(&config));
        Ok(config)
    }

    fn make(
        &self,
        authority: &Authority,
        protocol: Protocol,
    ) -> Result<ServerConfig, CertificateError> {
        let mut params = CertificateParams::default();
        valid(&mut params, self.clock.now(), LEAF_LIFE);
        // The names are in the extension alone, where all clients of today look.
        params.distinguished_name = named("authkeep sidecar");
        params.subject_alt_names = vec![match authority.ip() {
            Some(ip) => SanType::IpAddress(ip),
            None => SanType::DnsName(authority.host().try_into()?),
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf: CertificateDer<'static> = params.signed_by(&self.leaf_key, &self.issuer)?.into();
        let chain = vec![leaf, self.issuer.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let certified = CertifiedKey::from_der(chain, key, &self.provider)?;
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = protocol.offered();
        config.session_storage = Arc::clone(&self.sessions);
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // What is kept is whole after each step, so a panic elsewhere spoils nothing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthority")
            .finish_non_exhaustive()
    }
}

/// The certificates that are kept; the one that was not used for longest gives way.
#[derive(Default)]
struct Kept {
    configs: HashMap<(String, Protocol), Entry>,
    uses: u64,
}

struct Entry {
    config: Arc<ServerConfig>,
    made: i64,
    used: u64,
}

impl Kept {
    fn get(&mut self, host: &str, protocol: Protocol, now: i64) -> Option<Arc<ServerConfig>> {
        self.uses += 1;
        let entry = self.configs.get_mut(&(host.to_owned(), protocol))?;
        if now - entry.made >= LEAF_KEPT {
            return None;
        }
        entry.used = self.uses;
        Some(Arc::clone(&entry.config))
    }

    fn put(&mut self, host: &str, protocol: Protocol, now: i64, config: Arc<ServerConfig>) {
        if self.configs.len() >= KEPT {
            let oldest = self.configs.iter().min_by_key(|(_, entry)| entry.used);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.configs.remove(&key);
            }
        }
        let entry = Entry {
            config,
            made: now,
            used: self.uses,
        };
        self.configs.insert((host.to_owned(), protocol), entry);
    }
}

fn constraints(names: &BTreeSet<String>) -> NameConstraints {
    let permitted: Vec<GeneralSubtree> = names
        .iter()
        .map(|name| match name.parse() {
            Ok(ip) => GeneralSubtree::IpAddress(whole(ip)),
            Err(_) => GeneralSubtree::DnsName(name.clone()),
        })
        .collect();
    // A kind of name of which nothing is permitted is not constrained at all, unless all of it is excluded.
    let any_address = permitted
        .iter()
        .any(|name| matches!(name, GeneralSubtree::IpAddress(_)));
    let excluded = if any_address {
        Vec::new()
    } else {
        [
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ]
        .map(|all| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(all, 0)))
        .into()
    };
    NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    }
}

fn whole(ip: IpAddr) -> CidrSubnet {
    CidrSubnet::from_addr_prefix(ip, if ip.is_ipv4() { 32 } else { 128 })
}

fn named(name: &str) -> rcgen::DistinguishedName {
    let mut names = rcgen::DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn valid(params: &mut CertificateParams, now: Timestamp, life: Duration) {
    let since_epoch = Duration::from_secs(now.as_second().try_into().unwrap_or(0));
    let now = date_time_ymd(1970, 1, 1) + since_epoch;
    params.not_before = now - BACKDATED;
    params.not_after = now + life;
}

#[cfg(test)]
mod tests;
