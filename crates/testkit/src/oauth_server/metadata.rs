//! Authorization server metadata (RFC 8414).

use serde_json::{Value, json};

use super::options::{Pkce, ServerOptions};

pub(super) fn metadata(issuer: &str, options: &ServerOptions) -> Value {
    let challenge_methods = match options.pkce {
        Pkce::S256Required | Pkce::Unchecked => ["S256"],
        Pkce::PlainOnly => ["plain"],
    };
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "device_authorization_endpoint": format!("{issuer}/device_authorization"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "scopes_supported": options.scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code"],
        "code_challenge_methods_supported": challenge_methods,
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
    });
    if let Some(advertised) = options.issuer_param_advertised {
        document["authorization_response_iss_parameter_supported"] = advertised.into();
    }
    if options.registration {
        document["registration_endpoint"] = format!("{issuer}/register").into();
    }
    document
}
