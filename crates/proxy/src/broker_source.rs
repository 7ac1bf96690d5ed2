//! Credentials from the broker: released once for each token, kept for a second at a time.
//!
//! A run may last for days. So nothing is kept for good: at least once a second the vault is asked whether the login is
//! still there and still the same, and a logout, a new login or another process's refresh is in force from then on.
//! What runs out soon is renewed ahead of time, while requests go on with what still works; nobody waits for a refresh
//! but those whose token has run out.

mod refused;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authkeep_core::{
    BoxFuture, Broker, Connection, Lookup, Purpose, ResolveError, Target, TokenId,
};
use tokio::sync::Mutex as Turns;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::{Account, CredentialSource, Live, Need, Refusal};

/// How long an answer of the vault is good.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// With less life left than this a token is not handed out while it is being renewed.
const SPARE: Duration = Duration::from_secs(5);
/// A server that answers 401 to everything shall not have the login renewed at every request.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(60);

/// A [`CredentialSource`] on the user's logins, for a fixed set of them; by default for none.
#[derive(Debug, Default)]
pub struct BrokerSource {
    slots: HashMap<Account, Slot>,
}

/// One login.
#[derive(Debug)]
struct Slot {
    broker: Broker,
    /// What resolves to it.
    target: Target,
    known: Mutex<Option<Known>>,
    /// Who has to look does so alone; the others find it looked at.
    turn: Turns<Turn>,
}

/// What was released, and until when it is good without another look.
#[derive(Debug)]
struct Known {
    live: Live,
    secrets: TokenId,
    until: Option<Instant>,
}

#[derive(Debug, Default)]
struct Turn {
    /// The renewal ahead of time that is under way.
    ahead: Option<JoinHandle<()>>,
    /// When it was last renewed because a server had refused the token.
    renewed: Option<Instant>,
}

impl BrokerSource {
    /// A source for these logins and no others. Each comes with the target that leads to it: for what is not saved,
    /// but in the environment, that is the provider without a connection.
    pub fn new(broker: Broker, logins: impl IntoIterator<Item = (Account, Target)>) -> Self {
        let slot = |target| Slot {
            broker: broker.clone(),
            target,
            known: Mutex::default(),
            turn: Turns::default(),
        };
        let slots = logins.into_iter();
        Self {
            slots: slots
                .map(|(account, target)| (account, slot(target)))
                .collect(),
        }
    }

    async fn answer(&self, account: &Account, need: Need) -> Result<Live, Refusal> {
        let not_there = || refused::not_connected(account);
        let slot = self.slots.get(account).ok_or_else(not_there)?;
        if let Some(live) = slot.good(&need) {
            return Ok(live);
        }
        let mut turn = slot.turn.lock().await;
        // Who had the turn before may have looked meanwhile.
        if let Some(live) = slot.good(&need) {
            return Ok(live);
        }
        let found = match self.current(account, slot, &mut turn).await {
            Ok(found) => found,
            Err(refusal) => {
                *slot.known() = None;
                return Err(refusal);
            }
        };
        let found = match need {
            Need::OtherThan(refused) if found.token_id().as_ref() == Some(&refused) => {
                self.replaced(account, slot, found, &mut turn).await?
            }
            _ => found,
        };
        self.released(slot, found).await
    }

    /// The login as it is now, good to be handed out. One that is not saved is looked for where it came from.
    async fn current(
        &self,
        account: &Account,
        slot: &Slot,
        turn: &mut Turn,
    ) -> Result<Connection, Refusal> {
        let found = match slot.target.connection {
            Some(_) => self.looked_up(slot, turn).await,
            None => slot.broker.resolve(&slot.target, None).await,
        };
        match found {
            Ok(found) if *found.name() == account.connection => Ok(found),
            Ok(_) => Err(refused::not_connected(account)),
            Err(error) => Err(refused::unresolved(account, &error)),
        }
    }

    async fn looked_up(&self, slot: &Slot, turn: &mut Turn) -> Result<Connection, ResolveError> {
        let (broker, target) = (slot.broker.clone(), slot.target.clone());
        match blocking(move || broker.lookup(&target, None)).await? {
            Lookup::Fresh(found) => Ok(found),
            Lookup::NeedsRefresh(found) if lives_on(&found, &slot.broker, SPARE) => {
                self.renew_ahead(slot, turn);
                Ok(found)
            }
            Lookup::NeedsRefresh(_) => slot.broker.resolve(&slot.target, None).await,
            Lookup::NeedsLogin(found, status) => Err(ResolveError::NeedsLogin {
                provider: found.provider().clone(),
                connection: found.name().clone(),
                status,
            }),
            Lookup::Missing { provider, .. } => Err(ResolveError::Missing {
                provider,
                ways: Vec::new(),
            }),
        }
    }

    /// Has the login renewed by a task that no request waits for.
    fn renew_ahead(&self, slot: &Slot, turn: &mut Turn) {
        if turn.ahead.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (broker, target) = (slot.broker.clone(), slot.target.clone());
        turn.ahead = Some(tokio::spawn(async move {
            if let Err(error) = broker.resolve(&target, None).await {
                tracing::warn!(provider = %target.provider, %error, "a login was not renewed ahead of time");
            }
        }));
    }

    /// The login with another token than the one that a server has refused.
    async fn replaced(
        &self,
        account: &Account,
        slot: &Slot,
        found: Connection,
        turn: &mut Turn,
    ) -> Result<Connection, Refusal> {
        let lately = |at: Instant| at.elapsed() < BETWEEN_RENEWALS;
        if !found.is_refreshable() || turn.renewed.is_some_and(lately) {
            return Err(refused::no_other(account));
        }
        turn.renewed = Some(Instant::now());
        let renewed = slot.broker.renew(&account.target()).await;
        renewed.map_err(|error| refused::unresolved(account, &error))
    }

    /// What the login holds, on record as released; as before where nothing has changed.
    async fn released(&self, slot: &Slot, found: Connection) -> Result<Live, Refusal> {
        let until = lives_on(&found, &slot.broker, GOOD_FOR).then(|| Instant::now() + GOOD_FOR);
        let secrets = found.secrets_id();
        if let Some(known) = slot.known().as_mut().filter(|k| k.secrets == secrets) {
            known.until = until;
            return Ok(known.live.clone());
        }
        *slot.known() = None;
        let (token, is_renewable) = (found.token_id(), found.is_refreshable());
        let broker = slot.broker.clone();
        let credential = blocking(move || broker.release(found, Purpose::Sidecar)).await;
        let live = Live {
            credential: Arc::new(credential.map_err(|_| refused::not_recorded())?),
            token,
            is_renewable,
        };
        *slot.known() = Some(Known {
            live: live.clone(),
            secrets,
            until,
        });
        Ok(live)
    }
}

impl Slot {
    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        // It is whole at any time: it is only ever replaced.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known and needs no look.
    fn good(&self, need: &Need) -> Option<Live> {
        let known = self.known();
        let known = known.as_ref()?;
        let is_good = known.until.is_some_and(|until| Instant::now() < until);
        let is_other = match need {
            Need::Working => true,
            Need::OtherThan(refused) => known.live.token.as_ref().is_some_and(|t| t != refused),
        };
        (is_good && is_other).then(|| known.live.clone())
    }
}

impl CredentialSource for BrokerSource {
    fn credential<'a>(
        &'a self,
        account: &'a Account,
        need: Need,
    ) -> BoxFuture<'a, Result<Live, Refusal>> {
        Box::pin(self.answer(account, need))
    }
}

/// Whether its token does not run out within `time`.
fn lives_on(found: &Connection, broker: &Broker, time: Duration) -> bool {
    let now = broker.now();
    found.expires_at().is_none_or(|at| {
        let left = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        left > time
    })
}

/// Vault and audit log are files: asked where that holds up no other request.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
