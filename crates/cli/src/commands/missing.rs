//! What to say where nothing was ever stored: the provider may not exist, or nobody has logged in yet.

use authkeep_core::token_variables;
use authkeep_registry::{Definition, ProviderName};

use crate::context::Context;
use crate::error::CommandError;

pub(super) fn no_credential(context: &Context, provider: &ProviderName) -> CommandError {
    match defined(context, provider) {
        Ok(definition) => CommandError::missing(&definition.name, &token_variables(&definition)),
        Err(error) => error,
    }
}

/// The definition of `provider`. Asked before anything is made, so that a typing error leaves nothing behind.
pub(super) fn defined(
    context: &Context,
    provider: &ProviderName,
) -> Result<Definition, CommandError> {
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    match registry.find(provider)? {
        Some(found) => Ok(found.definition),
        None => Err(CommandError::unknown_provider(
            provider,
            &registry.closest(provider.as_str()),
        )),
    }
}
