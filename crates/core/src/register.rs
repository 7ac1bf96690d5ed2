//! Definitions of the user's own, taken in and removed, on record.

use authkeep_audit::{Action, Outcome};
use authkeep_registry::{Draft, OnConflict, ProviderName, RegisterError, Registered};

use crate::Broker;

impl Broker {
    /// Takes a definition into the home. `file` names it in messages.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] names every problem; nothing was written.
    pub fn register(
        &self,
        definition: &str,
        file: &str,
        conflict: OnConflict,
    ) -> Result<Registered, RegisterError> {
        let registered = self.parts.registry.register(definition, file, conflict)?;
        self.note_definition(Action::Register, &registered.definition.name);
        Ok(registered)
    }

    /// Takes a definition into the home that was read before.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing was written.
    pub fn register_draft(
        &self,
        draft: &Draft,
        conflict: OnConflict,
    ) -> Result<Registered, RegisterError> {
        let registered = self.parts.registry.store(draft, conflict)?;
        self.note_definition(Action::Register, &registered.definition.name);
        Ok(registered)
    }

    /// Removes a definition of the user's own; `Ok(false)` if there is none.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] where the file cannot be removed.
    pub fn unregister(&self, name: &ProviderName) -> Result<bool, RegisterError> {
        let removed = self.parts.registry.unregister(name)?;
        if removed {
            self.note_definition(Action::Unregister, name);
        }
        Ok(removed)
    }

    fn note_definition(&self, action: Action, name: &ProviderName) {
        if let Err(error) = self.record(action, name, None, Outcome::Ok, &[]) {
            tracing::warn!(%error, "the change of a definition could not be recorded");
        }
    }
}
