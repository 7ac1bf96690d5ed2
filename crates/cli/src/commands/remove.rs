//! `authkeep remove`: ends everything of a provider, and forgets a definition of the user's own.

use authkeep_registry::ProviderName;
use clap::Args;

use super::logout::Ended;
use super::missing::defined;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::Done;

/// End all logins of a provider in this profile and remove your own definition of it.
///
/// A bundled definition stays; if yours was in its place, the bundled one is back in force.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(context: &Context, args: &RemoveArgs) -> Result<Done, CommandError> {
    if context.broker()?.is_none() {
        defined(context, &args.provider)?;
    }
    let broker = context.broker_or_new()?;
    broker.require_known(&args.provider)?;
    let outcomes = block_on(async { Ok(broker.revoke(&args.provider).await?) })?;
    let removed = broker.unregister(&args.provider)?;
    let also = if removed {
        format!("Your definition of {} is removed.", args.provider)
    } else {
        format!(
            "Nothing of {} is left in profile {}; its definition is bundled and stays.",
            args.provider,
            broker.profile()
        )
    };
    Ok(Done::view(Ended {
        outcomes,
        also: Some(also),
    }))
}
