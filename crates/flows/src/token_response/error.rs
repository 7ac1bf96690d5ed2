//! What can be wrong with a token endpoint's answer, sorted by what the caller must do.

use crate::document::Unreadable;
use crate::retry_after::RetryAfter;

/// Why an exchange or a refresh brought in no tokens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The server understood and said no. What to do depends on the code; see
    /// [`TokenError::is_invalid_grant`] and [`TokenError::is_invalid_client`].
    #[error("the token request was refused: `{error}` (status {status})")]
    Refused {
        /// The error code, such as `invalid_grant`, cleaned.
        error: String,
        /// The server's explanation, cleaned. It is foreign text.
        description: Option<String>,
        /// The status code. It may be 200.
        status: u16,
    },
    /// Not the server's last word: 408, 425, 429, 5xx, an HTML page in place of an answer, an
    /// empty success, a word such as `temporarily_unavailable`. Nothing is known to be wrong with
    /// the credential: keep it and try again later.
    #[error("the token endpoint cannot answer now (status {status})")]
    Transient {
        /// The status code.
        status: u16,
        /// When the server wants to be asked again, if it said so.
        retry_after: Option<RetryAfter>,
    },
    /// The answer is no token response. Trying again does not help and nothing is known to be
    /// wrong with the credential: keep it and report this.
    #[error("the token endpoint's answer cannot be used (status {status})")]
    Malformed {
        /// What is wrong with it.
        #[source]
        why: Malformation,
        /// The status code.
        status: u16,
    },
}

impl TokenError {
    /// Whether the grant itself is dead: the one answer after which, once another process's newer
    /// token has been looked for, a person has to log in again.
    ///
    /// Beside the standard word these are GitHub's `bad_refresh_token` and Slack's
    /// `invalid_refresh_token`, which say the same.
    pub fn is_invalid_grant(&self) -> bool {
        self.has_code(&[
            "invalid_grant",
            "bad_refresh_token",
            "invalid_refresh_token",
        ])
    }

    /// Whether the client's own credentials were refused: the registration has to be mended, and
    /// logging in again does not help.
    ///
    /// Beside the standard word these are GitHub's `incorrect_client_credentials` and Slack's
    /// `bad_client_secret` and `invalid_client_id`.
    pub fn is_invalid_client(&self) -> bool {
        self.has_code(&[
            "invalid_client",
            "incorrect_client_credentials",
            "bad_client_secret",
            "invalid_client_id",
        ])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Refused { error, .. } if codes.contains(&error.as_str()))
    }
}

/// What is wrong with an answer that is no token response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformation {
    /// Looks like JSON and is not.
    #[error("the body is not valid JSON")]
    Json,
    /// JSON, but no object where one belongs.
    #[error("the body holds no JSON object where the tokens should be")]
    NotAnObject,
    /// More than 64 levels of nesting.
    #[error("the body is nested too deeply")]
    TooDeep,
    /// A form with the same field twice; choosing between them would be guessing.
    #[error("the body has a field twice")]
    DuplicateField,
    /// Neither JSON nor a form.
    #[error("the body is neither JSON nor form-encoded")]
    UnknownFormat,
    /// A 4xx status without the error object that RFC 6749 §5.2 asks for.
    #[error("the answer has no error object")]
    NoErrorObject,
    /// A redirect. It is not followed, for it would take the credentials elsewhere.
    #[error("the answer is a redirect, and token requests do not follow redirects")]
    Redirect,
    /// A status code that no final answer has.
    #[error("the status is not one of a final answer")]
    Status,
    /// Success without a token.
    #[error("the answer has no access token")]
    MissingAccessToken,
    /// A number, list or object in place of text.
    #[error("the {0} is not text")]
    NotText(TokenField),
    /// An empty text.
    #[error("the {0} is empty")]
    Empty(TokenField),
    /// A line break, space, control character or anything outside ASCII.
    #[error("the {0} has characters that no header may carry")]
    IllegalCharacter(TokenField),
    /// More than 16 KiB.
    #[error("the {0} is too long")]
    TooLong(TokenField),
    /// A token type that is not used like `Bearer`, cleaned.
    #[error("the token type `{0}` is not supported")]
    TokenType(String),
}

/// Which field of the answer is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenField {
    /// `access_token`.
    AccessToken,
    /// `refresh_token`.
    RefreshToken,
    /// `token_type`.
    TokenType,
}

impl std::fmt::Display for TokenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AccessToken => "access token",
            Self::RefreshToken => "refresh token",
            Self::TokenType => "token type",
        })
    }
}

impl From<Unreadable> for Malformation {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Json => Self::Json,
            Unreadable::NotAnObject => Self::NotAnObject,
            Unreadable::TooDeep => Self::TooDeep,
            Unreadable::DuplicateField => Self::DuplicateField,
            Unreadable::Empty | Unreadable::Html | Unreadable::UnknownFormat => Self::UnknownFormat,
        }
    }
}
