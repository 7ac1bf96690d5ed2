//! What to do where a token could not be renewed.

use authkeep_core::{ConnectionName, RefreshError, login_command};
use authkeep_registry::ProviderName;

use super::CommandError;
use crate::exit_code::ExitCode;

/// What a person would do about a refresh that failed, by the error's word: the word is what is kept with the
/// login.
pub(crate) fn remedy(kind: &str, provider: &ProviderName, connection: &ConnectionName) -> String {
    let login = login_command(provider, connection);
    match kind {
        "refused" | "cut_off" => format!("run `{login}`"),
        "rejected" => format!("run `{login} --force`"),
        "invalid_client" => {
            format!("the client id or secret is no longer right: run `{login} --reset`")
        }
        "moved" => format!("if you trust the new address, run `{login} --force`"),
        "not_refreshable" => format!("`{login} --force` replaces the credential"),
        "no_definition" => {
            format!("register the definition again, or run `authkeep remove {provider}`")
        }
        "malformed" => format!(
            "the login is kept; try again, and if it stays so check token_url in `authkeep inspect {provider}`"
        ),
        "busy" | "not_finished" | "changed" => "try again in a moment".to_owned(),
        "lock" => "check that the home is on a local disk that supports file locks, then try again"
            .to_owned(),
        "store" | "not_saved" => "`authkeep doctor` says what is wrong with the vault".to_owned(),
        "not_yet" => "wait, or log in again".to_owned(),
        _ => "the login is kept; try again when the provider can be reached".to_owned(),
    }
}

/// A connection that could not be refreshed.
pub(super) fn refresh_failed(connection: &ConnectionName, error: &RefreshError) -> CommandError {
    let (provider, code) = (error.provider(), exit_code(error));
    let (word, about) = match error {
        RefreshError::Gone { provider } => return CommandError::missing(provider, &[]),
        RefreshError::Refused { .. } | RefreshError::CutOff { .. } => {
            ("reauth_required", error.kind())
        }
        RefreshError::Unavailable { .. }
        | RefreshError::NoConnection { .. }
        | RefreshError::NoAnswer { .. }
        | RefreshError::NotYet { .. } => ("unavailable", error.kind()),
        RefreshError::Malformed { .. } => ("malformed_response", error.kind()),
        RefreshError::Moved { .. } => ("endpoint_moved", error.kind()),
        _ => (error.kind(), error.kind()),
    };
    CommandError::caused(code, word, error).hint(remedy(about, provider, connection))
}

fn exit_code(error: &RefreshError) -> ExitCode {
    match error {
        RefreshError::Refused { .. } | RefreshError::CutOff { .. } => {
            ExitCode::AuthenticationFailed
        }
        RefreshError::Store { .. } | RefreshError::NotSaved { .. } => ExitCode::StoreUnavailable,
        // The login stands, but it is the set-up that has to be looked at.
        RefreshError::Malformed { .. } => ExitCode::RefreshFailed,
        passing if passing.may_pass() => ExitCode::TryAgain,
        _ => ExitCode::RefreshFailed,
    }
}
