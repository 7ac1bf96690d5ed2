//! A protected resource beside the server, such as an MCP server (RFC 9728), and tokens that are for it alone (RFC 8707).

use serde_json::json;

use super::state::State;
use crate::message::{Received, Reply};

/// What the resource, or its rule for tokens, answers; `None` leaves the request to the server itself.
pub(super) fn answer(state: &State, issuer: &str, received: &Received) -> Option<Reply> {
    let path = state.options.resource.as_deref()?;
    let resource = format!("{issuer}{path}");
    let place = format!("/.well-known/oauth-protected-resource{path}");
    let invalid_target = "a token has to be for the resource";
    match (received.method.as_str(), received.path.as_str()) {
        ("GET", found) if found == place => Some(Reply::json(
            200,
            &json!({
                "resource": resource,
                "authorization_servers": [issuer],
                "scopes_supported": state.options.scopes,
            }),
        )),
        (_, found) if found == path => Some(match received.bearer() {
            Some(token) if state.grants.is_active_access_token(token) => {
                Reply::json(200, &json!({ "jsonrpc": "2.0" }))
            }
            _ => Reply::error(401, "unauthorized", "a bearer token is needed").with_header(
                "www-authenticate",
                &format!("Bearer resource_metadata=\"{issuer}{place}\""),
            ),
        }),
        ("GET", "/authorize") if received.parameter("resource") != Some(&resource) => {
            Some(Reply::page(400, "<h1>No such resource</h1>"))
        }
        ("POST", "/token" | "/device_authorization")
            if received.field("resource") != Some(&resource) =>
        {
            Some(Reply::error(400, "invalid_target", invalid_target))
        }
        _ => None,
    }
}
