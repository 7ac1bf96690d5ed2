//! A program with the library in it, as an agent may have: many tasks that want the same login at once, and
//! tasks that are dropped half way. It can leave defences out, to show what they are for.
//!
//! `embedder resolve COUNT [without…]`: so many tasks at once; prints one line each, the token or `error: …`.
//! `embedder drop COUNT [without…]`: lets the token run out and drops a task that renews it, so many times;
//! prints `dropped N, unfinished N, lost N`, and stops at the first login that is lost.
//!
//! `without-lock`: locks exclude nobody. `without-detaching`: a refresh is part of the task that wants it.
//!
//! `AUTHKEEP_HOME` says where; the login is that of `acme`. It must not be used for anything but tests.
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program of the tests: what goes wrong ends it, and its environment steers it"
)]

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use authkeep_audit::AuditLog;
use authkeep_core::{
    BoxFuture, Broker, BrokerParts, Home, ProfileName, ProxySettings, Purpose, RefreshError,
    RefreshOrder, RefreshRunner, ReqwestClient, SystemClock, Target,
};
use authkeep_registry::Registry;
use authkeep_tests::{entropy, expire, moment, open_vault};
use authkeep_vault::{
    Entry, EntryKey, Expected, LockError, LockGuard, Meta, PutError, Revision, Store, StoreError,
    Verification,
};
use secrecy::ExposeSecret as _;

fn main() {
    let mut words = std::env::args().skip(1);
    let task = words.next().expect("a task");
    let count = words.next().and_then(|word| word.parse().ok());
    let count = count.expect("a count");
    let without: Vec<String> = words.collect();
    let home = std::env::var_os("AUTHKEEP_HOME").map(PathBuf::from);
    let home = home.expect("AUTHKEEP_HOME");
    let agent = Agent::new(&home, &without);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let said = runtime.block_on(async {
        match task.as_str() {
            "resolve" => agent.resolve(count).await,
            "drop" => agent.drop_tasks(count).await,
            other => panic!("there is no task `{other}`"),
        }
    });
    io::stdout()
        .write_all(said.as_bytes())
        .expect("standard output");
}

struct Agent {
    broker: Broker,
    /// The vault with its locks, whatever the broker does without.
    store: Arc<dyn Store>,
}

impl Agent {
    fn new(root: &std::path::Path, without: &[String]) -> Self {
        let has_no = |what: &str| without.iter().any(|word| word == what);
        let home = Home::open(root).expect("a home in order");
        let home = home.expect("a home that was made");
        let store: Arc<dyn Store> = Arc::new(open_vault(root));
        let broker = Broker::new(BrokerParts {
            profile: ProfileName::default(),
            registry: Arc::new(Registry::new(Some(home.providers()))),
            store: if has_no("without-lock") {
                Arc::new(Unlocked(Arc::clone(&store)))
            } else {
                Arc::clone(&store)
            },
            audit: Arc::new(AuditLog::new(home.audit_log())),
            clock: Arc::new(SystemClock),
            entropy,
            http: Arc::new(ReqwestClient::new(ProxySettings::default())),
        });
        let broker = if has_no("without-detaching") {
            broker.with_runner(Arc::new(Attached))
        } else {
            broker
        };
        Self { broker, store }
    }

    async fn resolve(&self, count: u32) -> String {
        let tasks: Vec<_> = (0..count)
            .map(|_| tokio::spawn(token(self.broker.clone())))
            .collect();
        let mut said = String::new();
        for task in tasks {
            let line = match task.await.expect("a task that does not panic") {
                Ok(token) => token,
                Err(error) => format!("error: {error}"),
            };
            said.push_str(&line);
            said.push('\n');
        }
        said
    }

    async fn drop_tasks(&self, count: u32) -> String {
        self.let_it_run_out();
        let started = Instant::now();
        token(self.broker.clone())
            .await
            .expect("a login that works");
        let usual = started.elapsed();
        let mut unfinished = 0;
        for round in 0..count {
            self.let_it_run_out();
            let dropped = tokio::time::timeout(
                moment(round, usual.mul_f64(1.3)),
                token(self.broker.clone()),
            );
            unfinished += u32::from(dropped.await.is_err());
            self.let_it_run_out();
            if token(self.broker.clone()).await.is_err() {
                return format!("dropped {}, unfinished {unfinished}, lost 1\n", round + 1);
            }
        }
        format!("dropped {count}, unfinished {unfinished}, lost 0\n")
    }

    fn let_it_run_out(&self) {
        tokio::task::block_in_place(|| expire(self.store.as_ref()));
    }
}

/// The live token of `acme`.
async fn token(broker: Broker) -> Result<String, String> {
    let target = Target {
        provider: "acme".parse().expect("a name"),
        connection: None,
    };
    let connection = broker.resolve(&target, None).await;
    let connection = connection.map_err(|error| error.to_string())?;
    let credential = broker.release(connection, Purpose::Show);
    let credential = credential.map_err(|error| error.to_string())?;
    let token = credential.field("token");
    Ok(token
        .map_err(|error| error.to_string())?
        .expose_secret()
        .to_owned())
}

/// Carries out a refresh in the task that wants it: whoever drops that task cuts the refresh in two.
#[derive(Debug)]
struct Attached;

impl RefreshRunner for Attached {
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        order: &'a RefreshOrder,
    ) -> BoxFuture<'a, Result<(), RefreshError>> {
        Box::pin(broker.carry_out(order))
    }
}

/// A vault whose locks exclude nobody.
#[derive(Debug)]
struct Unlocked(Arc<dyn Store>);

impl Store for Unlocked {
    fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
        self.0.get(key)
    }

    fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
        self.0.put(key, value, expected)
    }

    fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError> {
        self.0.delete(key, expected)
    }

    fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
        self.0.list(prefix)
    }

    fn lock(&self, _key: &EntryKey, _patience: Duration) -> Result<LockGuard, LockError> {
        Ok(LockGuard::new(()))
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        self.0.meta()
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        self.0.verify()
    }
}
