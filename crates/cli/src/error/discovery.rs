//! What to do where a server's endpoints could not be learnt.

use authkeep_core::prospect::DownloadError;
use authkeep_core::{DiscoveryError, HttpError, LoginError};
use authkeep_registry::ProviderName;

use super::CommandError;
use crate::exit_code::ExitCode;

/// An address that no definition speaks of.
impl From<DiscoveryError> for CommandError {
    fn from(error: DiscoveryError) -> Self {
        match &error {
            DiscoveryError::Http(HttpError::Forbidden { .. }) => {
                Self::caused(ExitCode::AuthenticationFailed, "forbidden_address", &error)
                    .hint("nothing was sent there; if the address is meant, --local allows it")
            }
            _ if error.may_pass() => Self::caused(ExitCode::TryAgain, "unavailable", &error)
                .hint("nothing was stored; try again when it can be reached"),
            _ => Self::caused(ExitCode::AuthenticationFailed, "not_discovered", &error).hint(
                "nothing was stored; check the address, or write a definition and `authkeep register` it",
            ),
        }
    }
}

/// A definition that somebody has published.
impl From<DownloadError> for CommandError {
    fn from(error: DownloadError) -> Self {
        match &error {
            DownloadError::Http(HttpError::Forbidden { .. }) => Self::caused(
                ExitCode::AuthenticationFailed,
                "forbidden_address",
                &error,
            )
            .hint(
                "nothing was sent there; if the file is meant, download it and register the file",
            ),
            DownloadError::Http(_) => Self::caused(ExitCode::TryAgain, "unavailable", &error)
                .hint("nothing was stored; try again when it can be reached"),
            DownloadError::Redirected { .. } => Self::caused(ExitCode::Other, "redirected", &error)
                .hint("nothing was stored; if you trust that place, register its address"),
            _ => Self::caused(ExitCode::Other, "definition_file", &error)
                .hint("nothing was stored; give the address of the JSON file itself"),
        }
    }
}

/// A login whose definition leaves the endpoints to its issuer.
pub(super) fn discovery(
    provider: &ProviderName,
    source: &DiscoveryError,
    error: &LoginError,
) -> CommandError {
    if source.may_pass() {
        return CommandError::caused(ExitCode::TryAgain, "unavailable", error)
            .hint("nothing was stored; try again when the provider is in order");
    }
    CommandError::caused(ExitCode::AuthenticationFailed, "not_discovered", error).hint(format!(
        "nothing was stored and nothing secret was sent; check the issuer that `authkeep inspect {provider}` \
         shows, or write the endpoints into the definition"
    ))
}
