//! What to do where a provider definition cannot be used.

use authkeep_core::OutletError;
use authkeep_registry::{RegisterError, RegistryError};

use super::CommandError;
use crate::exit_code::ExitCode;

impl From<RegistryError> for CommandError {
    fn from(error: RegistryError) -> Self {
        let hint = match &error {
            RegistryError::Definition(_) => {
                "correct the file, which is in the folder `providers` of your home, or remove it"
            }
            _ => "check who owns the file and its permissions",
        };
        Self::caused(ExitCode::Other, "definition", &error).hint(hint)
    }
}

impl From<RegisterError> for CommandError {
    fn from(error: RegisterError) -> Self {
        let caused = |kind| Self::caused(ExitCode::Other, kind, &error);
        match &error {
            RegisterError::Definition(_) => {
                caused("definition").hint("nothing was registered; correct the file and try again")
            }
            RegisterError::Bundled { .. } | RegisterError::Exists { .. } => {
                caused("definition_exists")
                    .hint("give yours another name, or put it in place of the other with --force")
            }
            RegisterError::AliasTaken { .. } => {
                caused("definition_exists").hint("choose another alias, or leave it out")
            }
            RegisterError::Unlisted(_) => caused("definition")
                .hint("check the folder `providers` in the home; `authkeep doctor` says more"),
            RegisterError::Write { .. } => {
                Self::caused(ExitCode::StoreUnavailable, "not_written", &error)
                    .hint("check the folder's permissions and the free space")
            }
            _ => caused("definition").hint("`authkeep doctor` checks the home"),
        }
    }
}

impl From<OutletError> for CommandError {
    fn from(error: OutletError) -> Self {
        match error {
            OutletError::Registry(error) => error.into(),
            OutletError::Lookup(error) => error.into(),
            other => Self::caused(ExitCode::Other, "definition", &other)
                .hint("register the definition again, then log in again"),
        }
    }
}
