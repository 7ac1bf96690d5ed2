//! `authkeep remove`: ends everything of a provider, and forgets a definition of the user's own.

use authkeep_registry::{ProviderName, Source};
use clap::Args;

use super::logout::Ended;
use super::missing::defined;
use super::waiting::{for_revocation, waiting};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::output::{Done, Output};

/// End all logins of a provider in this profile and remove your own definition of it.
///
/// A bundled definition stays; if yours was in its place, the bundled one is back in force.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RemoveArgs,
) -> Result<Done, CommandError> {
    let provider = &args.provider;
    let (outcomes, removed) = match context.broker()? {
        Some(broker) => {
            broker.require_known(provider)?;
            let outcomes = block_on(OnInterrupt::Finish(&broker), async {
                let what = for_revocation(provider.as_str());
                Ok(waiting(output, &what, broker.revoke(provider)).await?)
            })?;
            (outcomes, broker.unregister(provider)?)
        }
        // Nothing was ever stored in this profile; a definition may be there all the same.
        None => {
            let removed = match context.home()? {
                Some(home) => context.registry(Some(&home)).unregister(provider)?,
                None => false,
            };
            if !removed {
                defined(context, provider)?;
            }
            (Vec::new(), removed)
        }
    };
    let bundled = matches!(
        context.registry(context.home()?.as_ref()).find(provider),
        Ok(Some(found)) if found.source == Source::Bundled
    );
    let also = match (removed, bundled) {
        (true, true) => {
            format!("Your definition of {provider} is removed; the bundled one is in force.")
        }
        (true, false) => format!("Your definition of {provider} is removed."),
        (false, true) => {
            format!("Nothing of {provider} is left here; its definition is bundled and stays.")
        }
        (false, false) => format!("Nothing of {provider} is left here."),
    };
    Ok(Done::view(Ended {
        outcomes,
        also: Some(also),
    }))
}
