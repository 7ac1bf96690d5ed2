//! The broker: everything a use case needs, assembled once.
//!
//! Each use case is an `impl Broker` in a file of its own, named after the verb.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authkeep_audit::{Action, AuditLog, Event, Outcome};
use authkeep_registry::{Definition, Found, ProviderName, Registry, RegistryError};
use authkeep_vault::{Entropy, Store};

use crate::record::Keys;
use crate::{
    Backoff, Clock, ConnectionName, Environment, HttpClient, InProcess, ProfileName, RefreshRunner,
    Timestamp,
};

/// What a [`Broker`] is made of.
#[derive(Debug, Clone)]
pub struct BrokerParts {
    /// The profile whose credentials it handles.
    pub profile: ProfileName,
    /// The provider definitions.
    pub registry: Arc<Registry>,
    /// The profile's vault.
    pub store: Arc<dyn Store>,
    /// Where every login and release is recorded.
    pub audit: Arc<AuditLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for states, verifiers and nonces.
    pub entropy: Entropy,
    /// How requests are sent.
    pub http: Arc<dyn HttpClient>,
}

/// Log in, look up, resolve, release, log out: in one profile.
#[derive(Debug, Clone)]
pub struct Broker {
    pub(crate) parts: BrokerParts,
    environment: Environment,
    runner: Arc<dyn RefreshRunner>,
    lock_patience: Duration,
    backoff: Backoff,
    impatience: Option<Duration>,
    transactions: Arc<AtomicUsize>,
}

/// Longer than a token request may take, so that whoever waits for a refresh sees its outcome.
const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// How long a caller waits for a renewal while its present token still works.
const IMPATIENCE: Duration = Duration::from_secs(3);

impl Broker {
    /// A broker that refreshes in its own process, in a task that a cancelled caller does not cut off.
    pub fn new(parts: BrokerParts) -> Self {
        Self {
            parts,
            environment: Environment::default(),
            runner: Arc::new(InProcess),
            lock_patience: LOCK_PATIENCE,
            backoff: Backoff::default(),
            impatience: Some(IMPATIENCE),
            transactions: Arc::default(),
        }
    }

    /// The same broker with another way to run refreshes.
    #[must_use]
    pub fn with_runner(self, runner: Arc<dyn RefreshRunner>) -> Self {
        Self { runner, ..self }
    }

    /// The same broker, which may take credentials and parameters from `environment` where nothing is saved.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self {
            environment,
            ..self
        }
    }

    /// The same broker, waiting at most `patience` (by default 45 s) for another process that is changing a
    /// connection.
    #[must_use]
    pub fn with_lock_patience(self, patience: Duration) -> Self {
        Self {
            lock_patience: patience,
            ..self
        }
    }

    /// The same broker, more or less persistent where a provider cannot answer.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The same broker, with callers whose token still works waiting at most `impatience` (by default 3 s) for its
    /// renewal. `None`: to its end. That is for a process whose end is the end of those that it started.
    #[must_use]
    pub fn with_impatience(self, impatience: Option<Duration>) -> Self {
        Self { impatience, ..self }
    }

    /// Whether a request that ends or renews a login is on its way, or its outcome is not saved yet. Whoever drops
    /// the work then may lose the login.
    pub fn is_in_transaction(&self) -> bool {
        self.transactions.load(Ordering::Acquire) > 0
    }

    pub(crate) fn transaction(&self) -> Transaction {
        self.transactions.fetch_add(1, Ordering::AcqRel);
        Transaction(Arc::clone(&self.transactions))
    }

    /// The profile it works in.
    pub fn profile(&self) -> &ProfileName {
        &self.parts.profile
    }

    /// The provider definitions it works with.
    pub fn registry(&self) -> &Registry {
        &self.parts.registry
    }

    /// The current moment, by the broker's clock.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn runner(&self) -> &dyn RefreshRunner {
        self.runner.as_ref()
    }

    pub(crate) fn lock_patience(&self) -> Duration {
        self.lock_patience
    }

    pub(crate) fn impatience(&self) -> Option<Duration> {
        self.impatience
    }

    pub(crate) fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    pub(crate) fn keys<'a>(&'a self, provider: &'a ProviderName) -> Keys<'a> {
        Keys {
            profile: &self.parts.profile,
            provider: provider.as_str(),
        }
    }

    pub(crate) fn find(&self, name: &ProviderName) -> Result<Option<Found>, RegistryError> {
        self.parts.registry.find(name)
    }

    /// The provider's own name for `name`, which may be an alias. A definition that cannot be read does not
    /// stand in the way of the logins that were made with it.
    pub(crate) fn canonical(
        &self,
        name: &ProviderName,
    ) -> Result<(ProviderName, Option<Definition>), RegistryError> {
        match self.find(name) {
            Ok(Some(found)) => Ok((found.definition.name.clone(), Some(found.definition))),
            Ok(None) => Ok((name.clone(), None)),
            Err(error) => match self.connections_of(name) {
                Ok(logins) if !logins.is_empty() => Ok((name.clone(), None)),
                _ => Err(error),
            },
        }
    }

    /// Records what happened. The caller decides what a failure to record it means.
    pub(crate) fn record(
        &self,
        action: Action,
        provider: &ProviderName,
        connection: Option<&ConnectionName>,
        outcome: Outcome,
        details: &[(&'static str, &str)],
    ) -> Result<(), authkeep_audit::AppendError> {
        self.parts.audit.append(&Event {
            at: self.now().to_string(),
            action,
            profile: self.parts.profile.to_string(),
            provider: Some(provider.to_string()),
            connection: connection.map(ToString::to_string),
            outcome,
            details: details
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        })
    }

    /// Runs vault work that may block where it does not hold up the runtime.
    pub(crate) async fn blocking<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> T + Send + 'static,
    {
        let store = Arc::clone(&self.parts.store);
        match tokio::task::spawn_blocking(move || work(store.as_ref())).await {
            Ok(done) => done,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

/// Counts as one transaction for as long as it lives.
#[derive(Debug)]
pub(crate) struct Transaction(Arc<AtomicUsize>);

impl Drop for Transaction {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
