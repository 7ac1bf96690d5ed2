//! Where nothing was ever stored: the provider may not exist, nobody has logged in yet, or the environment is enough.

use authkeep_core::{Broker, Way, ways};
use authkeep_registry::{Definition, Found, ProviderName};

use crate::context::Context;
use crate::env;
use crate::error::CommandError;

pub(super) fn no_credential(context: &Context, provider: &ProviderName) -> CommandError {
    match defined(context, provider) {
        Ok(definition) => {
            CommandError::missing(&definition.name, &ways(&definition, &env::environment()))
        }
        Err(error) => error,
    }
}

/// The broker, made if it is missing and the environment has a credential of `provider`: its release is recorded, and
/// what its client buys is saved.
pub(super) fn broker_for(
    context: &Context,
    provider: &ProviderName,
) -> Result<Broker, CommandError> {
    if let Some(broker) = context.broker()? {
        return Ok(broker);
    }
    let definition = defined(context, provider)?;
    let ways = ways(&definition, &env::environment());
    if ways.iter().any(Way::is_open) {
        return context.broker_or_new();
    }
    Err(CommandError::missing(&definition.name, &ways))
}

/// The definition of `provider`. Asked before anything is made, so that a typing error leaves nothing behind.
pub(super) fn defined(
    context: &Context,
    provider: &ProviderName,
) -> Result<Definition, CommandError> {
    found(context, provider).map(|found| found.definition)
}

/// The same, and where it comes from.
pub(super) fn found(context: &Context, provider: &ProviderName) -> Result<Found, CommandError> {
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    match registry.find(provider)? {
        Some(found) => Ok(found),
        None => Err(CommandError::unknown_provider(
            provider,
            &registry.closest(provider.as_str()),
        )),
    }
}
