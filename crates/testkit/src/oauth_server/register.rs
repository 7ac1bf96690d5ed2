//! Registration of clients (RFC 7591), open to anybody. Registrations cannot be changed afterwards.

use serde_json::{Value, json};

use super::message::{Received, Reply};
use super::options::{Client, ClientAuth};
use super::state::State;
use crate::canary::{canary, random_hex};

/// Makes a client as it was asked for; it may use its own redirect URIs and no others.
pub(super) fn register(state: &mut State, received: &Received) -> Reply {
    let metadata: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let redirect_uris: Vec<String> = metadata["redirect_uris"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|uri| uri.as_str().map(str::to_owned))
        .collect();
    if redirect_uris.is_empty() {
        return Reply::error(400, "invalid_redirect_uri", "a redirect URI is needed");
    }
    let method = metadata["token_endpoint_auth_method"].as_str();
    let auth = match method {
        Some("none") => ClientAuth::None,
        Some("client_secret_post") => ClientAuth::Post,
        Some("client_secret_basic") | None => ClientAuth::Basic,
        Some(_) => return Reply::error(400, "invalid_client_metadata", "no such method"),
    };
    let client = Client {
        id: format!("registered-{}", random_hex()),
        secret: (auth != ClientAuth::None).then(canary),
        auth,
        redirect_uris,
    };
    let mut answer = metadata;
    answer["client_id"] = client.id.as_str().into();
    if let Some(secret) = &client.secret {
        answer["client_secret"] = secret.as_str().into();
        answer["client_secret_expires_at"] = json!(0);
    }
    state.options.clients.push(client);
    Reply::json(201, &answer)
}
