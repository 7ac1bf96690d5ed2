//! The lock of one connection, taken without tying anybody up.
//!
//! The vault's own wait blocks a thread that cannot be called off. So it is asked for short whiles, again
//! and again: a caller that gives up in between (Ctrl-C, a dropped future) leaves nothing waiting behind it.

use std::time::Duration;

use authkeep_vault::{EntryKey, LockError, LockGuard};
use tokio::time::Instant;

use crate::Broker;

/// The longest that one wait in the vault lasts.
const WHILE: Duration = Duration::from_millis(250);
/// The pause after a backend that says "busy" without having waited.
const PAUSE: Duration = Duration::from_millis(5);

impl Broker {
    /// Takes a lock, waiting at most `patience` for its holder.
    pub(crate) async fn lock(
        &self,
        key: &EntryKey,
        patience: Duration,
    ) -> Result<LockGuard, LockError> {
        let started = Instant::now();
        loop {
            let key = key.clone();
            let a_while = WHILE.min(patience.saturating_sub(started.elapsed()));
            let taken = self.blocking(move |store| store.lock(&key, a_while)).await;
            match taken {
                Err(LockError::Busy { .. }) if started.elapsed() < patience => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(LockError::Busy { .. }) => {
                    return Err(LockError::Busy {
                        waited: started.elapsed(),
                    });
                }
                outcome => return outcome,
            }
        }
    }
}
