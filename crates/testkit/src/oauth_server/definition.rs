//! The provider definition that makes this server known to the product.

use serde_json::{Value, json};

use super::options::{ClientAuth, ServerOptions};

pub(super) fn definition(url: &str, name: &str, options: &ServerOptions) -> Value {
    let auth = options
        .clients
        .first()
        .map_or(ClientAuth::None, |client| client.auth);
    let client_auth = match auth {
        ClientAuth::Basic => "basic",
        ClientAuth::Post => "body",
        ClientAuth::None => "none",
    };
    let variable = name
        .to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let host = url.trim_start_matches("http://");
    let mut flows = vec!["authorization_code"];
    flows.extend(options.client_grant.iter().map(|_| "client_credentials"));
    let mut definition = json!({
        "schema_version": 2,
        "name": name,
        "display_name": format!("Test provider {name}"),
        "local": true,
        "flows": flows,
        "hosts": [host],
        "oauth": {
            "issuer": url,
            "authorization_url": format!("{url}/authorize"),
            "token_url": format!("{url}/token"),
            "revocation_url": format!("{url}/revoke"),
            "scopes": options.scopes,
            "pkce": true,
            "public_client": auth == ClientAuth::None,
            "client_auth": client_auth,
            "client_env": {
                "client_id": format!("{variable}_CLIENT_ID"),
                "client_secret": format!("{variable}_CLIENT_SECRET"),
            },
        },
        "env": { format!("{variable}_ACCESS_TOKEN"): "{token}" },
        "whoami": { "url": format!("{url}/api/me"), "label": ["/login"] },
    });
    if options.registration {
        definition["oauth"]["registration_url"] = format!("{url}/register").into();
    }
    definition
}
