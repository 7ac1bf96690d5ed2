//! A login that is only rehearsed: every request is made by the code that makes the real ones, and goes to nobody.
//!
//! A broker of its own, in a home that is thrown away, logs in, renews, uses and ends a login whose values are stand-ins such as
//! `<client_secret>`. What it would send is written down, and answered as a server in order would answer. So what an
//! author sees is what will be sent, whatever the definition says.

mod described;
mod server;
mod stand_in;

use std::path::Path;
use std::sync::Arc;

use authkeep_audit::AuditLog;
use authkeep_registry::{Definition, Flow, Method, Provider, Registry};
use authkeep_vault::Entropy;
use url::Url;

pub use self::described::DescribedRequest;
use self::server::{Phase, Server};
use self::stand_in::StandIn;
use crate::inject::authorized;
use crate::login::usable_flows;
use crate::{
    Broker, BrokerParts, ConnectionName, Home, LoginRequest, Lookup, Replace, Supplied,
    SystemClock, Target,
};

/// The requests of one flow, in the order in which they would be sent.
#[derive(Debug)]
pub struct Rehearsal {
    /// The flow.
    pub flow: Flow,
    /// What would be sent.
    pub requests: Vec<DescribedRequest>,
    /// Why it went no further, if it did not come to its end.
    pub failure: Option<String>,
}

/// Rehearses every flow of `definition` that can run here. `registry` has to know it by its name; `folder` is an empty directory
/// that nobody else uses, and is the caller's to remove. No secret is involved, and nothing is sent.
pub async fn rehearse(
    definition: &Definition,
    registry: Arc<Registry>,
    folder: &Path,
    entropy: Entropy,
) -> Vec<Rehearsal> {
    let flows = match definition.bind(&definition.sample_params()) {
        Ok(provider) => usable_flows(&provider),
        Err(_) => definition.flows.clone(),
    };
    let mut rehearsals = Vec::new();
    for flow in flows {
        let server = Arc::new(Server::of(definition));
        let stage = Stage {
            definition,
            flow,
            server: Arc::clone(&server),
        };
        let home = folder.join(flow.as_str());
        let ended = stage.run(Arc::clone(&registry), &home, entropy).await;
        rehearsals.push(Rehearsal {
            flow,
            requests: server.requests(),
            failure: ended.err().map(|error| crate::refresh::told(&*error)),
        });
    }
    rehearsals
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One flow on its stage.
struct Stage<'a> {
    definition: &'a Definition,
    flow: Flow,
    server: Arc<Server>,
}

impl Stage<'_> {
    async fn run(
        &self,
        registry: Arc<Registry>,
        home: &Path,
        entropy: Entropy,
    ) -> Result<(), Failure> {
        let home = Home::open_or_create(home)?;
        let profile = home.config().default_profile.clone();
        let broker = Broker::new(BrokerParts {
            store: Arc::new(home.open_or_create_vault(&profile, entropy)?),
            profile,
            registry,
            audit: Arc::new(AuditLog::new(home.audit_log())),
            clock: Arc::new(SystemClock),
            entropy,
            http: Arc::clone(&self.server) as _,
        });
        let name = &self.definition.name;
        let request = LoginRequest {
            provider: name.clone(),
            connection: ConnectionName::default(),
            flow: Some(self.flow),
            scopes: None,
            params: self.definition.sample_params(),
            client_id: None,
            replace: Replace::Always,
            supplied: Supplied::default(),
            patience: None,
        };
        let person = StandIn::new(self.definition, Arc::clone(&self.server));
        broker.login(&request, &person).await?;
        let target = Target {
            provider: name.clone(),
            connection: None,
        };
        self.use_it(&broker, &target)?;
        self.server.enter(Phase::Renewal);
        // A login that nothing renews is no failure.
        let _renewed = broker.renew(&target).await;
        self.server.enter(Phase::Logout);
        broker.logout(&target).await?;
        Ok(())
    }

    /// Writes down one request to each of the hosts, with the credential in it.
    fn use_it(&self, broker: &Broker, target: &Target) -> Result<(), Failure> {
        let (Lookup::Fresh(connection) | Lookup::NeedsRefresh(connection)) =
            broker.lookup(target, None)?
        else {
            return Ok(());
        };
        self.server.enter(Phase::Use);
        let provider = connection.record.provider(self.definition)?;
        for url in places(&provider) {
            if let Some(request) = authorized(Method::Get, url, &provider, &connection.record) {
                self.server.note(&request);
            }
        }
        Ok(())
    }
}

/// An address under each of the hosts.
fn places(provider: &Provider) -> Vec<Url> {
    let place = |host: &authkeep_registry::Host| {
        let pattern = &host.pattern;
        let label = if pattern.is_wildcard() { "sample." } else { "" };
        let scheme = if provider.local && pattern.port() != 443 {
            "http"
        } else {
            "https"
        };
        let path = pattern.path().unwrap_or("/").trim_end_matches('/');
        let text = format!(
            "{scheme}://{label}{}:{}{path}/…",
            pattern.host(),
            pattern.port()
        );
        Url::parse(&text).ok()
    };
    provider.hosts.iter().filter_map(place).collect()
}
