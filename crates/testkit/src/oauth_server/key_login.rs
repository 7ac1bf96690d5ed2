//! A login of the server's own making: a key goes in, a token comes out, and no standard is followed.
//!
//! The keys are the clients' secrets, sent as JSON (`identifier`, `secret`) or as HTTP Basic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::state::State;
use crate::message::{Received, Reply};

/// `{"session": {"token": …, "seconds": …}}`, or 401 and words that OAuth does not know.
pub(super) fn exchange(state: &mut State, received: &Received) -> Reply {
    let (identifier, secret) = from_header(received).unwrap_or_else(|| from_body(received));
    let known = state.options.client(&identifier);
    if known.is_none_or(|client| client.secret.as_ref() != Some(&secret)) {
        return Reply::json(401, &json!({ "message": "incorrect credentials" }));
    }
    let ttl = state.options.access_token_ttl;
    let family = state.grants.new_family(&identifier, "");
    let token = state.grants.issue_access_token(family, ttl);
    Reply::json(
        200,
        &json!({ "session": { "token": token, "seconds": ttl } }),
    )
}

fn from_body(received: &Received) -> (String, String) {
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("identifier"), text("secret"))
}

fn from_header(received: &Received) -> Option<(String, String)> {
    let encoded = received.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
