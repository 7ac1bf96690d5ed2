//! What the program gets in place of an answer: what happened and what to do, for people and for programs.
//!
//! It never holds a secret, and nothing of it is taken from an upstream's answer.

use authkeep_core::ProfileName;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// Why a request was not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The sender did not show the run's proxy credential.
    ProxyAuthenticationRequired,
    /// The request cannot be understood in one way only.
    BadRequest,
    /// It is for another authority than the connection it came over.
    Misdirected,
    /// It would carry a credential over plain http.
    Plaintext,
    /// It is for a host that this run may not reach.
    Unmatched,
    /// It carries the placeholder of another login, or to where it does not belong, or a method that is not let through.
    Denied,
    /// It cannot be signed, or not in the way that it asks for.
    Unsignable,
    /// The login is not there.
    NotConnected,
    /// The login needs a person.
    LoginExpired,
    /// Several logins could be meant.
    Ambiguous,
    /// No credential can be had at the moment.
    CredentialUnavailable,
    /// The vault cannot be read.
    VaultUnavailable,
    /// The release could not be put on record.
    AuditUnavailable,
    /// The server cannot be reached.
    UpstreamUnreachable,
    /// The server's certificate or handshake is not good.
    UpstreamTls,
    /// The name leads to an address that nothing is sent to.
    ForbiddenAddress,
    /// Too many connections at once.
    Overloaded,
}

impl Code {
    /// The word in the `error` field, and in the header `x-authkeep-error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProxyAuthenticationRequired => "proxy_authentication_required",
            Self::BadRequest => "bad_request",
            Self::Misdirected => "misdirected",
            Self::Plaintext => "plaintext",
            Self::Unmatched => "unmatched",
            Self::Denied => "denied",
            Self::Unsignable => "unsignable",
            Self::NotConnected => "not_connected",
            Self::LoginExpired => "login_expired",
            Self::Ambiguous => "ambiguous",
            Self::CredentialUnavailable => "credential_unavailable",
            Self::VaultUnavailable => "vault_unavailable",
            Self::AuditUnavailable => "audit_unavailable",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTls => "upstream_tls",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Overloaded => "overloaded",
        }
    }

    /// The status of the answer. 401 is not among them: programs would take it for the server's own.
    pub fn status(self) -> StatusCode {
        match self {
            Self::ProxyAuthenticationRequired => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Ambiguous => StatusCode::CONFLICT,
            Self::CredentialUnavailable | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::VaultUnavailable
            | Self::AuditUnavailable
            | Self::UpstreamUnreachable
            | Self::UpstreamTls => StatusCode::BAD_GATEWAY,
            Self::Plaintext
            | Self::Unmatched
            | Self::Denied
            | Self::Unsignable
            | Self::NotConnected
            | Self::LoginExpired
            | Self::ForbiddenAddress => StatusCode::FORBIDDEN,
        }
    }

    /// Whether the same request may succeed in a while, with nobody doing anything.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::CredentialUnavailable | Self::UpstreamUnreachable | Self::Overloaded
        )
    }
}

/// An answer that the sidecar gives by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// What happened, in a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The command that does it, to be shown to a person.
    pub command: Option<String>,
    /// The logins to choose from, as `github=work`.
    pub choices: Vec<String>,
}

impl Refusal {
    /// A refusal without advice.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            command: None,
            choices: Vec::new(),
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same with the command that mends it.
    #[must_use]
    pub fn command(self, command: impl Into<String>) -> Self {
        Self {
            command: Some(command.into()),
            ..self
        }
    }

    /// The same with the command for this profile: a person types it where another one may be in force.
    #[must_use]
    pub fn in_profile(self, profile: &ProfileName) -> Self {
        Self {
            command: (self.command).map(|command| format!("{command} --profile {profile}")),
            ..self
        }
    }

    /// The answer: JSON, with what programs branch on also in headers.
    pub fn response(&self) -> Response<Vec<u8>> {
        let mut body = json!({
            "error": self.code.as_str(),
            "message": self.message,
            "hint": self.hint,
            "command": self.command,
            "retryable": self.code.is_retryable(),
        });
        if !self.choices.is_empty() {
            body["choices"] = Value::from(self.choices.clone());
        }
        let mut text = body.to_string().into_bytes();
        text.push(b'\n');
        let mut response = Response::new(text);
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            "x-authkeep-error",
            HeaderValue::from_static(self.code.as_str()),
        );
        if !self.code.is_retryable() {
            // What the SDKs of several services look for: they would try again on some of these statuses.
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if self.code == Code::ProxyAuthenticationRequired {
            headers.insert(
                header::PROXY_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"authkeep\""),
            );
        }
        response
    }
}
