//! What to do where a token could not be renewed.

use authkeep_core::RefreshError;
use authkeep_vault::PutError;

use super::CommandError;
use crate::exit_code::ExitCode;

impl From<RefreshError> for CommandError {
    fn from(error: RefreshError) -> Self {
        let failed = |kind| Self::caused(ExitCode::RefreshFailed, kind, &error);
        let later = |kind| Self::caused(ExitCode::TryAgain, kind, &error);
        match &error {
            RefreshError::Busy { .. } => later("busy").hint("try again in a moment"),
            RefreshError::LockUnavailable(_) => later("lock").hint(
                "check that the home is on a local disk that supports file locks, then try again",
            ),
            RefreshError::Unavailable { .. } | RefreshError::Http(_) => later("unavailable")
                .hint("the login is kept; try again when the provider can be reached"),
            RefreshError::Malformed { provider, .. } => failed("malformed_response").hint(format!(
                "the login is kept; try again, and if it stays so check token_url in \
                 `authkeep inspect {provider}`"
            )),
            // What the server says beyond its error code is left out: it might repeat the token it was sent.
            RefreshError::Refused { provider, .. } => failed("reauth_required")
                .hint(format!("run `authkeep login {provider}`")),
            RefreshError::Rejected { provider, error: word } if word == "invalid_client" => {
                failed("invalid_client").hint(format!(
                    "the client id or secret is no longer right: run `authkeep login {provider} --reset`"
                ))
            }
            RefreshError::Rejected { provider, .. } => {
                failed("rejected").hint(format!("run `authkeep login {provider} --force`"))
            }
            RefreshError::Moved { provider, .. } => failed("endpoint_moved").hint(format!(
                "if you trust the new address, run `authkeep login {provider} --force`"
            )),
            RefreshError::NotRefreshable { provider } => failed("not_refreshable").hint(format!(
                "`authkeep login {provider} --force` replaces the credential"
            )),
            RefreshError::Gone { provider } => Self::missing(provider, &[]),
            RefreshError::NoDefinition { provider } => failed("no_definition").hint(format!(
                "register the definition again, or run `authkeep remove {provider}`"
            )),
            RefreshError::NotSaved(PutError::Store(_)) => {
                Self::caused(ExitCode::StoreUnavailable, "not_saved", &error)
                    .hint("`authkeep doctor` says what is wrong with the vault")
            }
            RefreshError::NotSaved(_) => later("changed").hint("try again"),
            RefreshError::Registry(_) | RefreshError::Record(_) => match error {
                RefreshError::Registry(error) => error.into(),
                RefreshError::Record(error) => error.into(),
                other => Self::caused(ExitCode::RefreshFailed, "refresh_failed", &other),
            },
            _ => failed("refresh_failed").hint("try again; `authkeep doctor` checks the set-up"),
        }
    }
}
