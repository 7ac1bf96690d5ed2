//! Why a token was not renewed, sorted by what the caller can do about it.
//!
//! The error holds names and words only: it crosses from the process that refreshes to the one that asked, and
//! its words are kept with the login.

use std::time::Duration;

use authkeep_flows::TokenError;
use authkeep_registry::ProviderName;
use authkeep_vault::LockError;
use serde::{Deserialize, Serialize};

use crate::{HttpError, RecordError};

/// Why a token was not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefreshError {
    /// Another process is at it and has not finished.
    #[error("another process is refreshing `{provider}` and has not finished")]
    Busy {
        /// The provider.
        provider: ProviderName,
    },
    /// The lock cannot be had at all. Without it nothing is redeemed.
    #[error("the connection's lock cannot be taken, so `{provider}` was not refreshed: {why}")]
    LockUnavailable {
        /// The provider.
        provider: ProviderName,
        /// What the system said.
        why: String,
    },
    /// The last refresh failed so short a time ago that the server is left alone.
    #[error("`{provider}` is not asked again for {} s, because the last refresh failed: {why}", wait.as_secs().max(1))]
    NotYet {
        /// The provider.
        provider: ProviderName,
        /// Why it failed.
        why: String,
        /// How long it will not be asked.
        wait: Duration,
    },
    /// Whoever carried the refresh out was stopped, or could not be started.
    #[error("the refresh of `{provider}` did not come to its end: {why}")]
    NotFinished {
        /// The provider.
        provider: ProviderName,
        /// What happened.
        why: String,
    },
    /// The login was removed meanwhile.
    #[error("the login to `{provider}` was removed meanwhile")]
    Gone {
        /// The provider.
        provider: ProviderName,
    },
    /// It is an API key, or has no refresh token.
    #[error(
        "the login to `{provider}` cannot be renewed: it is an API key, or came without a refresh token"
    )]
    NotRefreshable {
        /// The provider.
        provider: ProviderName,
    },
    /// The authorization server said that the refresh token is no longer good (`invalid_grant`).
    #[error("`{provider}` no longer accepts the saved login{}", if *in_doubt { ", and what came of an earlier refresh is not known" } else { "" })]
    Refused {
        /// The provider.
        provider: ProviderName,
        /// Whether an earlier refresh was cut off or not answered: then the token had probably been used up.
        in_doubt: bool,
    },
    /// Two refreshes in a row were cut off by the end of their process, and a third is not tried.
    #[error("two refreshes of `{provider}` in a row were cut off, and their outcome is not known")]
    CutOff {
        /// The provider.
        provider: ProviderName,
    },
    /// The authorization server refused the request for a reason that is not the login's.
    #[error("`{provider}` refused to refresh: {error}")]
    Rejected {
        /// The provider.
        provider: ProviderName,
        /// The OAuth error code, such as `invalid_client`.
        #[serde(rename = "code")]
        error: String,
    },
    /// The server is out of order or asks to wait.
    #[error("`{provider}` cannot refresh right now (status {status})")]
    Unavailable {
        /// The provider.
        provider: ProviderName,
        /// The HTTP status.
        status: u16,
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server's answer is not a token response.
    #[error("`{provider}` answered with something that is not a token response: {why}")]
    Malformed {
        /// The provider.
        provider: ProviderName,
        /// What is wrong with it.
        why: String,
        /// The HTTP status.
        status: u16,
    },
    /// The request was not sent, because no connection could be made.
    #[error("`{provider}` cannot be reached: {why}")]
    NoConnection {
        /// The provider.
        provider: ProviderName,
        /// What the system said.
        why: String,
    },
    /// The request was sent, and no answer was had. The server may have acted on it.
    #[error("`{provider}` did not answer: {why}")]
    NoAnswer {
        /// The provider.
        provider: ProviderName,
        /// What went wrong.
        why: String,
    },
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
    /// What is stored could not be read.
    #[error("the stored login to `{provider}` cannot be used: {why}")]
    Store {
        /// The provider.
        provider: ProviderName,
        /// What is wrong.
        why: String,
    },
    /// The intent could not be saved, so nothing was sent; or the new tokens could not be saved.
    #[error("the refresh of `{provider}` could not be saved: {why}")]
    NotSaved {
        /// The provider.
        provider: ProviderName,
        /// What went wrong.
        why: String,
    },
    /// The record was changed meanwhile by somebody who did not take the lock, and holds no fresh token.
    #[error("the login to `{provider}` was changed meanwhile")]
    Changed {
        /// The provider.
        provider: ProviderName,
    },
}

impl RefreshError {
    /// The provider that was to be asked.
    pub fn provider(&self) -> &ProviderName {
        match self {
            Self::Busy { provider }
            | Self::LockUnavailable { provider, .. }
            | Self::NotYet { provider, .. }
            | Self::NotFinished { provider, .. }
            | Self::Gone { provider }
            | Self::NotRefreshable { provider }
            | Self::Refused { provider, .. }
            | Self::CutOff { provider }
            | Self::Rejected { provider, .. }
            | Self::Unavailable { provider, .. }
            | Self::Malformed { provider, .. }
            | Self::NoConnection { provider, .. }
            | Self::NoAnswer { provider, .. }
            | Self::Moved { provider, .. }
            | Self::NoDefinition { provider }
            | Self::Store { provider, .. }
            | Self::NotSaved { provider, .. }
            | Self::Changed { provider } => provider,
        }
    }

    /// Whether the same attempt may succeed later without a person doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::LockUnavailable { .. }
                | Self::NotYet { .. }
                | Self::NotFinished { .. }
                | Self::Unavailable { .. }
                | Self::Malformed { .. }
                | Self::NoConnection { .. }
                | Self::NoAnswer { .. }
                | Self::Changed { .. }
        )
    }

    /// Whether it ends the login: a person has to log in again.
    pub fn ends_the_login(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::CutOff { .. })
    }

    /// A word for programs and for the audit log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::LockUnavailable { .. } => "lock",
            Self::NotYet { .. } => "not_yet",
            Self::NotFinished { .. } => "not_finished",
            Self::Gone { .. } => "gone",
            Self::NotRefreshable { .. } => "not_refreshable",
            Self::Refused { .. } => "refused",
            Self::CutOff { .. } => "cut_off",
            Self::Rejected { error, .. } if error == "invalid_client" => "invalid_client",
            Self::Rejected { .. } => "rejected",
            Self::Unavailable { .. } => "unavailable",
            Self::Malformed { .. } => "malformed",
            Self::NoConnection { .. } => "no_connection",
            Self::NoAnswer { .. } => "no_answer",
            Self::Moved { .. } => "moved",
            Self::NoDefinition { .. } => "no_definition",
            Self::Store { .. } => "store",
            Self::NotSaved { .. } => "not_saved",
            Self::Changed { .. } => "changed",
        }
    }

    /// The same said of a client that asked for itself: there is no login of a person's that could be over, and the
    /// client may be put right again at the provider.
    pub(super) fn about_the_client(self) -> Self {
        match self {
            Self::Refused { provider, .. } => Self::Rejected {
                provider,
                error: "invalid_grant".to_owned(),
            },
            other => other,
        }
    }

    /// Whether it says nothing against the access token that is still there.
    pub(crate) fn spares_the_token(&self) -> bool {
        let set_up = matches!(
            self,
            Self::Rejected { .. } | Self::Moved { .. } | Self::NoDefinition { .. }
        );
        self.may_pass() || set_up
    }

    /// Whether sending the request again at once can do no harm: it never left, or the server answered that it
    /// cannot do it now.
    pub(super) fn may_be_repeated(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::Unavailable { .. }) && !self.leaves_doubt()
    }

    /// Whether the server may have issued new tokens that nobody has seen.
    pub(super) fn leaves_doubt(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            // A success whose tokens could not be read, or a gateway that lost the answer of the server behind it.
            Self::Unavailable { status, .. } | Self::Malformed { status, .. } => {
                matches!(status, 200..300 | 502 | 504)
            }
            _ => false,
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn lock(provider: &ProviderName, error: &LockError) -> Self {
        let provider = provider.clone();
        match error {
            LockError::Busy { .. } => Self::Busy { provider },
            other => Self::LockUnavailable {
                provider,
                why: told(other),
            },
        }
    }

    pub(super) fn stored(provider: &ProviderName, error: &RecordError) -> Self {
        Self::Store {
            provider: provider.clone(),
            why: told(error),
        }
    }

    pub(super) fn unsent(provider: &ProviderName, error: &HttpError) -> Self {
        let provider = provider.clone();
        let why = told(error);
        match error {
            HttpError::Connect { .. } | HttpError::Forbidden { .. } | HttpError::Setup(_) => {
                Self::NoConnection { provider, why }
            }
            _ => Self::NoAnswer { provider, why },
        }
    }

    pub(super) fn answered(
        provider: &ProviderName,
        error: &TokenError,
        now: std::time::SystemTime,
    ) -> Self {
        let provider = provider.clone();
        match error {
            dead if dead.is_invalid_grant() => Self::Refused {
                provider,
                in_doubt: false,
            },
            // Vendors have words of their own for it.
            client if client.is_invalid_client() => Self::Rejected {
                provider,
                error: "invalid_client".to_owned(),
            },
            TokenError::Refused { error, .. } => Self::Rejected {
                provider,
                error: error.clone(),
            },
            TokenError::Transient {
                status,
                retry_after,
            } => Self::Unavailable {
                provider,
                status: *status,
                retry_after: retry_after.as_ref().map(|after| after.wait(now)),
            },
            TokenError::Malformed { status, why } => Self::Malformed {
                provider,
                why: told(why),
                status: *status,
            },
            other => Self::Malformed {
                provider,
                why: told(other),
                status: 0,
            },
        }
    }
}

/// An error and the causes behind it, in one line.
pub(crate) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Transparent wrappers repeat their source.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
