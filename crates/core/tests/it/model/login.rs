//! The stored login: made once by a real one, then put into every execution with the model's own tokens.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use authkeep_audit::AuditLog;
use authkeep_core::{Backoff, Broker, BrokerParts, Clock, Connection, ProfileName, Purpose};
use authkeep_registry::Registry;
use authkeep_testkit::clock::ManualClock;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::apart::Apart;
use super::http::Wire;
use super::machine::Machine;
use super::scenario::{Life, Runner, Scenario};
use super::server::{access_token_of, refresh_token_of};
use super::vault::Vault;
use crate::fakes::FakePerson;
use crate::fakes::{CLIENT, CONNECTION, HandClock, World, entropy, request};

/// What every execution of every scenario begins with.
#[derive(Debug)]
pub(super) struct Origin {
    world: World,
    registry: Arc<Registry>,
    /// Releases what the processes obtained. It stands outside the machine.
    releasing: Broker,
    record: Value,
    client: Value,
    nowhere: Arc<AuditLog>,
}

impl Origin {
    /// A login made just now.
    pub(super) fn get() -> &'static Self {
        static ORIGIN: OnceLock<Origin> = OnceLock::new();
        ORIGIN.get_or_init(Self::make)
    }

    fn make() -> Self {
        let world = World::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let releasing = world.broker();
        let person = FakePerson::approving();
        let request = request();
        let login = releasing.login(&request, &person);
        runtime.unwrap().block_on(login).unwrap();
        Self {
            registry: Arc::new(Registry::new(Some(world.home.providers()))),
            record: world.record(),
            client: world.stored(CLIENT),
            // A refresh does not hang on its line in the log, and making the lines durable would take most of
            // the time. So there is no folder for the log.
            nowhere: Arc::new(AuditLog::new(PathBuf::from("/nonexistent/audit.log"))),
            releasing,
            world,
        }
    }

    /// The entries as the login left them, with the tokens of pair 0.
    pub(super) fn entries(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let mut record = self.record.clone();
        record["access_token"] = json!(access_token_of(0));
        record["refresh_token"] = json!(refresh_token_of(0));
        let all = [(CONNECTION, record), (CLIENT, self.client.clone())];
        all.into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.to_owned(), value.to_string().into_bytes()))
    }

    /// The record of a login made just now, with these tokens.
    pub(super) fn fresh_record(&self, pair: usize) -> Value {
        let now = self.clock(Life::Over).now();
        let mut record = self.record.clone();
        record["access_token"] = json!(access_token_of(pair));
        record["refresh_token"] = json!(refresh_token_of(pair));
        record["obtained_at"] = json!(now);
        record["expires_at"] = json!(now.checked_add(Duration::from_secs(3_600)).unwrap());
        record
    }

    fn clock(&self, life: Life) -> HandClock {
        HandClock(ManualClock::at(self.world.clock.now() + life.age()))
    }

    /// A broker whose every act is a stop of the machine.
    pub(super) fn broker(
        &self,
        machine: &Arc<Machine>,
        process: usize,
        scenario: Scenario,
    ) -> Broker {
        let broker = Broker::new(BrokerParts {
            profile: ProfileName::default(),
            registry: Arc::clone(&self.registry),
            store: Arc::new(Vault {
                machine: Arc::clone(machine),
                process,
                swap: scenario.swap,
            }),
            audit: Arc::clone(&self.nowhere),
            clock: Arc::new(self.clock(scenario.life)),
            entropy,
            http: Arc::new(Wire {
                machine: Arc::clone(machine),
                process,
            }),
        });
        // Time stands still, so that a server which is left alone for a while would be left alone for ever.
        let broker = broker.with_backoff(Backoff {
            first_rest: Duration::ZERO,
            longest_rest: Duration::ZERO,
            ..Backoff::default()
        });
        match scenario.runner {
            Runner::InProcess => broker,
            Runner::Apart => broker.with_runner(Arc::new(Apart {
                machine: Arc::clone(machine),
                process,
                scenario,
            })),
        }
    }

    /// The access token of a login that a process obtained.
    pub(super) fn token(&self, connection: Connection) -> String {
        let credential = self.releasing.release(connection, Purpose::Show).unwrap();
        let token = credential.field("token").unwrap();
        token.expose_secret().to_owned()
    }
}

/// What the properties look at in a stored login.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    /// It is marked so that only a person can make it work again.
    pub(super) is_over: bool,
    /// Somebody logs out, or was killed while doing so.
    pub(super) is_ending: bool,
    /// A refresh was begun, and its outcome is not known.
    pub(super) is_in_doubt: bool,
}

impl Login {
    /// Reads an entry; `None` for one that is no login.
    pub(super) fn read(key: &str, value: &[u8]) -> Option<Self> {
        if key != CONNECTION {
            return None;
        }
        let record: Value = serde_json::from_slice(value).unwrap();
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            is_in_doubt: !record["refresh_intent"].is_null(),
            is_ending: text("verdict") == "revoked",
            is_over: !matches!(text("verdict").as_str(), "" | "good"),
        })
    }
}
