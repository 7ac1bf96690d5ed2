//! The protected API behind the tokens.

use serde_json::{Value, json};

use super::state::State;
use crate::message::{Received, Reply};

/// `/api/me`: who the token belongs to, or 401.
pub(super) fn me(state: &State, received: &Received) -> Reply {
    match received.bearer() {
        Some(token) if state.grants.is_active_access_token(token) => {
            Reply::json(200, &json!({ "login": "ada" }))
        }
        Some(_) => Reply::error(401, "invalid_token", "expired, revoked or never issued")
            .with_header(
                "www-authenticate",
                "Bearer realm=\"test\", error=\"invalid_token\"",
            ),
        None => Reply::error(401, "unauthorized", "a bearer token is needed")
            .with_header("www-authenticate", "Bearer realm=\"test\""),
    }
}

/// `/api/echo`: what arrived, and whether its bearer token is good. Open to anyone.
pub(super) fn echo(state: &State, received: &Received) -> Reply {
    let active = received
        .bearer()
        .is_some_and(|token| state.grants.is_active_access_token(token));
    let object = |pairs: &[(String, String)]| -> Value {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect()
    };
    let document = json!({
        "method": received.method,
        "path": received.path,
        "query": object(&received.query),
        "headers": object(&received.headers),
        "body": String::from_utf8_lossy(&received.body),
        "authorized": active,
    });
    Reply::json(200, &document)
}
