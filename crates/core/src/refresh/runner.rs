//! Where the transaction runs: out of reach of whatever may happen to the one who asked for it.
//!
//! The library can put it beyond a dropped future, not beyond the end of its process. A program that shall
//! survive that too starts a process of its own and calls [`Broker::carry_out`] there.

use std::fmt::Debug;

use super::{RefreshError, RefreshOrder};
use crate::{BoxFuture, Broker};

/// Where the redeem-and-save step runs.
pub trait RefreshRunner: Send + Sync + Debug {
    /// Renews one connection. On success the vault holds the outcome; nothing is returned through memory.
    ///
    /// The future may be dropped at any time. What was begun by then has to go on.
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        order: &'a RefreshOrder,
    ) -> BoxFuture<'a, Result<(), RefreshError>>;
}

/// Refreshes in a task of its own on the caller's runtime.
///
/// A caller that is cancelled cuts nothing off. The end of the runtime or of the process does: then the
/// connection is in doubt, which the next refresh recognises.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl RefreshRunner for InProcess {
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        order: &'a RefreshOrder,
    ) -> BoxFuture<'a, Result<(), RefreshError>> {
        let (broker, theirs) = (broker.clone(), order.clone());
        Box::pin(async move {
            let task = tokio::spawn(async move { broker.carry_out(&theirs).await });
            match task.await {
                Ok(outcome) => outcome,
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                Err(_) => Err(RefreshError::NotFinished {
                    provider: order.provider.clone(),
                    why: "the runtime ended".to_owned(),
                }),
            }
        })
    }
}
