//! `authkeep revoke`: ends everything of a provider in this profile.

use authkeep_registry::ProviderName;
use clap::Args;

use super::logout::Ended;
use super::missing::defined;
use super::waiting::{for_revocation, waiting};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::output::{Done, Output};

/// End all logins of a provider and forget its OAuth client.
///
/// Where nothing is left to end, it says so and exits 0.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RevokeArgs,
) -> Result<Done, CommandError> {
    let outcomes = match context.broker()? {
        None => {
            defined(context, &args.provider)?;
            Vec::new()
        }
        Some(broker) => {
            broker.require_known(&args.provider)?;
            block_on(OnInterrupt::Finish(&broker), async {
                let what = for_revocation(args.provider.as_str());
                Ok(waiting(output, &what, broker.revoke(&args.provider)).await?)
            })?
        }
    };
    Ok(Done::view(Ended {
        also: Some(format!(
            "Nothing of {} is left in profile {}.",
            args.provider,
            context.profile(context.home()?.as_ref())?
        )),
        outcomes,
    }))
}
