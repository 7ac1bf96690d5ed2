//! Where a definition sends people and credentials: every endpoint and host of it, as a person compares them.
//!
//! Parameters that have no default stay as they are written, `{site}`, because nobody knows yet where they lead.

use std::collections::BTreeMap;

use crate::definition::{Definition, Request};
use crate::host::HostPattern;
use crate::template::Template;

/// One place that a definition names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// What it is for: `host`, or the endpoint's name, such as `token`.
    pub role: &'static str,
    /// A host pattern, or an address.
    pub place: String,
}

impl Destination {
    /// The host, and the port where it is not the usual one; for an address without its scheme, path and query.
    #[must_use]
    pub fn authority(&self) -> &str {
        let place = self
            .place
            .split_once("://")
            .map_or(self.place.as_str(), |(_, rest)| rest);
        let end = place.find(['/', '?']).unwrap_or(place.len());
        &place[..end]
    }

    /// Whether `other` already covers the host of this one.
    fn is_covered_by(&self, other: &Self) -> bool {
        let (own, others) = (self.authority(), other.authority());
        own.eq_ignore_ascii_case(others)
            || HostPattern::parse(others).is_ok_and(|pattern| {
                HostPattern::parse(own)
                    .is_ok_and(|own| !own.is_wildcard() && pattern.covers(own.host(), own.port()))
            })
    }
}

impl Definition {
    /// Every place that gets a person, a code, a client secret or a credential, in the order in which a login meets them; the
    /// hosts come last. The issuer's metadata may name more.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        // Where defaults are enough, the addresses are those that will be used.
        let shown = |template: &Template| {
            let default = |name: &str| self.params.get(name)?.default.as_deref();
            template.substitute(default).as_str().to_owned()
        };
        let mut all = Vec::new();
        let mut add = |role, place: Option<String>| {
            all.extend(place.map(|place| Destination { role, place }));
        };
        if let Some(oauth) = &self.oauth {
            for (role, template) in [
                ("issuer", &oauth.issuer),
                ("registration", &oauth.registration_url),
                ("authorization", &oauth.authorization_url),
                ("device", &oauth.device_authorization_url),
                ("token", &oauth.token_url),
            ] {
                add(role, template.as_ref().map(shown));
            }
            let url = |request: &Option<Request>| request.as_ref()?.url.as_ref().map(shown);
            add("upgrade", url(&oauth.upgrade));
            add("refresh", url(&oauth.refresh));
            add(
                "revocation",
                oauth
                    .revocation
                    .as_ref()
                    .map(|revocation| shown(&revocation.url)),
            );
        }
        let exchange = self.api_key.as_ref().and_then(|key| key.exchange.as_ref());
        add("exchange", exchange.map(|exchange| shown(&exchange.url)));
        let bound = self.bind(&BTreeMap::new()).ok();
        for host in bound.iter().flat_map(|provider| &provider.hosts) {
            add("host", Some(host.pattern.to_string()));
        }
        // A host that only the login will find out is one all the same.
        let has_default = |name: &str| {
            let param = self.params.get(name);
            param.is_some_and(|param| param.default.is_some())
        };
        for rule in &self.hosts {
            if bound.is_none() || !rule.pattern.variables().all(has_default) {
                add("host", Some(shown(&rule.pattern)));
            }
        }
        all
    }

    /// Those of its places whose host is none of `other`'s: what somebody who knew `other` has to look at.
    #[must_use]
    pub fn destinations_beyond(&self, other: &Self) -> Vec<Destination> {
        let known = other.destinations();
        let mut new = self.destinations();
        new.retain(|own| !known.iter().any(|known| own.is_covered_by(known)));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(hosts: &str, more: &str) -> Definition {
        let text = format!(
            r#"{{"schema_version": 2, "name": "a", "display_name": "A", "flows": ["authorization_code"], "hosts": {hosts},
                "oauth": {{"authorization_url": "https://login.a.example/auth", "token_url": "https://login.a.example/token?x=1"}} {more}}}"#
        );
        Definition::from_json("a.json", &text).unwrap()
    }

    fn shown(all: &[Destination]) -> Vec<String> {
        all.iter()
            .map(|each| format!("{} {}", each.role, each.place))
            .collect()
    }

    #[test]
    fn every_place_is_there_once_for_each_role() {
        let plain = definition(r#"["api.a.example", "*.files.a.example/v1/"]"#, "");
        assert_eq!(
            shown(&plain.destinations()),
            [
                "authorization https://login.a.example/auth",
                "token https://login.a.example/token?x=1",
                "host api.a.example",
                "host *.files.a.example/v1/",
            ]
        );
        let site = r#", "params": {"site": {}, "base": {"default": "https://b.example"}}"#;
        let open = definition(r#"["{site}.a.example", "{base}"]"#, site);
        let places = shown(&open.destinations());
        assert_eq!(
            places[2..],
            ["host {site}.a.example", "host https://b.example"]
        );
    }

    #[test]
    fn a_host_that_the_login_finds_out_is_named_as_it_is_written() {
        let params = r#", "params": {"base": {"from": "token:/base", "pattern": "[a-z]+"}, "site": {"optional": true}}"#;
        let found_out = definition(
            r#"["api.a.example", "{base}.a.example", "{site}.b.example"]"#,
            params,
        );
        assert!(found_out.bind(&BTreeMap::new()).is_ok());
        let places = shown(&found_out.destinations());
        let hosts = [
            "host api.a.example",
            "host {base}.a.example",
            "host {site}.b.example",
        ];
        assert_eq!(places[2..], hosts);
    }

    #[test]
    fn what_is_new_is_what_no_host_covers() {
        let known = definition(r#"["api.a.example", "*.files.a.example"]"#, "");
        for (hosts, new) in [
            (r#"["api.a.example/v2/"]"#, &[][..]),
            (r#"["x.files.a.example"]"#, &[]),
            (
                r#"["api.a.example", "api.evil.example"]"#,
                &["host api.evil.example"],
            ),
            (r#"["*.a.example"]"#, &["host *.a.example"]),
            (r#"["api.a.example:8443"]"#, &["host api.a.example:8443"]),
        ] {
            let own = definition(hosts, "");
            assert_eq!(shown(&own.destinations_beyond(&known)), new, "{hosts}");
        }
    }
}
