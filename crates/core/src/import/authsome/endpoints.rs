//! Where authsome sent what it kept: to the token endpoint and the host of its own definition of that name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

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

/// Those that came with version 0.7, and have another one there or were not there before.
const DAEMON: [(&str, &str); 6] = [
    ("linear", "https://api.linear.app/oauth/token"),
    ("notion-mcp", "https://mcp.notion.com/token"),
    ("reddit", "https://www.reddit.com/api/v1/access_token"),
    ("todoist", "https://api.todoist.com/oauth/access_token"),
    ("zoom", "https://zoom.us/oauth/token"),
    ("confluence", "https://auth.atlassian.com/oauth/token"),
];

/// Whole families of version 0.7 that share the endpoint of one of the above.
const FAMILIES: [(&str, &str); 3] = [
    ("google-", "google"),
    ("microsoft-", "microsoft"),
    ("jira", "atlassian"),
];

/// Whose definitions came with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// 0.2, which keeps profiles.
    Profiles,
    /// 0.7, which keeps a daemon's vault.
    Daemon,
}

impl Release {
    fn token_endpoint(self, provider: &str) -> Option<&'static str> {
        let of = |table: &[(&str, &'static str)], name: &str| {
            let row = table.iter().find(|(known, _)| *known == name);
            row.map(|(_, endpoint)| *endpoint)
        };
        if self == Self::Profiles {
            return of(&BUNDLED, provider);
        }
        let family = FAMILIES
            .iter()
            .find(|(prefix, _)| provider.starts_with(prefix));
        let name = family.map_or(provider, |(_, parent)| parent);
        of(&DAEMON, name).or_else(|| of(&BUNDLED, name))
    }
}

/// The base URLs of those whose endpoints have one.
const BASES: [(&str, &str); 1] = [("github", "https://github.com")];

/// What is known of authsome's definitions: its own, and those of the user, which took their places.
#[derive(Debug)]
pub(super) struct Endpoints {
    release: Release,
    custom: BTreeMap<String, Custom>,
}

/// The part of a definition that says where secrets go.
#[derive(Debug, Deserialize)]
struct Custom {
    #[serde(default)]
    oauth: Option<OAuth>,
    #[serde(default)]
    host_url: Option<String>,
    /// The same in the words of version 0.7, which may name several.
    #[serde(default)]
    api_url: Value,
}

impl Custom {
    /// A regular expression is no host that could be looked up; its definition is converted, or it is not.
    fn host(&self) -> Option<&str> {
        let listed = self.api_url.as_array().into_iter().flatten();
        let named = listed.chain(Some(&self.api_url)).filter_map(Value::as_str);
        let mut named = self.host_url.as_deref().into_iter().chain(named);
        named.find(|host| !host.starts_with("regex:"))
    }
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
    pub(super) fn new(release: Release, texts: BTreeMap<String, String>) -> Self {
        let read = |text: String| {
            serde_json::from_str(&text).unwrap_or(Custom {
                oauth: None,
                host_url: None,
                api_url: Value::Null,
            })
        };
        Self {
            release,
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
            let host = custom.host();
            return SentTo {
                token_endpoint: token
                    .map_or(Endpoint::Unknown, |url| Endpoint::At(filled(url, base))),
                host: host.map(|host| filled(host, base)),
            };
        }
        let usual = BASES.iter().find(|(name, _)| *name == provider);
        let base = base_url.or(usual.map(|(_, base)| *base));
        SentTo {
            token_endpoint: (self.release.token_endpoint(provider))
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
        let endpoints = Endpoints::new(Release::Profiles, custom.into_iter().collect());
        let own = endpoints.of("github", None);
        assert_eq!(
            own.token_endpoint,
            Endpoint::At("https://a.example/t".to_owned())
        );
        assert_eq!(own.host.as_deref(), Some("api.a.example"));
        assert_eq!(endpoints.of("odd", None).token_endpoint, Endpoint::Unknown);
        let bundled = Endpoints::new(Release::Profiles, BTreeMap::new());
        let of = |base| bundled.of("github", base).token_endpoint;
        let at = |host: &str| Endpoint::At(format!("https://{host}/login/oauth/access_token"));
        assert_eq!(of(None), at("github.com"));
        assert_eq!(of(Some("https://ghe.example/")), at("ghe.example"));
        assert_eq!(
            bundled.of("google-docs", None).token_endpoint,
            Endpoint::Unknown
        );
        let daemon = Endpoints::new(Release::Daemon, BTreeMap::new());
        let google = Endpoint::At("https://oauth2.googleapis.com/token".to_owned());
        assert_eq!(daemon.of("google-docs", None).token_endpoint, google);
        assert_ne!(
            daemon.of("linear", None).token_endpoint,
            bundled.of("linear", None).token_endpoint
        );
    }
}
