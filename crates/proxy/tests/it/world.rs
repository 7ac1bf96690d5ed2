//! A home with a real vault, a scripted authorization server, and a clock that is turned by hand.

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authkeep_audit::{AuditLog, Filter, Line};
use authkeep_core::{
    AskError, Backoff, BoxFuture, Broker, BrokerParts, BrowserUrl, Clock, Event, FieldRequest,
    Home, Interaction, Launch, LoginRequest, ProfileName, ProxySettings, Replace, ReqwestClient,
    Supplied, Target, Timestamp,
};
use authkeep_proxy::Account;
use authkeep_registry::Registry;
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::clock::ManualClock;
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_vault::{
    EntropyError, Entry, EntryKey, Expected, LockError, LockGuard, Meta, PutError, Revision,
    SqliteStore, Store, StoreError, Verification,
};
use secrecy::SecretString;
use tempfile::TempDir;

/// A home, a provider `acme`, and the time.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: OAuthServer,
    pub(crate) clock: ManualClock,
    pub(crate) home: Home,
    _folder: TempDir,
}

/// The login of every test.
pub(crate) fn account() -> Account {
    Account {
        provider: "acme".parse().unwrap(),
        connection: "default".parse().unwrap(),
    }
}

impl World {
    pub(crate) fn with(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open_or_create(&folder.path().join("home")).unwrap();
        let server = OAuthServer::start(options);
        fs::create_dir_all(home.providers()).unwrap();
        let definition = server.definition("acme").to_string();
        fs::write(home.providers().join("acme.json"), definition).unwrap();
        Self {
            server,
            clock: ManualClock::default(),
            home,
            _folder: folder,
        }
    }

    pub(crate) fn store(&self) -> SqliteStore {
        let profile = ProfileName::default();
        self.home.open_or_create_vault(&profile, entropy).unwrap()
    }

    /// A broker with a handle of its own on the vault, as another process has one.
    pub(crate) fn broker(&self) -> Broker {
        self.broker_on(Arc::new(self.store()))
    }

    pub(crate) fn broker_on(&self, store: Arc<dyn Store>) -> Broker {
        let at_once = Backoff {
            tries: 1,
            first_pause: Duration::ZERO,
            patience: Duration::ZERO,
            first_rest: Duration::ZERO,
            longest_rest: Duration::ZERO,
        };
        Broker::new(BrokerParts {
            profile: ProfileName::default(),
            registry: Arc::new(Registry::new(Some(self.home.providers()))),
            store,
            audit: Arc::new(AuditLog::new(self.home.audit_log())),
            clock: Arc::new(HandClock(self.clock.clone())),
            entropy,
            http: Arc::new(ReqwestClient::new(ProxySettings::default())),
        })
        .with_backoff(at_once)
    }

    /// Logs in to `acme`, whatever is stored.
    pub(crate) async fn log_in(&self) -> Broker {
        let broker = self.broker();
        let request = LoginRequest {
            provider: "acme".parse().unwrap(),
            connection: "default".parse().unwrap(),
            flow: None,
            scopes: None,
            params: Default::default(),
            client_id: Some("test-client".to_owned()),
            replace: Replace::Always,
            supplied: Supplied::default(),
            patience: Some(Duration::from_secs(60)),
        };
        broker.login(&request, &Approving).await.unwrap();
        broker
    }

    /// Makes the audit log impossible to write, for root too.
    pub(crate) fn break_audit_log(&self) {
        drop(fs::remove_file(self.home.audit_log()));
        fs::create_dir(self.home.audit_log()).unwrap();
    }

    /// How often a credential was put on record as handed to a program behind the sidecar.
    pub(crate) fn releases(&self) -> usize {
        let log = AuditLog::new(self.home.audit_log());
        let lines = log.read(&Filter::default()).unwrap().into_iter();
        let released =
            |line: &Line| matches!(line, Line::Event(event) if event.action == "release");
        lines.filter(released).count()
    }
}

pub(crate) fn target() -> Target {
    account().target()
}

pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

#[derive(Debug)]
struct HandClock(ManualClock);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.now()).unwrap()
    }
}

/// Grants whatever is asked.
struct Approving;

impl fmt::Debug for Approving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approving")
    }
}

impl Interaction for Approving {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        let url = url.as_str().to_owned();
        std::thread::spawn(move || follow(&url, Person::Approve));
        Launch::Started
    }

    fn ask<'a>(&'a self, _: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        Box::pin(std::future::ready(Err(AskError::NotPossible)))
    }

    fn tell(&self, _: &Event) {}
}

/// A vault that can be made unreadable.
#[derive(Debug)]
pub(crate) struct Fragile {
    pub(crate) store: SqliteStore,
    pub(crate) broken: AtomicBool,
}

impl Fragile {
    fn check(&self) -> Result<(), StoreError> {
        match self.broken.load(Ordering::Relaxed) {
            true => Err(StoreError::Corrupt("it was cut".to_owned())),
            false => Ok(()),
        }
    }
}

impl Store for Fragile {
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
        self.check()?;
        self.store.get(key)
    }

    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
        self.store.put(key, value, expected)
    }

    fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError> {
        self.store.delete(key, expected)
    }

    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
        self.check()?;
        self.store.list(prefix)
    }

    fn lock(&self, key: &EntryKey, patience: Duration) -> Result<LockGuard, LockError> {
        self.store.lock(key, patience)
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        self.store.meta()
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        self.store.verify()
    }
}
