//! Renewing an access token (RFC 6749 §6) without ever losing the login.
//!
//! A refresh token that rotates can be redeemed once. So the redemption is a transaction of its own
//! (`refresh/transaction.rs`), under a lock that the kernel gives back however its holder ends, and it is
//! carried out where its caller's end does not reach it: by a [`RefreshRunner`]. Callers who want the same
//! connection renewed take turns; whoever finds it renewed uses what is there.

mod backoff;
mod error;
mod intent;
mod redemption;
mod runner;
mod transaction;
mod trouble;

use std::time::Duration;

use authkeep_registry::ProviderName;
use authkeep_vault::LockError;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

pub use self::backoff::Backoff;
pub use self::error::RefreshError;
pub(crate) use self::error::told;
pub(crate) use self::intent::Intent;
pub use self::runner::{InProcess, RefreshRunner};
pub(crate) use self::transaction::apply;
pub use self::trouble::Trouble;

use crate::record::{self, ConnectionRecord, Stored, Verdict};
use crate::{Broker, Connection, ConnectionName, TokenId};

/// When to redeem the refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// Only if the token is still due once the lock is held.
    IfDue {
        /// The life that the caller needs it to have.
        min_ttl: Option<Duration>,
    },
    /// Whatever life it has left, unless somebody has replaced it meanwhile.
    Replace {
        /// The token that the caller found wanting.
        seen: Option<TokenId>,
    },
}

/// One connection that is to be renewed. It holds no secret, so that it can be handed to another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshOrder {
    /// The provider, by its own name.
    pub provider: ProviderName,
    /// Which of its connections.
    pub connection: ConnectionName,
    /// When to redeem.
    pub renewal: Renewal,
    /// How long to wait for another process that is changing the connection.
    pub patience: Duration,
}

impl Broker {
    /// Has one connection renewed. On success the vault holds the outcome.
    ///
    /// Callers queue here, before anything is started for them: of many who come at once the first has the work
    /// done, and the others find it done. The queue is a lock of its own, because a caller may die and the
    /// transaction that it started shall not.
    ///
    /// `failures` is how many refreshes had failed in a row when the caller last looked.
    pub(crate) async fn have_renewed(
        &self,
        mut order: RefreshOrder,
        failures: u32,
    ) -> Result<(), RefreshError> {
        let started = Instant::now();
        let turn = self.keys(&order.provider).turn(&order.connection);
        let turn = turn.map_err(|error| RefreshError::stored(&order.provider, &error))?;
        // The queue keeps order, and the lock of the connection keeps the login. Whoever holds the queue up for too
        // long, because somebody has stopped that process, is passed by.
        let _turn = match self.lock(&turn, order.patience * 3 / 4).await {
            Ok(turn) => Some(turn),
            Err(LockError::Busy { .. }) => None,
            Err(error) => return Err(RefreshError::lock(&order.provider, &error)),
        };
        loop {
            match self.need(&order)? {
                Need::Nothing => return Ok(()),
                Need::Renewal(_) => break,
                // Better late than not at all; but who waited while others tried and failed has waited long enough.
                Need::Rest { after, wait, .. }
                    if after == failures
                        && wait <= self.backoff().patience
                        && started.elapsed() + wait < order.patience =>
                {
                    sleep(wait).await;
                }
                Need::Rest { error, .. } => return Err(error),
            }
        }
        order.patience = order.patience.saturating_sub(started.elapsed());
        self.runner().run(self, &order).await
    }

    /// What there is to do, by what is stored now.
    fn need(&self, order: &RefreshOrder) -> Result<Need, RefreshError> {
        let provider = &order.provider;
        let key = self.keys(provider).connection(&order.connection);
        let stored: Option<Stored<ConnectionRecord>> = key
            .and_then(|key| record::read(self.store(), &key))
            .map_err(|error| RefreshError::stored(provider, &error))?;
        let Stored { record, revision } = stored.ok_or_else(|| RefreshError::Gone {
            provider: provider.clone(),
        })?;
        let connection = Connection::new(provider.clone(), order.connection.clone(), record);
        if connection.record.verdict != Verdict::Good {
            // Whoever came before was told so already. The server need not be asked once for each caller.
            return Err(RefreshError::Refused {
                provider: provider.clone(),
                in_doubt: false,
            });
        }
        let done = match &order.renewal {
            Renewal::IfDue { min_ttl } => !connection.is_due(self.now(), *min_ttl),
            Renewal::Replace { seen } => connection.token_id() != *seen,
        };
        if done {
            return Ok(Need::Nothing);
        }
        if !connection.can_be_renewed(self.now()) {
            return Err(RefreshError::NotRefreshable {
                provider: provider.clone(),
            });
        }
        if let Some((trouble, until)) = connection.resting(self.now()) {
            let wait = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
            return Ok(Need::Rest {
                after: trouble.failures,
                wait,
                error: RefreshError::NotYet {
                    provider: provider.clone(),
                    why: trouble.message.clone(),
                    wait,
                },
            });
        }
        Ok(Need::Renewal(Box::new(Wanted {
            connection,
            revision,
        })))
    }
}

/// What is to be done about a connection that somebody wants renewed.
#[derive(Debug)]
enum Need {
    /// Nothing: somebody else has done it.
    Nothing,
    /// Nothing yet: the last refresh failed, and the server is left alone.
    Rest {
        /// How many refreshes have failed in a row.
        after: u32,
        wait: Duration,
        error: RefreshError,
    },
    Renewal(Box<Wanted>),
}

/// A connection that is to be renewed, and the revision it was read at.
#[derive(Debug)]
struct Wanted {
    connection: Connection,
    revision: authkeep_vault::Revision,
}
