//! What to do where a login could not be ended.

use authkeep_core::LogoutError;

use super::CommandError;
use crate::exit_code::ExitCode;

impl From<LogoutError> for CommandError {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::NotLoggedIn { provider } => Self::new(
                ExitCode::CredentialMissing,
                "not_logged_in",
                format!("there is no login to `{provider}` in this profile"),
            )
            .hint("`authkeep list --connected` shows what there is"),
            LogoutError::Lookup(error) => error.into(),
            LogoutError::Record(error) => error.into(),
            LogoutError::Busy { .. } | LogoutError::Lock(_) => {
                Self::caused(ExitCode::TryAgain, "busy", &error)
                    .hint("nothing was ended; try again in a moment")
            }
            other => Self::caused(ExitCode::StoreUnavailable, "not_deleted", &other)
                .hint("`authkeep doctor` says what is wrong with the vault"),
        }
    }
}
