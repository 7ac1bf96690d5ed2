//! The provider definition that makes the provider known to the product.

use serde_json::{Value, json};

use super::OidcProvider;

/// A client registered with the provider: the first three for the authorization code flow, with the redirect URI that
/// the product shows for it and any loopback port, the others for the device code flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OidcClient {
    /// No secret.
    PublicNative,
    /// Secret in the `Authorization` header. It has characters that must be form-encoded first.
    ConfBasic,
    /// Secret in the form.
    ConfPost,
    /// A device without a secret.
    DevicePublic,
    /// A device with a secret, in the `Authorization` header.
    DeviceConf,
}

impl OidcClient {
    /// The client identifier.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::PublicNative => "public-native",
            Self::ConfBasic => "conf-basic",
            Self::ConfPost => "conf-post",
            Self::DevicePublic => "device-public",
            Self::DeviceConf => "device-conf",
        }
    }

    /// The secret, where there is one.
    #[must_use]
    pub fn secret(self) -> Option<&'static str> {
        match self {
            Self::PublicNative | Self::DevicePublic => None,
            Self::DeviceConf => Some("device-secret-0123456789abcdef"),
            Self::ConfBasic => Some("s3cr:et/+ %&=~"),
            Self::ConfPost => Some("post-secret-0123456789abcdef"),
        }
    }

    fn flow(self) -> &'static str {
        match self {
            Self::DevicePublic | Self::DeviceConf => "device_code",
            _ => "authorization_code",
        }
    }

    /// The word of the definition schema for how it authenticates.
    fn auth(self) -> &'static str {
        match self {
            Self::PublicNative | Self::DevicePublic => "none",
            Self::ConfBasic | Self::DeviceConf => "basic",
            Self::ConfPost => "body",
        }
    }
}

pub(super) fn definition(provider: &OidcProvider, name: &str, client: OidcClient) -> Value {
    let issuer = provider.issuer();
    let variable = name
        .to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    json!({
        "schema_version": 2,
        "name": name,
        "display_name": format!("OpenID provider {name}"),
        "local": true,
        "flows": [client.flow()],
        "hosts": [issuer.trim_start_matches("http://")],
        "oauth": {
            "issuer": issuer,
            "authorization_url": provider.endpoint("authorization_endpoint"),
            "device_authorization_url": provider.endpoint("device_authorization_endpoint"),
            "token_url": provider.endpoint("token_endpoint"),
            "revocation_url": provider.endpoint("revocation_endpoint"),
            "scopes": ["openid", "profile", "email"],
            "pkce": true,
            "public_client": client.secret().is_none(),
            "client_auth": client.auth(),
            "client_env": {
                "client_id": format!("{variable}_CLIENT_ID"),
                "client_secret": format!("{variable}_CLIENT_SECRET"),
            },
        },
        "env": { format!("{variable}_ACCESS_TOKEN"): "{token}" },
        "whoami": { "url": format!("{issuer}/api/me"), "label": ["/sub"] },
    })
}
