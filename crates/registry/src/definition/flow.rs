//! The ways to obtain a credential, and what a definition must say for each.

use super::word::words;
use super::{ApiKey, OAuth};
use crate::reader::Fields;

words! {
    /// A way to obtain a credential.
    pub enum Flow {
        /// The browser, a redirect and a code (RFC 6749 section 4.1, RFC 7636).
        AuthorizationCode = "authorization_code",
        /// A code typed on another device (RFC 8628).
        DeviceCode = "device_code",
        /// The client's own credential, without a user (RFC 6749 section 4.4).
        ClientCredentials = "client_credentials",
        /// A key made in the service's console.
        ApiKey = "api_key",
        /// Cookies of a browser session.
        Browser = "browser",
    }
}

/// Checks that each flow finds the sections it needs.
pub(super) fn check(
    fields: &Fields<'_>,
    flows: &[Flow],
    oauth: Option<&OAuth>,
    api_key: Option<&ApiKey>,
) {
    if flows.is_empty() {
        fields.fault("flows", "must name at least one flow");
    }
    for (at, flow) in flows.iter().enumerate() {
        if flows[..at].contains(flow) {
            fields.fault(
                &format!("flows[{at}]"),
                format!("`{flow}` is there already"),
            );
            continue;
        }
        let missing = match (flow, oauth) {
            (Flow::Browser, _) => {
                fields.fault(
                    &format!("flows[{at}]"),
                    "`browser` is not supported by this version",
                );
                continue;
            }
            (Flow::ApiKey, _) if api_key.is_none() => Some("api_key"),
            (Flow::ApiKey, _) => None,
            (_, None) => Some("oauth"),
            // An issuer's metadata (RFC 8414) supplies whatever the definition leaves out.
            (_, Some(oauth)) if oauth.issuer.is_some() => None,
            (Flow::AuthorizationCode, Some(oauth)) if oauth.authorization_url.is_none() => {
                Some("oauth.authorization_url")
            }
            (Flow::DeviceCode, Some(oauth)) if oauth.device_authorization_url.is_none() => {
                Some("oauth.device_authorization_url")
            }
            (_, Some(oauth)) if oauth.token_url.is_none() => Some("oauth.token_url"),
            (_, Some(_)) => None,
        };
        if let Some(missing) = missing {
            fields.fault(
                missing,
                format!("is missing, and the flow `{flow}` needs it"),
            );
        }
    }
}
