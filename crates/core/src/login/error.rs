//! Why nobody is logged in.

use std::time::Duration;

use authkeep_audit::AppendError;
use authkeep_flows::{
    AuthorizationRequestError, DeviceAuthorizationError, RegistrationError, TokenError,
};
use authkeep_registry::{BindError, Flow, Provider, ProviderName, RegistryError};
use authkeep_vault::{EntropyError, LockError, PutError};

use super::{ForbiddenUrl, LoopbackError};
use crate::{
    AskError, ConnectionName, DiscoveryError, HttpError, Inquiry, NotSigned, RecordError,
    Unanswered,
};

/// Why nobody is logged in. Nothing was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// No definition has this name.
    #[error("there is no provider `{name}`")]
    UnknownProvider {
        /// What was asked for.
        name: ProviderName,
        /// Similar names that exist.
        closest: Vec<ProviderName>,
    },
    /// The definition offers nothing that can run here.
    #[error(
        "no flow of `{provider}` can be used here (it offers: {})",
        words(offered)
    )]
    NoUsableFlow {
        /// The provider.
        provider: ProviderName,
        /// What it offers.
        offered: Vec<Flow>,
    },
    /// The flow that was asked for is not offered, or cannot be used here.
    #[error("`{provider}` cannot be logged in to by {}", flow.as_str())]
    FlowNotAvailable {
        /// The provider.
        provider: ProviderName,
        /// What was asked for.
        flow: Flow,
        /// What can be used.
        usable: Vec<Flow>,
    },
    /// There is a login that works, and it is not what was asked for.
    #[error("`{provider}` ({connection}) is connected already, with another {what}")]
    Differs {
        /// The provider.
        provider: ProviderName,
        /// The connection.
        connection: ConnectionName,
        /// What is different.
        what: &'static str,
    },
    /// A parameter of the definition is missing or wrong.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A value is needed and nobody could be asked for it.
    #[error("the {label} of `{provider}` is needed")]
    ValueNeeded {
        /// The provider.
        provider: ProviderName,
        /// What the value is called; several are joined by commas.
        label: String,
        /// Environment variables that would supply it: for each value its names, of which any will do.
        variables: Vec<Vec<String>>,
        /// Why nobody was asked.
        #[source]
        source: AskError,
    },
    /// A value is empty or holds characters that no credential has.
    #[error("the {label} of `{provider}` is not usable: {why}")]
    UnusableValue {
        /// The provider.
        provider: ProviderName,
        /// What the value is called.
        label: String,
        /// What is wrong with it; never the value itself.
        why: &'static str,
    },
    /// A field was supplied that the provider does not have.
    #[error("`{provider}` has no field `{field}`")]
    UnknownField {
        /// The provider.
        provider: ProviderName,
        /// What was supplied.
        field: String,
        /// The fields it has.
        known: Vec<String>,
    },
    /// The authorization URL must not be opened.
    #[error("the authorization address of `{provider}` must not be opened")]
    ForbiddenUrl {
        /// The provider.
        provider: ProviderName,
        /// Why not.
        #[source]
        source: ForbiddenUrl,
    },
    /// The authorization request cannot be built from the definition.
    #[error("the authorization request of `{provider}` cannot be built")]
    AuthorizationRequest {
        /// The provider.
        provider: ProviderName,
        /// Why not.
        #[source]
        source: AuthorizationRequestError,
    },
    /// The address where the person would have to enter the code must not be shown.
    #[error("the address that `{provider}` names for entering the code must not be opened")]
    ForbiddenVerificationUrl {
        /// The provider.
        provider: ProviderName,
        /// Why not.
        #[source]
        source: ForbiddenUrl,
    },
    /// The device authorization endpoint gave no code.
    #[error("`{provider}` did not issue a device code")]
    NoDeviceCode {
        /// The provider.
        provider: ProviderName,
        /// What it answered.
        #[source]
        source: DeviceAuthorizationError,
    },
    /// The code ran out before anybody approved it.
    #[error("the code of `{provider}` ran out before it was approved")]
    CodeExpired {
        /// The provider.
        provider: ProviderName,
    },
    /// Nobody approved the code within the time that the caller wanted to wait.
    #[error("nobody approved the code of `{provider}` within {patience:?}")]
    NotApproved {
        /// The provider.
        provider: ProviderName,
        /// How long was waited.
        patience: Duration,
    },
    /// The callback could not be listened for, or did not come.
    #[error(transparent)]
    Loopback(#[from] LoopbackError),
    /// The browser did not come back, and the client that was registered earlier may be the reason.
    #[error("no answer came back from the browser within {patience:?}")]
    TimedOutAsRegistered {
        /// The provider.
        provider: ProviderName,
        /// How long was waited.
        patience: Duration,
    },
    /// There is no browser and nobody to show the address to.
    #[error("no browser could be opened: {why}")]
    NoBrowser {
        /// What was tried.
        why: String,
    },
    /// The provider does not redirect to this machine, and nobody can paste the address here.
    #[error(
        "`{provider}` does not redirect to this machine, so the address that the browser ends at has to be pasted"
    )]
    PasteNeeded {
        /// The provider.
        provider: ProviderName,
    },
    /// The person or the server said no.
    #[error("`{provider}` did not grant access ({error})")]
    Denied {
        /// The provider.
        provider: ProviderName,
        /// The OAuth error code, such as `access_denied`.
        error: String,
        /// What the server said, if it said more.
        description: Option<String>,
    },
    /// Another server answered than the one that was asked (RFC 9207).
    #[error("the answer came from another authorization server than that of `{provider}`")]
    WrongIssuer {
        /// The provider.
        provider: ProviderName,
    },
    /// The issuer's word about its endpoints could not be had, or is not used.
    #[error("the endpoints of `{provider}` are not known")]
    Discovery {
        /// The provider.
        provider: ProviderName,
        /// Why not.
        #[source]
        source: DiscoveryError,
    },
    /// The server did not register a client.
    #[error("`{provider}` did not register a client")]
    Registration {
        /// The provider.
        provider: ProviderName,
        /// What it answered.
        #[source]
        source: RegistrationError,
    },
    /// The token endpoint did not give a token.
    #[error("`{provider}` did not issue a token")]
    Token {
        /// The provider.
        provider: ProviderName,
        /// What it answered.
        #[source]
        source: TokenError,
    },
    /// No answer was had from the token endpoint.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The OAuth client could not sign that it is itself.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// No randomness, no login.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The definitions could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Another process is working on this connection and does not end.
    #[error("the connection's lock cannot be taken")]
    Lock(#[source] LockError),
    /// The login could not be recorded, so it was not stored.
    #[error("the login cannot be recorded in the audit log, so it was not stored")]
    NotRecorded(#[source] AppendError),
    /// The login could not be saved.
    #[error("the login could not be saved")]
    NotSaved(#[source] PutError),
}

impl LoginError {
    /// Whether the server does not know the client any more, or not as one that may do this.
    pub(super) fn blames_the_client(&self) -> bool {
        match self {
            Self::Token { source, .. } => source.is_invalid_client(),
            Self::Denied { error, .. }
            | Self::NoDeviceCode {
                source: DeviceAuthorizationError::Refused { error, .. },
                ..
            } => {
                matches!(error.as_str(), "invalid_client" | "unauthorized_client")
            }
            _ => false,
        }
    }

    pub(crate) fn undiscovered(provider: &ProviderName, error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Http(error) => Self::Http(error),
            source => Self::Discovery {
                provider: provider.clone(),
                source,
            },
        }
    }

    /// A word for the audit log.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::Token { .. } => "no_token",
            Self::NoDeviceCode { .. } | Self::ForbiddenVerificationUrl { .. } => "no_device_code",
            Self::CodeExpired { .. } | Self::NotApproved { .. } => "not_approved",
            Self::Registration { .. } => "not_registered",
            Self::Discovery { .. } => "not_discovered",
            Self::Http(_) => "no_answer",
            Self::Loopback(_)
            | Self::TimedOutAsRegistered { .. }
            | Self::NoBrowser { .. }
            | Self::PasteNeeded { .. } => "no_callback",
            Self::ValueNeeded { .. } | Self::UnusableValue { .. } => "no_value",
            _ => "failed",
        }
    }
}

/// The error for values that nobody gave; `label` names a field of the inquiry without the provider.
pub(super) fn value_needed(
    provider: &Provider,
    inquiry: &Inquiry,
    label: impl Fn(&str) -> String,
    unanswered: Unanswered,
) -> LoginError {
    let missing = unanswered.missing.iter();
    let mut fields: Vec<_> = missing.filter_map(|at| inquiry.fields.get(*at)).collect();
    // All may be left out, but somebody has to say so.
    if fields.is_empty() {
        fields.extend(&inquiry.fields);
    }
    let labels: Vec<_> = fields.iter().map(|field| label(&field.name)).collect();
    let variables = fields.iter().map(|field| field.variables.clone());
    LoginError::ValueNeeded {
        provider: provider.name.clone(),
        label: labels.join(", "),
        variables: variables.filter(|names| !names.is_empty()).collect(),
        source: unanswered.source,
    }
}

fn words(flows: &[Flow]) -> String {
    flows
        .iter()
        .map(|flow| flow.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
