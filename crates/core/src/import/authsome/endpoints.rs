//! Where authsome sent what it kept: to the token endpoint and the host of its own definition of that name.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{Endpoint, SentTo};

/// The token endpoints of the OAuth providers that came with authsome 0.2.
const BUNDLED: [(&str, &str); 13] = [
    ("atlassian", "https://auth.atlassian.com/oauth/token"),
    ("discord", "https://discord.com/api/oauth2/token"),
    ("github", "{base_url}/login/oauth/access_token"),
    ("gitlab", "https://gitlab.com/oauth/token"),
    ("google", "https://oauth2.googleapis.com/token"),
    ("hubspot", "https://api.hubapi.com/oauth/v1/token"),
    ("klaviyo-oauth", "https://a.klaviyo.com/oauth/token"),
    ("linear", "https://mcp.linear.app/token"),
    (
        "microsoft",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    ),
    ("notion", "https://api.notion.com/v1/oauth/token"),
    ("postiz", "https://cli-auth.postiz.com/device/token"),
    ("slack", "https://slack.com/api/oauth.v2.access"),
    ("x", "https://api.twitter.com/2/oauth2/token"),
];

/// The base URLs of those whose endpoints have one.
const BASES: [(&str, &str); 1] = [("github", "https://github.com")];

/// What is known of authsome's definitions: its own, and those of the user, which took their places.
#[derive(Debug)]
pub(super) struct Endpoints {
    custom: BTreeMap<String, Custom>,
}

/// The part of a definition that says where secrets go.
#[derive(Debug, Deserialize)]
struct Custom {
    #[serde(default)]
    oauth: Option<OAuth>,
    #[serde(default)]
    host_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OAuth {
    #[serde(default)]
    token_url: Option<String>,
    #[serde(default)]
    base_url: Option<String>,
}

impl Endpoints {
    /// `texts` are the user's own definitions, by name. One that cannot be read says nothing of where secrets went.
    pub(super) fn new(texts: BTreeMap<String, String>) -> Self {
        let read = |text: String| {
            serde_json::from_str(&text).unwrap_or(Custom {
                oauth: None,
                host_url: None,
            })
        };
        Self {
            custom: texts
                .into_iter()
                .map(|(name, text)| (name, read(text)))
                .collect(),
        }
    }

    /// Where the secrets of `provider` went, if it was used at `base_url`.
    pub(super) fn of(&self, provider: &str, base_url: Option<&str>) -> SentTo {
        if let Some(custom) = self.custom.get(provider) {
            let oauth = custom.oauth.as_ref();
            let base = base_url.or(oauth.and_then(|oauth| oauth.base_url.as_deref()));
            let token = oauth.and_then(|oauth| oauth.token_url.as_deref());
            // A regular expression is no host that could be looked up; its definition is converted, or it is not.
            let host = custom
                .host_url
                .as_deref()
                .filter(|host| !host.starts_with("regex:"));
            return SentTo {
                token_endpoint: token
                    .map_or(Endpoint::Unknown, |url| Endpoint::At(filled(url, base))),
                host: host.map(|host| filled(host, base)),
            };
        }
        let of = |table: &[(&str, &'static str)]| {
            let row = table.iter().find(|(name, _)| *name == provider);
            row.map(|(_, value)| *value)
        };
        let base = base_url.or(of(&BASES));
        SentTo {
            token_endpoint: of(&BUNDLED)
                .map_or(Endpoint::Unknown, |url| Endpoint::At(filled(url, base))),
            host: None,
        }
    }
}

fn filled(template: &str, base: Option<&str>) -> String {
    match base {
        Some(base) => template.replace("{base_url}", base.trim_end_matches('/')),
        None => template.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_definition_says_where_it_went() {
        let custom = r#"{"oauth": {"token_url": "{base_url}/t", "base_url": "https://a.example"}, "host_url": "api.a.example"}"#;
        let custom = [("github", custom), ("odd", "no JSON")];
        let custom = custom.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let endpoints = Endpoints::new(custom.into_iter().collect());
        let own = endpoints.of("github", None);
        assert_eq!(
            own.token_endpoint,
            Endpoint::At("https://a.example/t".to_owned())
        );
        assert_eq!(own.host.as_deref(), Some("api.a.example"));
        assert_eq!(endpoints.of("odd", None).token_endpoint, Endpoint::Unknown);
        let bundled = Endpoints::new(BTreeMap::new());
        let of = |base| bundled.of("github", base).token_endpoint;
        let at = |host: &str| Endpoint::At(format!("https://{host}/login/oauth/access_token"));
        assert_eq!(of(None), at("github.com"));
        assert_eq!(of(Some("https://ghe.example/")), at("ghe.example"));
    }
}
