//! Registration of clients (RFC 7591), open to anybody. A registration can be looked up afterwards (RFC 7592 section 2.1),
//! and not changed.

use serde_json::{Value, json};

use super::options::{Client, ClientAuth, ServerOptions};
use super::state::State;
use crate::canary::{canary, random_hex};
use crate::message::{Received, Reply};

/// Makes a client as it was asked for; it may use its own redirect URIs and no others.
pub(super) fn register(state: &mut State, issuer: &str, received: &Received) -> Reply {
    let mut metadata: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let redirect_uris: Vec<String> = metadata["redirect_uris"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|uri| uri.as_str().map(str::to_owned))
        .collect();
    // Without a response type nobody is redirected. Left out, it is `code`.
    let redirects = metadata["response_types"] != json!([]);
    if redirects && redirect_uris.is_empty() {
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
        registration_token: Some(canary()),
    };
    complete(&mut metadata, &client, issuer);
    state.options.clients.push(client);
    Reply::json(201, &metadata)
}

/// Shows a registration to whoever has its token. One that is gone has none, so that it looks like a wrong one.
pub(super) fn look_up(options: &ServerOptions, issuer: &str, received: &Received) -> Reply {
    let token = received
        .header("authorization")
        .and_then(|header| header.strip_prefix("Bearer "));
    let client = received
        .path
        .strip_prefix("/register/")
        .and_then(|id| options.client(id))
        .filter(|client| token.is_some() && client.registration_token.as_deref() == token);
    let Some(client) = client else {
        return Reply::error(401, "invalid_token", "no such registration");
    };
    let mut metadata = json!({ "redirect_uris": client.redirect_uris });
    complete(&mut metadata, client, issuer);
    Reply::json(200, &metadata)
}

/// What the server itself has to say of a client (RFC 7591 section 3.2.1, RFC 7592 section 3).
fn complete(metadata: &mut Value, client: &Client, issuer: &str) {
    metadata["client_id"] = client.id.as_str().into();
    metadata["token_endpoint_auth_method"] = match client.auth {
        ClientAuth::None => "none",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::Basic => "client_secret_basic",
    }
    .into();
    if let Some(secret) = &client.secret {
        metadata["client_secret"] = secret.as_str().into();
        metadata["client_secret_expires_at"] = json!(0);
    }
    if let Some(token) = &client.registration_token {
        metadata["registration_access_token"] = token.as_str().into();
        metadata["registration_client_uri"] = format!("{issuer}/register/{}", client.id).into();
    }
}
