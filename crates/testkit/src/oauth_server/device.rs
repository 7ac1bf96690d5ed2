//! The device authorization grant (RFC 8628): the pair of codes, the page where a person enters one of them, and the
//! answers to polls.
//!
//! It is as strict as the standard lets it be: a poll before its time is answered with `slow_down`, and the interval
//! is five seconds longer from then on.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::authorize::granted_scope;
use super::client_authentication::authenticate_form;
use super::options::{Client, DevicePolls};
use super::state::State;
use super::token::tokens;
use crate::canary::{canary, random_hex};
use crate::message::{Received, Reply};

/// The pairs of codes issued, by device code.
#[derive(Debug, Default)]
pub(super) struct Devices(HashMap<String, Device>);

#[derive(Debug)]
struct Device {
    user_code: String,
    client_id: String,
    scope: String,
    issued: Instant,
    life: Duration,
    interval: Duration,
    last_poll: Option<Instant>,
    decision: Decision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Open,
    Approved,
    Denied,
    /// The tokens were handed out.
    Spent,
}

impl Devices {
    pub(super) fn secrets(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Issues a pair of codes (section 3.2).
pub(super) fn authorize(state: &mut State, issuer: &str, received: &Received) -> Reply {
    let client = match authenticate_form(&state.options, received) {
        Ok(client) => client,
        Err(reply) => return reply,
    };
    let device_code = canary();
    let letters: String = random_hex().to_uppercase().chars().take(8).collect();
    let (first, second) = letters.split_at(4);
    let user_code = format!("{first}-{second}");
    let device = Device {
        user_code: user_code.clone(),
        client_id: client.id,
        scope: granted_scope(&state.options, received.field("scope")),
        issued: Instant::now(),
        life: Duration::from_secs(state.options.device_code_ttl),
        interval: Duration::from_secs(state.options.device_interval),
        last_poll: None,
        decision: Decision::Open,
    };
    state.devices.0.insert(device_code.clone(), device);
    Reply::json(
        200,
        &json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": format!("{issuer}/device"),
            "verification_uri_complete": format!("{issuer}/device?user_code={user_code}"),
            "expires_in": state.options.device_code_ttl,
            "interval": state.options.device_interval,
        }),
    )
}

/// The page for a user code: the decision where the code is in the address, else a form to enter it.
pub(super) fn show(state: &State, received: &Received) -> Reply {
    let Some(code) = received.parameter("user_code") else {
        return Reply::page(
            200,
            "<h1>Enter the code</h1><form method=\"get\" action=\"/device\">\
             <label>Code <input name=\"user_code\"></label><button>Next</button></form>",
        );
    };
    let Some(device) = state
        .devices
        .0
        .values()
        .find(|device| device.user_code == code)
    else {
        return Reply::page(404, "<h1>Unknown code</h1>");
    };
    let page = format!(
        "<h1>Your device shows {code}?</h1><form method=\"post\" action=\"/device\">\
         <input type=\"hidden\" name=\"user_code\" value=\"{code}\">\
         <p>{} wants access to: {}</p>\
         <button type=\"submit\" name=\"decision\" value=\"approve\">Approve</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></form>",
        device.client_id, device.scope
    );
    Reply::page(200, &page)
}

/// Acts on the person's decision. Each code can be decided once.
pub(super) fn decide(state: &mut State, received: &Received) -> Reply {
    let code = received.field("user_code").unwrap_or_default();
    let mut devices = state.devices.0.values_mut();
    let Some(device) =
        devices.find(|device| device.user_code == code && device.decision == Decision::Open)
    else {
        return Reply::page(400, "<h1>This code is not waiting</h1>");
    };
    device.decision = match received.field("decision") {
        Some("approve") => Decision::Approved,
        _ => Decision::Denied,
    };
    Reply::page(200, "<h1>Go back to your device</h1>")
}

/// Answers a poll (section 3.5). The client has been authenticated.
pub(super) fn poll(state: &mut State, client: &Client, received: &Received) -> Reply {
    let polls = state.options.device_polls;
    let refused = |error: &str| {
        let status = if polls == DevicePolls::WithStatus200 {
            200
        } else {
            400
        };
        Reply::error(status, error, "as RFC 8628 has it")
    };
    let code = received.field("device_code").unwrap_or_default();
    let device = state.devices.0.get_mut(code);
    let Some(device) =
        device.filter(|device| device.client_id == client.id && device.decision != Decision::Spent)
    else {
        return refused("invalid_grant");
    };
    let since = device.last_poll.unwrap_or(device.issued).elapsed();
    device.last_poll = Some(Instant::now());
    if polls == DevicePolls::SlowDownOnce {
        state.options.device_polls = DevicePolls::Standard;
    }
    if polls == DevicePolls::Expired || device.issued.elapsed() > device.life {
        return refused("expired_token");
    }
    if since < device.interval || polls == DevicePolls::SlowDownOnce {
        device.interval += Duration::from_secs(5);
        return refused("slow_down");
    }
    match device.decision {
        Decision::Open => refused("authorization_pending"),
        Decision::Denied => refused("access_denied"),
        _ if polls == DevicePolls::Garbage => Reply::json(200, &json!({ "token": "none" })),
        _ => {
            device.decision = Decision::Spent;
            let (client_id, scope) = (device.client_id.clone(), device.scope.clone());
            let family = state.grants.new_family(&client_id, &scope);
            let refresh_token = state.grants.issue_refresh_token(family);
            tokens(state, family, Some(refresh_token))
        }
    }
}
