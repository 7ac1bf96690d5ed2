//! The places a credential may ever be sent, fixed at login inside the sealed record.
//!
//! A definition is a file that other programs can edit. Were the token endpoint read from it anew at each
//! refresh, an edit could send the refresh token anywhere. So the origins are pinned when a person logs
//! in, and what is not pinned gets nothing: the person logs in again, and sees where to.

use std::collections::BTreeMap;

use authkeep_registry::Provider;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// Origins and host patterns, as text, as they were at login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pinned {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revocation: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hosts: Vec<String>,
    /// What a newer version pins besides; it survives a rewrite.
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

impl Pinned {
    pub(crate) fn to(provider: &Provider) -> Self {
        let oauth = provider.oauth.as_ref();
        Self {
            token: oauth.and_then(|oauth| oauth.token_url.as_ref()).map(origin),
            revocation: oauth
                .and_then(|oauth| oauth.revocation.as_ref())
                .and_then(|revocation| revocation.origin()),
            hosts: provider
                .hosts
                .iter()
                .map(|host| host.pattern.to_string())
                .collect(),
            unknown: BTreeMap::new(),
        }
    }

    pub(crate) fn admits_token_endpoint(&self, url: &Url) -> bool {
        self.token.as_deref() == Some(origin(url).as_str())
    }

    pub(crate) fn admits_revocation(&self, url: &Url) -> bool {
        self.revocation.as_deref() == Some(origin(url).as_str())
    }

    /// Whether a client secret that was entered for these places may be sent to `url`.
    pub(crate) fn admits_client_secret(&self, url: &Url) -> bool {
        self.admits_token_endpoint(url) || self.admits_revocation(url)
    }
}

/// Scheme, host and port as text, such as `https://api.example.com`.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
