//! What every test here works with: a home with a real vault, a scripted authorization server, a clock that
//! stands still, and a person who does as told.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use authkeep_audit::AuditLog;
use authkeep_core::{
    AskError, Backoff, BoxFuture, Broker, BrokerParts, BrowserUrl, Clock, Connection, Deadlines,
    Event, FieldRequest, Home, HttpClient, Interaction, Launch, LoginRequest, ProfileName,
    ProxySettings, Purpose, Replace, ReqwestClient, Supplied, Target, Timestamp,
};
use authkeep_registry::Registry;
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::clock::ManualClock;
use authkeep_testkit::oauth_server::{OAuthServer, Scripted, ServerOptions};
use authkeep_vault::{EntropyError, EntryKey, Expected, SqliteStore, Store};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::TempDir;

/// Where the one login of most tests is stored.
pub(crate) const CONNECTION: &str = "profile:default:acme:connection:default";
/// Where its OAuth client is stored.
pub(crate) const CLIENT: &str = "profile:default:acme:client";

/// One request in each call, and no rest between calls.
pub(crate) const AT_ONCE: Backoff = Backoff {
    tries: 1,
    first_pause: Duration::ZERO,
    patience: Duration::ZERO,
    first_rest: Duration::ZERO,
    longest_rest: Duration::ZERO,
};

/// A home, a provider `acme`, and the time.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: OAuthServer,
    pub(crate) clock: ManualClock,
    pub(crate) home: Home,
    _folder: TempDir,
}

impl World {
    /// A home with a vault and nothing in it, and a well-behaved server.
    pub(crate) fn new() -> Self {
        Self::with(ServerOptions::default())
    }

    pub(crate) fn with(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open_or_create(&folder.path().join("home")).unwrap();
        let server = OAuthServer::start(options);
        let world = Self {
            server,
            clock: ManualClock::default(),
            home,
            _folder: folder,
        };
        world.define(&world.definition());
        drop(world.store());
        world
    }

    pub(crate) fn definition(&self) -> Value {
        self.server.definition("acme")
    }

    /// Writes a definition as an editor would: past every check.
    pub(crate) fn define(&self, definition: &Value) {
        let folder = self.home.providers();
        fs::create_dir_all(&folder).unwrap();
        let file = format!("{}.json", definition["name"].as_str().unwrap());
        fs::write(folder.join(file), definition.to_string()).unwrap();
    }

    /// Changes one value of the definition of `acme`.
    pub(crate) fn redefine(&self, pointer: &str, value: impl Into<Value>) {
        let mut definition = self.definition();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        definition.pointer_mut(parent).unwrap()[name] = value.into();
        self.define(&definition);
    }

    /// One more handle on the vault.
    pub(crate) fn store(&self) -> SqliteStore {
        self.home
            .open_or_create_vault(&ProfileName::default(), entropy)
            .unwrap()
    }

    /// What a broker is made of, with a vault handle and an HTTP client of its own.
    pub(crate) fn parts(&self) -> BrokerParts {
        BrokerParts {
            profile: ProfileName::default(),
            registry: Arc::new(Registry::new(Some(self.home.providers()))),
            store: Arc::new(self.store()),
            audit: Arc::new(AuditLog::new(self.home.audit_log())),
            clock: Arc::new(HandClock(self.clock.clone())),
            entropy,
            http: http(Duration::from_secs(10)),
        }
    }

    /// A broker that asks a server once in each call, and leaves it no rest: what is not about persistence shall
    /// not depend on it. `Broker::new(world.parts())` is as persistent as the product.
    pub(crate) fn broker(&self) -> Broker {
        Broker::new(self.parts()).with_backoff(AT_ONCE)
    }

    /// The same, giving up on a silent server after a moment.
    pub(crate) fn impatient_broker(&self) -> Broker {
        let parts = BrokerParts {
            http: http(Duration::from_millis(300)),
            ..self.parts()
        };
        Broker::new(parts).with_backoff(AT_ONCE)
    }

    /// Logs in to `acme` and returns the broker that did.
    pub(crate) async fn logged_in(&self) -> Broker {
        let broker = self.broker();
        broker
            .login(&request(), &FakePerson::approving())
            .await
            .unwrap();
        broker
    }

    /// The stored record under `key`, secrets included; null if there is none.
    pub(crate) fn stored(&self, key: &str) -> Value {
        let key = EntryKey::new(key).unwrap();
        let entry = self.store().get(&key).unwrap();
        entry.map_or(Value::Null, |entry| {
            serde_json::from_slice(entry.value.expose_secret()).unwrap()
        })
    }

    /// The login's stored record.
    pub(crate) fn record(&self) -> Value {
        self.stored(CONNECTION)
    }

    /// The same without what is noted of refreshes that failed: what nothing but a success may change.
    pub(crate) fn login(&self) -> Value {
        let mut record = self.record();
        if let Some(fields) = record.as_object_mut() {
            fields.retain(|name, _| !name.starts_with("refresh_") || name == "refresh_token");
        }
        record
    }

    /// Puts a record in place of the stored one, as another version of the program might.
    pub(crate) fn put(&self, key: &str, record: &Value) {
        let key = EntryKey::new(key).unwrap();
        let text = record.to_string();
        self.store()
            .put(&key, text.as_bytes(), Expected::Any)
            .unwrap();
    }

    /// The vault as it lies on the disk.
    pub(crate) fn vault_bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.home.profile(&ProfileName::default());
        ["store.db", "store.db-wal"]
            .map(|name| folder.join(name))
            .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
            .into()
    }

    /// Makes the audit log impossible to write, for root too.
    pub(crate) fn break_audit_log(&self) {
        drop(fs::remove_file(self.home.audit_log()));
        fs::create_dir(self.home.audit_log()).unwrap();
    }

    /// Lets the next answers of the token endpoint be these.
    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Scripted>) {
        self.server.script("/token", faults.into_iter().collect());
    }

    /// How often the token endpoint was asked.
    pub(crate) fn token_requests(&self) -> usize {
        self.server.count("/token")
    }
}

pub(crate) fn http(patience: Duration) -> Arc<dyn HttpClient> {
    Arc::new(
        ReqwestClient::new(ProxySettings::default()).with_deadlines(Deadlines {
            total: patience,
            idle: patience,
            ..Deadlines::default()
        }),
    )
}

pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

/// A login to `acme` with the server's public client, whatever is stored.
pub(crate) fn request() -> LoginRequest {
    LoginRequest {
        provider: "acme".parse().unwrap(),
        connection: "default".parse().unwrap(),
        flow: None,
        scopes: None,
        params: Default::default(),
        client_id: Some("test-client".to_owned()),
        replace: Replace::Always,
        supplied: Supplied::default(),
        patience: Some(Duration::from_secs(60)),
    }
}

pub(crate) fn target() -> Target {
    Target {
        provider: "acme".parse().unwrap(),
        connection: None,
    }
}

/// The live secret.
pub(crate) fn token(broker: &Broker, connection: Connection) -> String {
    let credential = broker.release(connection, Purpose::Show).unwrap();
    credential
        .field("token")
        .unwrap()
        .expose_secret()
        .to_owned()
}

/// An answer with this status, type and body.
pub(crate) fn answer(status: u16, kind: &str, body: impl ToString) -> Scripted {
    Scripted::Status {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.to_string().into_bytes(),
    }
}

/// A clock in a test's hand.
#[derive(Debug)]
pub(crate) struct HandClock(pub(crate) ManualClock);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.now()).unwrap()
    }
}

type Browser = Arc<dyn Fn(String) + Send + Sync>;

/// Somebody who answers from a queue and browses on a thread of its own; everything is remembered.
pub(crate) struct FakePerson {
    browser: Browser,
    answers: Mutex<VecDeque<String>>,
    questions: Mutex<Vec<FieldRequest>>,
    events: Mutex<Vec<Event>>,
    urls: Mutex<Vec<String>>,
    browsing: Mutex<Vec<JoinHandle<()>>>,
    no_browser: Option<String>,
}

impl FakePerson {
    /// Does this with every URL, on a thread of its own.
    pub(crate) fn browsing(browser: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self {
            browser: Arc::new(browser),
            answers: Mutex::default(),
            questions: Mutex::default(),
            events: Mutex::default(),
            urls: Mutex::default(),
            browsing: Mutex::default(),
            no_browser: None,
        }
    }

    /// Grants whatever is asked.
    pub(crate) fn approving() -> Self {
        Self::browsing(|url| {
            follow(&url, Person::Approve).unwrap();
        })
    }

    /// Opens nothing.
    pub(crate) fn idle() -> Self {
        Self::browsing(|_| {})
    }

    /// Answers the next questions with these; when they run out, nobody is there.
    pub(crate) fn answering(self, answers: &[&str]) -> Self {
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        Self {
            answers: Mutex::new(answers),
            ..self
        }
    }

    /// Has no browser, for this reason.
    pub(crate) fn without_browser(self, why: &str) -> Self {
        Self {
            no_browser: Some(why.to_owned()),
            ..self
        }
    }

    pub(crate) fn questions(&self) -> Vec<FieldRequest> {
        self.questions.lock().unwrap().clone()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.urls.lock().unwrap().clone()
    }

    /// Waits for the browser; fails the test if it failed.
    pub(crate) fn come_back(&self) {
        for thread in self.browsing.lock().unwrap().drain(..) {
            thread.join().expect("the browser's part goes well");
        }
    }
}

impl fmt::Debug for FakePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakePerson").finish_non_exhaustive()
    }
}

impl Interaction for FakePerson {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        let url = url.as_str().to_owned();
        self.urls.lock().unwrap().push(url.clone());
        let browser = Arc::clone(&self.browser);
        let thread = std::thread::spawn(move || browser(url));
        self.browsing.lock().unwrap().push(thread);
        Launch::Started
    }

    fn ask<'a>(&'a self, field: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        self.questions.lock().unwrap().push(field.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.map(SecretString::from).ok_or(AskError::NotPossible);
        Box::pin(std::future::ready(answer))
    }

    fn no_browser(&self) -> Option<String> {
        self.no_browser.clone()
    }

    fn tell(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }
}
