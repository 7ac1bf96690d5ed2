//! The token endpoint (RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::authorize::Challenge;
use super::client_authentication::authenticate_form;
use super::device;
use super::grants::{FamilyId, Presented};
use super::options::{Client, ClientGrant, Rotation};
use super::state::State;
use crate::message::{Received, Reply};

pub(super) fn token(state: &mut State, received: &Received) -> Reply {
    let client = match authenticate_form(&state.options, received) {
        Ok(client) => client,
        Err(reply) => return reply,
    };
    let grant_type = received.field("grant_type");
    if let Some(grant) = state.options.client_grant.clone()
        && grant_type == Some(&grant.grant_type)
    {
        return client_credentials(state, &client, &grant, received);
    }
    let answer = match grant_type {
        Some("authorization_code") => authorization_code(state, &client, received),
        Some("urn:ietf:params:oauth:grant-type:device_code") => {
            return device::poll(state, &client, received);
        }
        Some("refresh_token") => refresh_token(state, &client, received),
        _ => return Reply::error(400, "unsupported_grant_type", "this grant is not offered"),
    };
    answer.unwrap_or_else(|why| Reply::error(400, "invalid_grant", why))
}

fn authorization_code(
    state: &mut State,
    client: &Client,
    received: &Received,
) -> Result<Reply, &'static str> {
    let code = received.field("code").unwrap_or_default();
    let request = state
        .grants
        .redeemable(code)
        .ok_or("the code is unknown, expired or used")?;
    if request.client_id != client.id {
        return Err("the code was issued to another client");
    }
    if received.field("redirect_uri") != Some(&request.redirect_uri) {
        return Err("the redirect URI is not the one of the authorization request");
    }
    let verifier = received.field("code_verifier").unwrap_or_default();
    let proven = match &request.challenge {
        Some(Challenge::S256(challenge)) => {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge
        }
        Some(Challenge::Plain(challenge)) => verifier == challenge,
        None => true,
    };
    if !proven {
        return Err("the verifier does not match the challenge");
    }
    let family = state.grants.redeem(code, &request);
    let refresh_token = state.grants.issue_refresh_token(family);
    Ok(tokens(state, family, Some(refresh_token)))
}

fn refresh_token(
    state: &mut State,
    client: &Client,
    received: &Received,
) -> Result<Reply, &'static str> {
    let presented = received.field("refresh_token").unwrap_or_default();
    let family = match state.grants.present(presented, &client.id) {
        Presented::Good(family) => family,
        Presented::Spent(family, ago) if state.options.reuse_grace.is_some_and(|g| ago < g) => {
            family
        }
        Presented::Spent(family, _) => {
            if state.options.reuse_detection {
                state.grants.kill(family);
            }
            return Err("the refresh token has been used");
        }
        Presented::Bad => return Err("the refresh token is unknown or revoked"),
    };
    let successor = match state.options.rotation {
        Rotation::Rotate => {
            state.grants.spend(presented);
            Some(state.grants.issue_refresh_token(family))
        }
        Rotation::Keep => None,
    };
    Ok(tokens(state, family, successor))
}

/// A token of the client's own (section 4.4): for those that can prove who they are, and no refresh token.
fn client_credentials(
    state: &mut State,
    client: &Client,
    grant: &ClientGrant,
    received: &Received,
) -> Reply {
    if client.secret.is_none() {
        return Reply::error(400, "unauthorized_client", "a public client");
    }
    let wrong = |(name, value): &&(String, String)| received.field(name) != Some(value);
    if let Some((name, _)) = grant.params.iter().find(wrong) {
        return Reply::error(400, "invalid_request", &format!("{name} is wrong"));
    }
    let asked = received.field("scope").unwrap_or_default();
    let scopes = state.options.scopes.iter();
    let granted: Vec<_> = scopes
        .filter(|scope| asked.is_empty() || asked.split(' ').any(|asked| asked == **scope))
        .cloned()
        .collect();
    let family = state.grants.new_family(&client.id, &granted.join(" "));
    tokens(state, family, None)
}

/// A successful answer (section 5.1) with a fresh access token.
pub(super) fn tokens(state: &mut State, family: FamilyId, refresh_token: Option<String>) -> Reply {
    let ttl = state.options.access_token_ttl;
    let mut document = json!({
        "access_token": state.grants.issue_access_token(family, ttl),
        "token_type": "Bearer",
        "scope": state.grants.scope(family),
    });
    if let Some(seconds) = ttl {
        document["expires_in"] = seconds.into();
    }
    if let Some(token) = refresh_token {
        document["refresh_token"] = token.into();
    }
    Reply::json(200, &document)
}
