//! `authkeep revoke`: ends everything of a provider in this profile.

use authkeep_registry::ProviderName;
use clap::Args;

use super::logout::Ended;
use super::missing::no_credential;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::Done;

/// End all logins of a provider and forget its OAuth client.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(context: &Context, args: &RevokeArgs) -> Result<Done, CommandError> {
    let Some(broker) = context.broker()? else {
        return Err(no_credential(context, &args.provider));
    };
    broker.require_known(&args.provider)?;
    let outcomes = block_on(async { Ok(broker.revoke(&args.provider).await?) })?;
    Ok(Done::view(Ended {
        also: Some(format!(
            "Nothing of {} is left in profile {}.",
            args.provider,
            broker.profile()
        )),
        outcomes,
    }))
}
