//! Taking tokens back (RFC 7009) and asking about them (RFC 7662).

use serde_json::json;

use super::client_authentication::authenticate;
use super::state::State;
use crate::message::{Received, Reply};

/// 200 whether or not the token existed; only the client has to prove itself.
pub(super) fn revoke(state: &mut State, received: &Received) -> Reply {
    let client = match authenticate(&state.options, received) {
        Ok(client) => client,
        Err(reply) => return reply,
    };
    let Some(token) = received.field("token") else {
        return Reply::error(400, "invalid_request", "`token` is missing");
    };
    state.grants.revoke(token, &client.id);
    Reply {
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// Open to anyone: it serves tests, not resource servers.
pub(super) fn introspect(state: &State, received: &Received) -> Reply {
    let token = received.field("token").unwrap_or_default();
    Reply::json(200, &json!({ "active": state.grants.is_active(token) }))
}
