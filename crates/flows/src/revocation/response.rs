//! What the service says to a revocation (RFC 7009 §2.2).

use crate::document::Document;
use crate::http::HttpResponse;
use crate::oauth_error::OAuthError;
use crate::retry_after::RetryAfter;

/// Why a token may still be alive at the service.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// The service cannot answer now (408, 425, 429, 5xx): trying again later may help.
    #[error("the service cannot revoke the token now (status {status})")]
    Transient {
        /// The status code.
        status: u16,
        /// When the service wants to be asked again, if it said so.
        retry_after: Option<RetryAfter>,
    },
    /// The service does not revoke tokens of this kind (RFC 7009 §2.2.1). The other kind may
    /// work; trying this one again does not.
    #[error("the service does not revoke this type of token")]
    UnsupportedTokenType,
    /// The service says that the token is not valid. RFC 7009 would have it answer 200: there is
    /// nothing left to revoke.
    #[error("the service does not know the token (`{error}`)")]
    AlreadyInvalid {
        /// The service's word for it.
        error: String,
    },
    /// The service refused and said why, such as `invalid_client`.
    #[error("the service refused to revoke the token: `{error}` (status {status})")]
    Refused {
        /// The error code.
        error: String,
        /// The service's explanation. It is foreign text.
        description: Option<String>,
        /// The status code.
        status: u16,
    },
    /// Any other status without an explanation, redirects included.
    #[error("the service gave an unexpected answer to the revocation (status {status})")]
    Unexpected {
        /// The status code.
        status: u16,
    },
}

/// The words for a token that is already dead, Slack's among them.
const DEAD: [&str; 3] = ["invalid_token", "token_revoked", "token_expired"];

/// Whether the token is gone.
///
/// Any 2xx is a yes whatever the body, as RFC 7009 §2.2 wants it, unless the body is an error
/// object: Slack answers 200 with `ok: false`.
///
/// # Errors
/// [`RevocationError`] otherwise. The local copy is to be deleted all the same.
pub fn read_revocation_response(response: &HttpResponse) -> Result<(), RevocationError> {
    let status = response.status();
    if matches!(status, 408 | 425 | 429 | 500..=599) {
        return Err(RevocationError::Transient {
            status,
            retry_after: RetryAfter::of(response),
        });
    }
    let document = Document::read(response).ok();
    let refusal = document.and_then(|document| OAuthError::find(document.fields()));
    match refusal {
        Some(refusal) if refusal.error == "unsupported_token_type" => {
            Err(RevocationError::UnsupportedTokenType)
        }
        Some(refusal) if DEAD.contains(&refusal.error.as_str()) => {
            Err(RevocationError::AlreadyInvalid {
                error: refusal.error,
            })
        }
        Some(refusal) => Err(RevocationError::Refused {
            error: refusal.error,
            description: refusal.description,
            status,
        }),
        None if (200..300).contains(&status) => Ok(()),
        None => Err(RevocationError::Unexpected { status }),
    }
}
