//! What to say where nothing was ever stored: the provider may not exist, or nobody has logged in yet.

use authkeep_core::token_variables;
use authkeep_registry::ProviderName;

use crate::context::Context;
use crate::error::CommandError;

pub(super) fn no_credential(context: &Context, provider: &ProviderName) -> CommandError {
    let home = match context.home() {
        Ok(home) => home,
        Err(error) => return error,
    };
    let registry = context.registry(home.as_ref());
    match registry.find(provider) {
        Ok(Some(found)) => {
            CommandError::missing(&found.definition.name, &token_variables(&found.definition))
        }
        Ok(None) => CommandError::unknown_provider(provider, &registry.closest(provider.as_str())),
        Err(error) => error.into(),
    }
}
