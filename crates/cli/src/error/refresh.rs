//! What to do where a token could not be renewed.

use authkeep_core::{ConnectionName, RefreshError};
use authkeep_vault::PutError;

use super::CommandError;
use super::lookup::login_command;
use crate::exit_code::ExitCode;

/// A connection that could not be refreshed.
pub(super) fn refresh_failed(connection: &ConnectionName, error: RefreshError) -> CommandError {
    let failed = |kind| CommandError::caused(ExitCode::RefreshFailed, kind, &error);
    let needs_person = |kind| CommandError::caused(ExitCode::AuthenticationFailed, kind, &error);
    let login = |provider| login_command(provider, connection);
    let later = |kind| CommandError::caused(ExitCode::TryAgain, kind, &error);
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
        RefreshError::Refused { provider, .. } => {
            needs_person("reauth_required").hint(format!("run `{}`", login(provider)))
        }
        RefreshError::Rejected {
            provider,
            error: word,
        } if word == "invalid_client" => failed("invalid_client").hint(format!(
            "the client id or secret is no longer right: run `{} --reset`",
            login(provider)
        )),
        RefreshError::Rejected { provider, .. } => {
            failed("rejected").hint(format!("run `{} --force`", login(provider)))
        }
        RefreshError::Moved { provider, .. } => failed("endpoint_moved").hint(format!(
            "if you trust the new address, run `{} --force`",
            login(provider)
        )),
        RefreshError::NotRefreshable { provider } => failed("not_refreshable").hint(format!(
            "`{} --force` replaces the credential",
            login(provider)
        )),
        RefreshError::Gone { provider } => CommandError::missing(provider, &[]),
        RefreshError::NoDefinition { provider } => failed("no_definition").hint(format!(
            "register the definition again, or run `authkeep remove {provider}`"
        )),
        RefreshError::NotSaved(PutError::Store(_)) => {
            CommandError::caused(ExitCode::StoreUnavailable, "not_saved", &error)
                .hint("`authkeep doctor` says what is wrong with the vault")
        }
        RefreshError::NotSaved(_) => later("changed").hint("try again"),
        RefreshError::Registry(_) | RefreshError::Record(_) => match error {
            RefreshError::Registry(error) => error.into(),
            RefreshError::Record(error) => error.into(),
            other => CommandError::caused(ExitCode::RefreshFailed, "refresh_failed", &other),
        },
        _ => failed("refresh_failed").hint("try again; `authkeep doctor` checks the set-up"),
    }
}
