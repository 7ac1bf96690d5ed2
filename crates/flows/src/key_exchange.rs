//! The answer to a login of the service's own making, which takes a key and gives a token. No standard describes it, so the
//! definition says where in it the token is.

use std::time::Duration;

use serde_json::Map;

use crate::http::HttpResponse;
use crate::secret::AccessToken;
use crate::token_response::{
    Malformation, TokenError, TokenField, TokenSet, checked, lifetime, read_answer,
};

/// Where in the answer is what, as JSON pointers (RFC 6901).
#[derive(Clone, Copy, Debug)]
pub struct ExchangeRules<'a> {
    /// The token.
    pub token_path: &'a str,
    /// The seconds that it lives, where the answer says so.
    pub expires_in_path: Option<&'a str>,
    /// The lifetime where it does not.
    pub default_expires_in: Option<Duration>,
}

/// Reads the token. Nothing else of the answer is kept.
///
/// # Errors
///
/// [`TokenError`], as of a token endpoint. A 4xx that does not say why in OAuth's words is a refusal all the same, with the
/// status in place of the error code: these services know no such words, and some repeat the key that they refuse.
pub fn read_exchanged_token(
    response: &HttpResponse,
    rules: &ExchangeRules<'_>,
) -> Result<TokenSet, TokenError> {
    let status = response.status();
    let document = read_answer(response).map_err(|error| match error {
        TokenError::Refused { error, .. } => TokenError::Refused {
            error: Some(error)
                .filter(|error| is_word(error))
                .unwrap_or_else(|| in_numbers(status)),
            description: None,
            status,
        },
        TokenError::Malformed { status, .. } if (400..500).contains(&status) => {
            TokenError::Refused {
                error: in_numbers(status),
                description: None,
                status,
            }
        }
        other => other,
    })?;
    let malformed = |why| TokenError::Malformed { why, status };
    let token = checked(document.pointer(rules.token_path), TokenField::AccessToken)
        .and_then(|token| token.ok_or(Malformation::MissingAccessToken))
        .map_err(malformed)?;
    let expires_in = rules
        .expires_in_path
        .and_then(|path| lifetime::read(document.pointer(path)));
    Ok(TokenSet {
        access_token: AccessToken::new(token),
        refresh_token: None,
        token_type: "Bearer".to_owned(),
        expires_in: expires_in.or(rules.default_expires_in),
        refresh_token_expires_in: None,
        scope: None,
        extra: Map::new(),
    })
}

/// Whether it is an error code like OAuth's, `invalid_grant`, and not a sentence or a key.
fn is_word(error: &str) -> bool {
    const LONGEST: usize = 40;
    error.len() <= LONGEST && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn in_numbers(status: u16) -> String {
    format!("status {status}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ExchangeRules<'static> = ExchangeRules {
        token_path: "/data/0/jwt",
        expires_in_path: Some("/data/0/seconds"),
        default_expires_in: Some(Duration::from_secs(600)),
    };

    fn read(status: u16, body: &str) -> Result<(String, Option<u64>), String> {
        let response = HttpResponse::new(status, Vec::new(), body.as_bytes().to_vec());
        let tokens = read_exchanged_token(&response, &RULES).map_err(|e| format!("{e:?}"))?;
        assert!(tokens.refresh_token.is_none() && tokens.extra.is_empty());
        let seconds = tokens.expires_in.map(|life| life.as_secs());
        Ok((tokens.access_token.expose().to_owned(), seconds))
    }

    #[test]
    fn the_token_is_where_the_definition_says() {
        let given = |text: &str, seconds| Ok((text.to_owned(), Some(seconds)));
        let body = r#"{"data": [{"jwt": "a.b.c", "seconds": 60}], "access_token": "other"}"#;
        assert_eq!(read(200, body), given("a.b.c", 60));
        let silent = r#"{"data": [{"jwt": "t"}], "expires_in": 5}"#;
        assert_eq!(read(201, silent), given("t", 600));
    }

    #[test]
    fn what_holds_no_token_is_sorted_by_what_to_do() {
        let table = [
            (200, r#"{"access_token": "other"}"#, "MissingAccessToken"),
            (200, r#"{"data": [{"jwt": 7}]}"#, "NotText"),
            (
                200,
                r#"{"data": [{"jwt": "a\r\nX: y"}]}"#,
                "IllegalCharacter",
            ),
            (200, "<html>", "Transient"),
            (302, "", "Redirect"),
            (
                401,
                r#"{"message": "no"}"#,
                "Refused { error: \"status 401\"",
            ),
            (403, "no", "Refused { error: \"status 403\""),
            (
                400,
                r#"{"error": "bad_key"}"#,
                "Refused { error: \"bad_key\"",
            ),
            // What it says besides may be the key.
            (
                400,
                r#"{"error": "bad_key", "error_description": "sk-1"}"#,
                "Refused { error: \"bad_key\", description: None",
            ),
            (
                401,
                r#"{"error": "sk-1"}"#,
                "Refused { error: \"status 401\"",
            ),
            (
                403,
                r#"{"error": "no such key: abc"}"#,
                "Refused { error: \"status 403\"",
            ),
            (429, r#"{"error": "bad_key"}"#, "Transient"),
            (503, "", "Transient"),
        ];
        for (status, body, expected) in table {
            let error = read(status, body).expect_err(body);
            assert!(error.contains(expected), "{status} {body}: {error}");
        }
    }
}
