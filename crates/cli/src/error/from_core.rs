//! From the core's errors to exit codes and hints: the one place that says what a user does next.

use std::fmt::Display;

use authkeep_core::{
    ConnectionStatus, ExportError, HomeError, LoginError, LogoutError, LookupError, LoopbackError,
    ProfileError, RecordError, RefreshError, ReleaseError, ResolveError,
};
use authkeep_registry::{ProviderName, RegisterError, RegistryError};
use authkeep_vault::{OpenError, PutError, StoreError};

use super::CommandError;
use crate::exit_code::ExitCode;

fn join<T: Display>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

impl CommandError {
    pub(crate) fn unknown_provider(name: &ProviderName, closest: &[ProviderName]) -> Self {
        let error = Self::new(
            ExitCode::ProviderNotFound,
            "provider_not_found",
            format!("there is no provider `{name}`"),
        );
        let error = match closest {
            [] => error,
            closest => error.hint(format!("did you mean {}?", join(closest))),
        };
        error.hint("`authkeep providers` lists them; `authkeep register FILE` adds one")
    }

    pub(crate) fn missing(provider: &ProviderName, variables: &[String]) -> Self {
        let error = Self::new(
            ExitCode::CredentialMissing,
            "credential_missing",
            format!("there is no credential for `{provider}` in this profile"),
        )
        .hint(format!("run `authkeep login {provider}`"));
        match variables {
            [] => error,
            variables => error.hint(format!(
                "with {} set, `authkeep login {provider} --no-input` takes it from there",
                variables.join(" or ")
            )),
        }
    }

    fn ambiguous(provider: &ProviderName, names: &str) -> Self {
        Self::new(
            ExitCode::ConnectionNotFound,
            "connection_ambiguous",
            format!("`{provider}` has several connections and none is named `default`: {names}"),
        )
        .hint("name one with --connection")
    }
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
            .hint(format!("it has: {}", join(&existing)))
            .hint(format!(
                "or run `authkeep login {provider} --connection {connection}`"
            )),
            LookupError::Ambiguous { provider, existing } => {
                Self::ambiguous(&provider, &join(&existing))
            }
            LookupError::Registry(error) => error.into(),
            LookupError::Record(error) => error.into(),
            other => Self::caused(ExitCode::Other, "lookup", &other),
        }
    }
}

impl From<ResolveError> for CommandError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Missing {
                provider,
                variables,
            } => Self::missing(&provider, &variables),
            ResolveError::NeedsLogin {
                ref provider,
                status,
            } => {
                let kind = match status {
                    ConnectionStatus::Expired => "expired",
                    ConnectionStatus::Revoked => "revoked",
                    ConnectionStatus::Invalid => "invalid",
                    _ => "reauth_required",
                };
                let message = match status {
                    ConnectionStatus::Expired => format!("the login to `{provider}` has expired"),
                    ConnectionStatus::Revoked => format!("the login to `{provider}` was revoked"),
                    ConnectionStatus::Invalid => {
                        format!("the login to `{provider}` holds no credential")
                    }
                    _ => format!("`{provider}` no longer accepts the saved login"),
                };
                Self::new(ExitCode::AuthenticationFailed, kind, message)
                    .hint(format!("run `authkeep login {provider}`"))
            }
            ResolveError::Lookup(error) => error.into(),
            ResolveError::Refresh(error) => error.into(),
            other => Self::caused(ExitCode::Other, "resolve", &other),
        }
    }
}

impl From<RefreshError> for CommandError {
    fn from(error: RefreshError) -> Self {
        let failed = ExitCode::RefreshFailed;
        match &error {
            RefreshError::Busy { .. } => Self::caused(ExitCode::TryAgain, "busy", &error)
                .hint("try again in a moment"),
            RefreshError::LockUnavailable(_) => Self::caused(ExitCode::TryAgain, "lock", &error)
                .hint("check that the home is on a local disk that supports file locks, then try again"),
            RefreshError::Unavailable { .. } | RefreshError::Http(_) => {
                Self::caused(ExitCode::TryAgain, "unavailable", &error)
                    .hint("the login is kept; try again when the provider can be reached")
            }
            RefreshError::Malformed { .. } => Self::caused(failed, "malformed_response", &error)
                .hint("the login is kept; try again, and if it stays so check the definition's token_url"),
            RefreshError::Refused { provider, .. } => Self::caused(failed, "reauth_required", &error)
                .hint(format!("run `authkeep login {provider}`")),
            RefreshError::Rejected { provider, error: word } if word == "invalid_client" => {
                Self::caused(failed, "invalid_client", &error).hint(format!(
                    "the client id or secret is no longer right: run `authkeep login {provider} --reset`"
                ))
            }
            RefreshError::Rejected { provider, .. } => Self::caused(failed, "rejected", &error)
                .hint(format!("run `authkeep login {provider} --force`")),
            RefreshError::Moved { provider, .. } => Self::caused(failed, "endpoint_moved", &error).hint(
                format!("if you trust the new address, run `authkeep login {provider} --force`"),
            ),
            RefreshError::NotRefreshable { provider } => Self::caused(failed, "not_refreshable", &error)
                .hint(format!("run `authkeep login {provider} --force`")),
            RefreshError::Gone { provider } => Self::missing(provider, &[]),
            RefreshError::NoDefinition { provider } => Self::caused(failed, "no_definition", &error)
                .hint(format!("register the definition again, or run `authkeep remove {provider}`")),
            RefreshError::NotSaved(PutError::Store(_)) => {
                Self::caused(ExitCode::StoreUnavailable, "not_saved", &error)
                    .hint("`authkeep doctor` says what is wrong with the vault")
            }
            _ => Self::caused(failed, "refresh_failed", &error),
        }
    }
}

impl From<LoginError> for CommandError {
    fn from(error: LoginError) -> Self {
        let failed = ExitCode::AuthenticationFailed;
        match &error {
            LoginError::UnknownProvider { name, closest } => Self::unknown_provider(name, closest),
            LoginError::ValueNeeded { source: authkeep_core::AskError::Cancelled, .. } => {
                Self::new(ExitCode::Interrupted, "cancelled", "cancelled; nothing was stored")
            }
            LoginError::ValueNeeded { provider, label, variables, .. } => Self::new(
                ExitCode::CredentialMissing,
                "value_needed",
                format!("the {label} of `{provider}` is needed, and there is no terminal to ask for it on"),
            )
            .hint(match variables.as_slice() {
                [] => "run it in a terminal, or pipe the value in with --with-token".to_owned(),
                variables => format!("set {} and run it again", variables.join(" or ")),
            }),
            LoginError::UnusableValue { .. } | LoginError::UnknownField { .. } => {
                let error = Self::caused(ExitCode::Usage, "unusable_value", &error);
                match &error {
                    _ if error.message.contains("field") => error.hint("--with-token takes the value, or a JSON object of fields, on stdin"),
                    _ => error,
                }
            }
            LoginError::NoUsableFlow { provider, .. } => Self::caused(failed, "no_usable_flow", &error)
                .hint(format!("`authkeep inspect {provider}` shows what it needs")),
            LoginError::FlowNotAvailable { usable, .. } => {
                let error = Self::caused(ExitCode::Usage, "flow_not_available", &error);
                match usable.as_slice() {
                    [] => error,
                    usable => error.hint(format!(
                        "use --flow {}",
                        usable.iter().map(|flow| flow.as_str()).collect::<Vec<_>>().join(" or --flow ")
                    )),
                }
            }
            LoginError::Bind(_) => Self::caused(ExitCode::Usage, "parameter", &error)
                .hint("set it with --param NAME=VALUE (or --base-url URL)"),
            LoginError::Loopback(LoopbackError::TimedOut(_)) => {
                Self::caused(failed, "timed_out", &error)
                    .hint("nothing was stored; run the command again, or give it longer with --timeout")
            }
            LoginError::Loopback(LoopbackError::PortTaken { .. }) => {
                Self::caused(failed, "port_taken", &error)
                    .hint("this provider accepts only that address; end the other program and try again")
            }
            LoginError::Loopback(_) => Self::caused(failed, "loopback", &error),
            LoginError::NoBrowser { .. } => Self::caused(failed, "no_browser", &error).hint(
                "set BROWSER or --browser COMMAND, or use --browser none to have the address printed and open it yourself",
            ),
            LoginError::Denied { provider, description, .. } => {
                let kind = Self::caused(failed, "denied", &error);
                let kind = match description {
                    Some(text) => kind.hint(format!("{provider} says: {text}")),
                    None => kind,
                };
                kind.hint(format!("nothing was stored; run `authkeep login {provider}` to try again"))
            }
            LoginError::WrongIssuer { .. } => Self::caused(failed, "wrong_issuer", &error)
                .hint("nothing was sent to it; check the definition's issuer and authorization_url"),
            LoginError::ForbiddenUrl { .. } | LoginError::AuthorizationRequest { .. } => {
                Self::caused(failed, "forbidden_url", &error).hint("correct the definition's authorization_url")
            }
            LoginError::Token { provider, source } if source.is_invalid_client() => {
                Self::caused(failed, "invalid_client", &error).hint(format!(
                    "check the client id and secret: `authkeep login {provider} --reset` asks for them again"
                ))
            }
            LoginError::Token { provider, .. } => Self::caused(failed, "no_token", &error)
                .hint(format!("nothing was stored; run `authkeep login {provider}` to try again")),
            LoginError::Http(_) => Self::caused(ExitCode::TryAgain, "unavailable", &error)
                .hint("nothing was stored; try again when the provider can be reached"),
            LoginError::Lock(_) => Self::caused(ExitCode::TryAgain, "busy", &error)
                .hint("another authkeep is working on this connection; try again in a moment"),
            LoginError::NotRecorded(_) | LoginError::NotSaved(_) => {
                Self::caused(ExitCode::StoreUnavailable, "not_saved", &error)
                    .hint("`authkeep doctor` says what is wrong")
            }
            LoginError::Entropy(_) => Self::caused(ExitCode::Other, "entropy", &error),
            LoginError::Registry(_) | LoginError::Record(_) => match error {
                LoginError::Registry(error) => error.into(),
                LoginError::Record(error) => error.into(),
                other => Self::caused(ExitCode::Other, "login", &other),
            },
            _ => Self::caused(failed, "login", &error),
        }
    }
}

impl From<LogoutError> for CommandError {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::NotLoggedIn { provider } => Self::new(
                ExitCode::CredentialMissing,
                "not_logged_in",
                format!("there is no login to `{provider}` in this profile"),
            )
            .hint("`authkeep list` shows what there is"),
            LogoutError::Lookup(error) => error.into(),
            LogoutError::Record(error) => error.into(),
            LogoutError::Busy { .. } => {
                Self::caused(ExitCode::TryAgain, "busy", &error).hint("try again in a moment")
            }
            other => Self::caused(ExitCode::StoreUnavailable, "not_deleted", &other)
                .hint("`authkeep doctor` says what is wrong with the vault"),
        }
    }
}

impl From<ReleaseError> for CommandError {
    fn from(error: ReleaseError) -> Self {
        Self::caused(ExitCode::StoreUnavailable, "not_recorded", &error)
            .hint("`authkeep doctor` says what is wrong with the audit log")
    }
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        let hint = match &error {
            ExportError::Conflict { .. } => "export them one at a time",
            _ => "use --format json",
        };
        Self::caused(ExitCode::Other, "export", &error).hint(hint)
    }
}

impl From<RecordError> for CommandError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => error.into(),
            RecordError::Newer { .. } => {
                Self::caused(ExitCode::StoreUnavailable, "newer_record", &error)
                    .hint("install the newest authkeep")
            }
            other => Self::caused(ExitCode::StoreUnavailable, "malformed_record", &other)
                .hint("remove it with `authkeep remove PROVIDER` and log in again"),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::caused(ExitCode::StoreUnavailable, "store", &error)
            .hint("`authkeep doctor` says what is wrong with the vault")
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let unavailable = ExitCode::StoreUnavailable;
        match &error {
            OpenError::WrongKey { .. } => Self::caused(unavailable, "wrong_key", &error)
                .hint("put the master.key back that this vault was made with"),
            OpenError::MasterKeyMissing { .. } => {
                Self::caused(unavailable, "master_key_missing", &error).hint(
                    "put the master.key back; without it the vault cannot be opened by anyone",
                )
            }
            OpenError::NotAVault { .. } => Self::caused(unavailable, "not_a_vault", &error)
                .hint("move the file away if it is not yours; it was not touched"),
            OpenError::Newer { .. } => Self::caused(unavailable, "newer_vault", &error)
                .hint("install the newest authkeep; the vault was not touched"),
            _ => Self::caused(unavailable, "store", &error)
                .hint("`authkeep doctor` says what is wrong with the vault"),
        }
    }
}

impl From<HomeError> for CommandError {
    fn from(error: HomeError) -> Self {
        let unavailable = ExitCode::StoreUnavailable;
        match &error {
            HomeError::WritableByOthers { path, .. } => {
                Self::caused(unavailable, "home_not_private", &error)
                    .hint(format!("run `chmod 700 {}`", path.display()))
            }
            HomeError::NotOurs(_) => Self::caused(unavailable, "home_not_ours", &error)
                .hint("use a folder of your own: set AUTHKEEP_HOME"),
            HomeError::NotAFolder(_) => Self::caused(unavailable, "home_not_a_folder", &error)
                .hint("move the file away, or set AUTHKEEP_HOME to another folder"),
            HomeError::Config { .. } => Self::caused(unavailable, "config", &error)
                .hint("correct the file, or move it away to start with the defaults"),
            // The message carries what the system said; repeating its source would say it twice.
            _ => Self::new(unavailable, "home", error.to_string())
                .hint("check the folder's permissions and the free space, or set AUTHKEEP_HOME"),
        }
    }
}

impl From<ProfileError> for CommandError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::NotFound { name, existing } => {
                let error = Self::new(
                    ExitCode::Other,
                    "profile_not_found",
                    format!("there is no profile `{name}`"),
                );
                let error = match existing.as_slice() {
                    [] => error,
                    existing => error.hint(format!("there are: {}", join(existing))),
                };
                error.hint(format!("`authkeep profile create {name}` makes it"))
            }
            ProfileError::IsDefault(name) => Self::new(
                ExitCode::Usage,
                "profile_in_use",
                format!("`{name}` is the default profile"),
            )
            .hint("make another one the default first: `authkeep profile use NAME`"),
            ProfileError::Home(error) => error.into(),
            ProfileError::Vault(error) => error.into(),
            other => Self::caused(ExitCode::Other, "profile", &other),
        }
    }
}

impl From<RegistryError> for CommandError {
    fn from(error: RegistryError) -> Self {
        Self::caused(ExitCode::Other, "definition", &error)
            .hint("correct the file, then `authkeep inspect NAME` shows how it is understood")
    }
}

impl From<RegisterError> for CommandError {
    fn from(error: RegisterError) -> Self {
        Self::caused(ExitCode::Other, "definition", &error)
    }
}
