//! Logins as they should be handed out: what is due is refreshed first, several at once, and a person who waits is
//! told for whom.

use std::time::Duration;

use authkeep_core::{Broker, Connection, ResolveError, Target};

use super::at_once::at_once;
use super::waiting::{for_token, waiting};
use crate::context::{OnInterrupt, block_on};
use crate::error::CommandError;
use crate::output::Output;

/// One login, good for `min_ttl`. A runtime is started only if there is something to refresh.
pub(super) fn resolved(
    broker: &Broker,
    output: &Output,
    target: &Target,
    min_ttl: Option<Duration>,
) -> Result<Connection, CommandError> {
    if let Some(connection) = broker.resolve_from_vault(target, min_ttl)? {
        return Ok(connection);
    }
    block_on(OnInterrupt::Leave, async {
        let resolving = broker.resolve(target, min_ttl);
        Ok(waiting(output, &for_token(target.provider.as_str()), resolving).await?)
    })
}

/// One login, renewed now.
pub(super) fn renewed(
    broker: &Broker,
    output: &Output,
    target: &Target,
) -> Result<Connection, CommandError> {
    block_on(OnInterrupt::Leave, async {
        let what = for_token(target.provider.as_str());
        Ok(waiting(output, &what, broker.renew(target)).await?)
    })
}

/// Several, in the order of `targets`: none waits for a provider of another's.
pub(super) fn each(
    broker: &Broker,
    output: &Output,
    targets: &[Target],
) -> Result<Vec<Result<Connection, CommandError>>, CommandError> {
    let mut found: Vec<_> = targets
        .iter()
        .map(|target| broker.resolve_from_vault(target, None).transpose())
        .collect();
    let due: Vec<(usize, Target)> = targets
        .iter()
        .cloned()
        .enumerate()
        .filter(|(index, _)| found[*index].is_none())
        .collect();
    if !due.is_empty() {
        let names: Vec<_> = due.iter().map(|(_, t)| t.provider.as_str()).collect();
        let names = names.join(", ");
        let renewing = at_once(
            due.into_iter()
                .map(|(index, target)| one(broker.clone(), index, target)),
        );
        let renewed = block_on(OnInterrupt::Leave, async {
            Ok(waiting(output, &for_token(&names), renewing).await)
        })?;
        for (index, outcome) in renewed {
            found[index] = Some(outcome);
        }
    }
    Ok(found
        .into_iter()
        .flatten()
        .map(|outcome| outcome.map_err(CommandError::from))
        .collect())
}

type Outcome = Result<Connection, ResolveError>;

async fn one(broker: Broker, index: usize, target: Target) -> (usize, Outcome) {
    let outcome = broker.resolve(&target, None).await;
    (index, outcome)
}
