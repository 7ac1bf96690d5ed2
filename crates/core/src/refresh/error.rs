//! Why a token was not renewed, sorted by what the caller can do about it.

use authkeep_flows::TokenError;
use authkeep_registry::{ProviderName, RegistryError};
use authkeep_vault::{LockError, PutError};

use crate::{HttpError, RecordError};

/// Why a token was not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Another process holds the connection's lock and did not let go.
    #[error("another process is refreshing `{provider}` and has not finished")]
    Busy {
        /// The provider.
        provider: ProviderName,
    },
    /// The lock cannot be had at all. Without it nothing is redeemed.
    #[error("the connection's lock cannot be taken, so nothing was refreshed")]
    LockUnavailable(#[source] std::io::Error),
    /// The login was removed meanwhile.
    #[error("the login to `{provider}` was removed meanwhile")]
    Gone {
        /// The provider.
        provider: ProviderName,
    },
    /// It has no refresh token.
    #[error("`{provider}` gave no refresh token, so it cannot be renewed without a person")]
    NotRefreshable {
        /// The provider.
        provider: ProviderName,
    },
    /// The authorization server said that the refresh token is no longer good (`invalid_grant`).
    #[error("`{provider}` no longer accepts the saved login")]
    Refused {
        /// The provider.
        provider: ProviderName,
        /// What the server said, if it said more.
        description: Option<String>,
    },
    /// The authorization server refused the request for a reason that is not the login's.
    #[error("`{provider}` refused to refresh: {error}")]
    Rejected {
        /// The provider.
        provider: ProviderName,
        /// The OAuth error code, such as `invalid_client`.
        error: String,
    },
    /// The server is out of order or asks to wait.
    #[error("`{provider}` cannot refresh right now (status {status})")]
    Unavailable {
        /// The provider.
        provider: ProviderName,
        /// The HTTP status.
        status: u16,
    },
    /// The server's answer is not a token response.
    #[error("`{provider}` answered with something that is not a token response")]
    Malformed {
        /// The provider.
        provider: ProviderName,
        /// What was wrong with it.
        #[source]
        why: TokenError,
    },
    /// No answer was had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The definition has changed since the login, and names another place for the refresh token.
    #[error("the token endpoint of `{provider}` is not as it was at login (now {now})")]
    Moved {
        /// The provider.
        provider: ProviderName,
        /// The endpoint that the definition names now.
        now: String,
    },
    /// The definition is gone or unusable.
    #[error("there is no usable definition of `{provider}` any more")]
    NoDefinition {
        /// The provider.
        provider: ProviderName,
    },
    /// The definitions could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The new tokens could not be saved.
    #[error("the refreshed token could not be saved")]
    NotSaved(#[source] PutError),
}

impl RefreshError {
    /// Whether the same attempt may succeed later without a person doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::LockUnavailable(_)
                | Self::Unavailable { .. }
                | Self::Malformed { .. }
                | Self::Http(_)
        )
    }

    /// Whether it says nothing against the access token that is still there.
    pub(crate) fn spares_the_token(&self) -> bool {
        self.may_pass() || matches!(self, Self::Rejected { .. })
    }

    pub(super) fn lock(provider: &ProviderName, error: LockError) -> Self {
        match error {
            LockError::Busy { .. } => Self::Busy {
                provider: provider.clone(),
            },
            LockError::Unavailable(source) => Self::LockUnavailable(source),
            other => Self::LockUnavailable(std::io::Error::other(other)),
        }
    }

    pub(super) fn answered(provider: &ProviderName, error: TokenError) -> Self {
        let provider = provider.clone();
        match error {
            dead if dead.is_invalid_grant() => Self::Refused {
                provider,
                description: match dead {
                    TokenError::Refused { description, .. } => description,
                    _ => None,
                },
            },
            TokenError::Refused { error, .. } => Self::Rejected { provider, error },
            TokenError::Transient { status, .. } => Self::Unavailable { provider, status },
            why => Self::Malformed { provider, why },
        }
    }

    /// A word for the audit log.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Rejected { .. } => "rejected",
            Self::Unavailable { .. } => "unavailable",
            Self::Malformed { .. } => "malformed",
            Self::Http(_) => "no_answer",
            Self::Moved { .. } => "moved",
            Self::NotRefreshable { .. } => "not_refreshable",
            Self::NotSaved(_) => "not_saved",
            _ => "failed",
        }
    }
}
