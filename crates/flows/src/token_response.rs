//! The token endpoint's answer (RFC 6749 §5.1 and §5.2), read as services really write it.
//!
//! Tolerant about packaging (form or JSON, nested or flat, 200 or 201, numbers as strings) and
//! strict about what is kept: a token that could break out of a header never becomes a
//! [`TokenSet`]. How large a body may get is the HTTP client's business, not ours.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::document::{Document, Unreadable};
use crate::foreign_text::clean_up_to;
use crate::http::HttpResponse;
use crate::oauth_error::OAuthError;
use crate::retry_after::RetryAfter;
use crate::secret::{AccessToken, RefreshToken};

mod error;
pub(crate) mod lifetime;
mod scope;
mod scrub;

pub use error::{Malformation, TokenError, TokenField};

/// What a login or a refresh brought in.
pub struct TokenSet {
    /// Visible ASCII, not empty, at most 16 KiB.
    pub access_token: AccessToken,
    /// As strict as the access token. `None` on a refresh means: keep the old one.
    pub refresh_token: Option<RefreshToken>,
    /// `Bearer`, or Slack's `bot` or `user`, which are used like it. `Bearer` where the server
    /// named none.
    pub token_type: String,
    /// How long the access token lives from now, at most ten years. `None` means that nobody
    /// said: not that it lives forever, and not that it lives an hour.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lives from now, and with it the login, where the server says so
    /// (`refresh_token_expires_in` or `refresh_expires_in`, which no RFC defines). At most ten
    /// years.
    pub refresh_token_expires_in: Option<Duration>,
    /// What was granted; `None` where the server did not say, which means what was asked for
    /// (RFC 6749 §5.1). Possibly less than was asked for.
    pub scope: Option<Vec<String>>,
    /// The rest of the answer (instance URLs, workspace names), without anything that looks like
    /// a token or a secret at any depth.
    pub extra: Map<String, Value>,
}

/// Scopes and further fields are counted, not shown: their text is the server's.
impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("access_token", &self.access_token)
            .field("refresh_token", &self.refresh_token)
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("refresh_token_expires_in", &self.refresh_token_expires_in)
            .field("scope", &self.scope.as_ref().map(Vec::len))
            .field("extra", &self.extra.len())
            .finish()
    }
}

/// What a provider's definition says about its answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenResponseRules<'a> {
    /// JSON pointer (RFC 6901) to the object that holds the tokens, where it is not the whole
    /// answer (Slack's `/authed_user`).
    ///
    /// Where the pointer leads nowhere, the whole answer is read: Slack nests the user's token
    /// when the code is exchanged, and does not when it is refreshed. An object that is there and
    /// has no token is an error; the token beside it belongs to someone else.
    pub token_path: Option<&'a str>,
    /// The lifetime where the answer names none that makes sense.
    pub default_expires_in: Option<Duration>,
}

/// Reads the answer to an exchange or a refresh.
///
/// # Errors
/// [`TokenError`]; each variant asks for something different of the caller, and only
/// [`TokenError::is_invalid_grant`] may end a connection.
pub fn read_token_response(
    response: &HttpResponse,
    rules: &TokenResponseRules<'_>,
) -> Result<TokenSet, TokenError> {
    let document = read_answer(response)?;
    read_tokens(&document, rules).map_err(|why| TokenError::Malformed {
        why,
        status: response.status(),
    })
}

/// The document of an answer that claims success; everything else is sorted into an error. Other endpoints that answer
/// in the manner of the token endpoint are read by it too.
pub(crate) fn read_answer(response: &HttpResponse) -> Result<Document, TokenError> {
    let status = response.status();
    let malformed = |why| TokenError::Malformed { why, status };
    match status {
        // The body is not looked at: a failing server may well claim that the grant is invalid.
        408 | 425 | 429 | 500..=599 => return Err(transient(response)),
        300..=399 => return Err(malformed(Malformation::Redirect)),
        200..=299 | 400..=499 => {}
        _ => return Err(malformed(Malformation::Status)),
    }
    let succeeded = status < 300;
    let document = match Document::read(response) {
        Ok(document) => document,
        Err(Unreadable::Html) => return Err(transient(response)),
        Err(Unreadable::Empty) if succeeded => return Err(transient(response)),
        Err(_) if !succeeded => return Err(malformed(Malformation::NoErrorObject)),
        Err(unreadable) => return Err(malformed(unreadable.into())),
    };
    if let Some(refusal) = OAuthError::find(document.fields()) {
        if PASSING.contains(&refusal.error.as_str()) {
            return Err(transient(response));
        }
        return Err(TokenError::Refused {
            error: refusal.error,
            description: refusal.description,
            status,
        });
    }
    if !succeeded {
        return Err(malformed(Malformation::NoErrorObject));
    }
    Ok(document)
}

fn read_tokens(
    document: &Document,
    rules: &TokenResponseRules<'_>,
) -> Result<TokenSet, Malformation> {
    let root = document.fields();
    let nested = rules
        .token_path
        .filter(|path| !path.is_empty())
        .and_then(|path| document.pointer(path));
    let tokens = match nested {
        Some(Value::Object(tokens)) => tokens,
        Some(_) => return Err(Malformation::NotAnObject),
        None => root,
    };
    let access_token = token(tokens, "access_token", TokenField::AccessToken)?
        .ok_or(Malformation::MissingAccessToken)?;
    let refresh_token = match tokens.get("refresh_token") {
        Some(Value::String(empty)) if empty.is_empty() => None,
        _ => token(tokens, "refresh_token", TokenField::RefreshToken)?,
    };
    let secrets = scrub::Secrets::of(root, tokens);
    let mut extra = secrets.scrub(root);
    if nested.is_none() {
        for told in TOLD {
            extra.remove(told);
        }
    }
    Ok(TokenSet {
        access_token: AccessToken::new(access_token),
        refresh_token: refresh_token.map(RefreshToken::new),
        token_type: token_type(tokens)?.to_owned(),
        expires_in: lifetime::read(tokens.get("expires_in")).or(rules.default_expires_in),
        refresh_token_expires_in: ["refresh_token_expires_in", "refresh_expires_in"]
            .into_iter()
            .find_map(|name| lifetime::read(tokens.get(name))),
        scope: scope::read(tokens.get("scope"), &secrets),
        extra,
    })
}

/// The fields that a [`TokenSet`] has by itself.
const TOLD: [&str; 5] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "scope",
];

/// Longer tokens are refused, in bytes: no header would carry them.
const MAX_TOKEN: usize = 16 * 1024;

fn token<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    field: TokenField,
) -> Result<Option<&'a str>, Malformation> {
    checked(fields.get(name), field)
}

/// A token that may go into a header: visible ASCII and nothing else, so that a line break can
/// never smuggle in a header of the server's choosing.
pub(crate) fn checked(
    value: Option<&Value>,
    field: TokenField,
) -> Result<Option<&str>, Malformation> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(Malformation::NotText(field)),
    };
    if text.is_empty() {
        return Err(Malformation::Empty(field));
    }
    if text.len() > MAX_TOKEN {
        return Err(Malformation::TooLong(field));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Malformation::IllegalCharacter(field));
    }
    Ok(Some(text))
}

/// The types that are sent as `Authorization: Bearer`, in any case: `Bearer` itself, and `bot` and
/// `user`, with which Slack says whose token it is. Others (`mac`, `DPoP`) need a proof that we
/// would not send, and a client must not use a type that it does not know (RFC 6749 §7.1).
const BEARER_TYPES: [&str; 3] = ["Bearer", "bot", "user"];

fn token_type(fields: &Map<String, Value>) -> Result<&'static str, Malformation> {
    let name = match fields.get("token_type") {
        // Required by RFC 6749 §5.1, and yet left out by several services.
        None | Some(Value::Null) => return Ok("Bearer"),
        Some(Value::String(name)) if name.is_empty() => return Ok("Bearer"),
        Some(Value::String(name)) => name,
        Some(_) => return Err(Malformation::NotText(TokenField::TokenType)),
    };
    BEARER_TYPES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .ok_or_else(|| Malformation::TokenType(clean_up_to(name, 40)))
}

/// Error codes that say "later" whatever the status. RFC 6749 §4.1.2.1 defines the first two for
/// the authorization endpoint, and RFC 8628 §3.5 the third for devices; token endpoints use them
/// for everything. The others are what services call a rate limit, Slack in a 200.
const PASSING: [&str; 7] = [
    "temporarily_unavailable",
    "server_error",
    "slow_down",
    "ratelimited",
    "rate_limited",
    "rate_limit_exceeded",
    "too_many_requests",
];

fn transient(response: &HttpResponse) -> TokenError {
    TokenError::Transient {
        status: response.status(),
        retry_after: RetryAfter::of(response),
    }
}

#[cfg(test)]
mod tests;
