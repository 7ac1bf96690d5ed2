//! What every test here works with: two servers, `allowed.test` that a login is for and `attacker.test` that none is
//! for, a sidecar with a credential that can be recognised, and clients that use it.

pub(crate) mod authority;
pub(crate) mod client;
pub(crate) mod origin;
pub(crate) mod piped;
pub(crate) mod plain;
pub(crate) mod source;
mod wrong_parties;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use authkeep_core::{Outlet, OutletHost, ProxySettings, Resolver, SystemClock};
use authkeep_proxy::{
    Account, Placeholders, Roots, Routes, Sidecar, SidecarParts, Tally, Unmatched,
};
use authkeep_registry::Injection;
use authkeep_testkit::canary::canary;
use rustls::RootCertStore;
use secrecy::{ExposeSecret as _, SecretBox};
use tokio::task::JoinHandle;

use self::authority::TestAuthority;
use self::client::Proxied;
use self::origin::Origin;
use self::plain::Plain;
use self::source::Given;
use self::wrong_parties::Seen;

pub(crate) const ALLOWED: &str = "allowed.test";
pub(crate) const ATTACKER: &str = "attacker.test";

/// Whether the full counts are wanted.
#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is the caller's choice"
)]
pub(crate) fn is_torture() -> bool {
    std::env::var_os("AUTHKEEP_TORTURE").is_some()
}

/// A sidecar that serves until this is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) allowed: Origin,
    pub(crate) attacker: Origin,
    /// Whoever listens without TLS.
    pub(crate) plain: Plain,
    pub(crate) source: Arc<Given>,
    pub(crate) sidecar: Arc<Sidecar>,
    roots: Arc<RootCertStore>,
    /// The live secret.
    pub(crate) secret: String,
    /// What the program has in its place.
    pub(crate) placeholder: String,
    serving: JoinHandle<()>,
}

/// What a test may want different.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) unmatched: Unmatched,
    pub(crate) egress: ProxySettings,
    /// Patterns of the login's hosts; `{port}` is the allowed server's.
    pub(crate) patterns: Vec<String>,
    pub(crate) local: bool,
    pub(crate) resolver: Resolver,
    pub(crate) outlet: fn(&mut Outlet),
    pub(crate) emulate: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            unmatched: Unmatched::Tunnel,
            egress: ProxySettings::default(),
            patterns: vec![format!("{ALLOWED}:{{port}}")],
            local: true,
            resolver: Resolver::new(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])),
            outlet: |_| {},
            emulate: false,
        }
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Plan::default()).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let authority = Arc::new(TestAuthority::new());
        let allowed = Origin::start(&authority, ALLOWED).await;
        Self::around(plan, authority, allowed).await
    }

    /// With a server of one's own in place of the allowed one.
    pub(crate) async fn around(plan: Plan, authority: Arc<TestAuthority>, allowed: Origin) -> Self {
        let attacker = Origin::start(&authority, ATTACKER).await;
        let (secret, placeholder) = (canary(), format!("sk-{}", &canary()[5..]));
        let account = account("acme=default");
        let source = Arc::new(Given::new(account.clone(), &secret));
        let port = allowed.address.port().to_string();
        let patterns = plan.patterns.iter();
        let mut outlet = Outlet {
            provider: account.provider.clone(),
            connection: account.connection.clone(),
            is_default: true,
            local: plan.local,
            hosts: patterns
                .map(|pattern| OutletHost {
                    pattern: pattern.replace("{port}", &port).parse().unwrap(),
                    injection: Injection::bearer(),
                })
                .collect(),
            plain_fields: vec![],
            headers: vec![],
            endpoints: vec![],
            token_endpoint: None,
        };
        (plan.outlet)(&mut outlet);
        let mut routes = Routes::new(vec![outlet]);
        if plan.emulate {
            routes = routes.answering_token_requests();
        }
        let mut random = Box::new([0; 32]);
        getrandom::fill(&mut *random).unwrap();
        let parts = SidecarParts {
            routes,
            placeholders: Placeholders::new(vec![(placeholder.clone(), account)]).unwrap(),
            source: Arc::clone(&source) as Arc<_>,
            unmatched: plan.unmatched,
            resolver: plan.resolver,
            roots: Roots::Only(authority.roots()),
            egress: plan.egress,
            profile: None,
            clock: Arc::new(SystemClock),
            random: SecretBox::new(random),
        };
        let sidecar = Arc::new(Sidecar::bind(parts).await.unwrap());
        let serving = Arc::clone(&sidecar);
        let serving = tokio::spawn(async move {
            serving.serve().await;
        });
        Self {
            allowed,
            attacker,
            plain: Plain::start().await,
            source,
            sidecar,
            roots: authority.roots(),
            secret,
            placeholder,
            serving,
        }
    }

    /// Whom the servers' certificates come from.
    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }

    /// `allowed.test` with its port.
    pub(crate) fn allowed(&self) -> String {
        format!("{ALLOWED}:{}", self.allowed.address.port())
    }

    /// `attacker.test` with its port.
    pub(crate) fn attacker(&self) -> String {
        format!("{ATTACKER}:{}", self.attacker.address.port())
    }

    /// A client that has the proxy's address and trusts its certificates.
    pub(crate) fn client(&self) -> Proxied {
        let url = self.sidecar.proxy_url();
        Proxied::new(url.expose_secret(), self.sidecar.ca_pem())
    }

    pub(crate) fn tally(&self) -> Arc<Tally> {
        self.sidecar.tally()
    }

    /// How often the secret is in what a server has seen.
    pub(crate) fn leaks(&self, origin: &Origin) -> usize {
        self.found_in(&origin.seen())
    }

    /// How often the secret is in these bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> usize {
        let scanner = authkeep_testkit::canary::Scanner::new(&[&self.secret]);
        scanner.scan(bytes).len()
    }
}

/// Whatever a test was about: the server that no login is for has never seen the secret, nor has anybody in the open.
impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
        if !std::thread::panicking() {
            let wrong = [self.attacker.seen(), self.plain.seen()].concat();
            let found = self.found_in(&wrong);
            wrong_parties::add(Seen {
                bytes: wrong.len(),
                requests: self.attacker.requests().len(),
                found,
                delivered: self.leaks(&self.allowed),
            });
            assert_eq!(found, 0);
        }
    }
}

pub(crate) fn account(text: &str) -> Account {
    let (provider, connection) = text.split_once('=').unwrap();
    Account {
        provider: provider.parse().unwrap(),
        connection: connection.parse().unwrap(),
    }
}
