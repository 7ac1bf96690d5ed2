//! What to do where a provider, a login or a credential is not there.

use authkeep_core::{
    ConnectionName, ConnectionStatus, LookupError, ResolveError, UseError, Way, login_command,
};
use authkeep_registry::ProviderName;

use super::refresh::refresh_failed;
use super::{CommandError, listed};
use crate::exit_code::ExitCode;

impl CommandError {
    pub(crate) fn unknown_provider(name: &ProviderName, closest: &[ProviderName]) -> Self {
        let error = Self::new(
            ExitCode::ProviderNotFound,
            "provider_not_found",
            format!("there is no provider `{name}`"),
        );
        let error = match closest {
            [] => error,
            closest => error.hint(format!("did you mean {}?", listed(closest))),
        };
        error.hint("`authkeep providers` lists them; `authkeep register FILE` adds one")
    }

    pub(crate) fn missing(provider: &ProviderName, ways: &[Way]) -> Self {
        Self::new(
            ExitCode::CredentialMissing,
            "credential_missing",
            format!("there is no credential for `{provider}` in this profile"),
        )
        .hint(format!("run `authkeep login {provider}`"))
        .with_ways(ways)
    }

    /// One hint a way: exactly what the environment lacks for it.
    pub(crate) fn with_ways(self, ways: &[Way]) -> Self {
        ways.iter()
            .filter(|way| !way.is_open())
            .fold(self, |error, way| {
                error.hint(format!("or set {}", variables(&way.missing)))
            })
    }
}

/// All of these; of several names for one value any will do.
pub(crate) fn variables(missing: &[Vec<String>]) -> String {
    let each: Vec<_> = missing.iter().map(|names| names.join(" or ")).collect();
    each.join(", and ")
}

impl From<LookupError> for CommandError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::UnknownProvider { name, closest } => {
                Self::unknown_provider(&name, &closest)
            }
            LookupError::ConnectionNotFound {
                provider,
                connection,
                existing,
            } => Self::new(
                ExitCode::ConnectionNotFound,
                "connection_not_found",
                format!("`{provider}` has no connection `{connection}`"),
            )
            .hint(format!("it has: {}", listed(&existing)))
            .hint(format!(
                "or run `authkeep login {provider} --connection {connection}`"
            )),
            LookupError::Ambiguous { provider, existing } => Self::new(
                ExitCode::ConnectionNotFound,
                "connection_ambiguous",
                format!("`{provider}` has several connections, and none is the default one"),
            )
            .hint(format!(
                "name one of {}: --connection NAME, or {provider}=NAME for `authkeep run`",
                listed(&existing)
            ))
            .hint(format!(
                "or run `authkeep use {provider} NAME` to choose one for good"
            )),
            LookupError::Registry(error) => error.into(),
            LookupError::Record(error) => error.into(),
            other => Self::caused(ExitCode::Other, "lookup", &other),
        }
    }
}

impl From<ResolveError> for CommandError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Missing { provider, ways } => Self::missing(&provider, &ways),
            ResolveError::Client(error) => Self::from(*error)
                .hint("it was asked with the client id and secret that the environment holds"),
            ResolveError::NeedsLogin {
                provider,
                connection,
                status,
            } => needs_login(&provider, &connection, status),
            ResolveError::Lookup(error) => error.into(),
            ResolveError::Refresh { connection, error } => refresh_failed(&connection, &error),
            other => Self::caused(ExitCode::Other, "resolve", &other),
        }
    }
}

fn needs_login(
    provider: &ProviderName,
    connection: &ConnectionName,
    status: ConnectionStatus,
) -> CommandError {
    let (kind, message) = match status {
        ConnectionStatus::Expired => (
            "expired",
            format!("the login to `{provider}` has expired and cannot be renewed"),
        ),
        ConnectionStatus::Revoked => ("revoked", format!("the login to `{provider}` was revoked")),
        ConnectionStatus::Invalid => (
            "invalid",
            format!("the login to `{provider}` holds no credential"),
        ),
        _ => (
            "reauth_required",
            format!("`{provider}` no longer accepts the saved login"),
        ),
    };
    CommandError::new(ExitCode::AuthenticationFailed, kind, message)
        .hint(format!("run `{}`", login_command(provider, connection)))
}

impl From<UseError> for CommandError {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Lookup(error) => error.into(),
            UseError::NotLoggedIn { provider } => Self::missing(&provider, &[]),
            other => Self::caused(ExitCode::StoreUnavailable, "not_saved", &other)
                .hint("`authkeep doctor` says what is wrong with the vault"),
        }
    }
}
