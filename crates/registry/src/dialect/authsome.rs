//! authsome's definitions, schema version 1: JSON as its version 0.2 wrote it, with comments as 0.7 does.
//!
//! The translation keeps what such a file means there: the same hosts or fewer, the same endpoints, the same header, the
//! same variables. Its limits are said in warnings: a regular expression for hosts becomes patterns, refresh tokens are
//! handed to nobody, and cookies are entered rather than taken out of a browser.

mod browser;
mod environment;
mod hosts;
mod section;

use serde_json::{Map, Value, json};

use self::section::{Log, Section};
use super::Warning;
use crate::address::Locality;
use crate::definition::compile;
use crate::document;
use crate::endpoint;
use crate::error::DefinitionError;

/// What the tool is called.
pub(super) const TOOL: &str = "authsome";

/// Where what has no equivalent is kept.
const REST: &str = "x-authsome";

/// Translates a definition of authsome's into one of schema version 2, and says what is different there. `file` is only used in
/// messages. The result has still to be read: see [`crate::Registry::check`].
///
/// # Errors
/// [`DefinitionError`] holds every fault of the original.
pub fn convert(file: &str, text: &str) -> Result<(Value, Vec<Warning>), DefinitionError> {
    let map = document::parse(file, &super::comments::blanked(text))?;
    let (map, warnings) = translated(file, map)?;
    Ok((Value::Object(map), warnings))
}

/// Whether a document is a definition of authsome's: it has the version, and a field that no version of ours had.
pub(super) fn is_spoken(map: &Map<String, Value>) -> bool {
    map.get("schema_version").and_then(Value::as_u64) == Some(1) && map.contains_key("auth_type")
}

/// As [`convert`], of a document that is parsed.
pub(super) fn translated(
    file: &str,
    map: Map<String, Value>,
) -> Result<(Map<String, Value>, Vec<Warning>), DefinitionError> {
    let mut log = Log::default();
    let definition = Translation::new(map, &mut log).run(&mut log);
    if log.faults.is_empty() {
        Ok((definition, log.warnings))
    } else {
        Err(DefinitionError::of(file, log.faults))
    }
}

/// How one logs in there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Pkce,
    RegisteredPkce,
    DeviceCode,
    ApiKey,
    Browser,
}

/// A definition that is being translated.
struct Translation {
    root: Section,
    oauth: Section,
    out: Map<String, Value>,
    /// The name in variables, such as `GOOGLE_ADMIN`.
    prefix: String,
    /// The default of the parameter `base_url`.
    base_url: Option<String>,
    /// Whether something mentions it.
    has_base_url: bool,
    /// The first address of the API.
    api_url: Option<String>,
}

impl Translation {
    fn new(map: Map<String, Value>, log: &mut Log) -> Self {
        let mut root = Section::new("", map);
        let oauth = root.section("oauth", log);
        let name = root.peek("name").unwrap_or_default();
        let api_url = root.peek("api_url").map(str::to_owned);
        Self {
            prefix: environment::prefix(name),
            root,
            oauth,
            out: Map::new(),
            base_url: None,
            has_base_url: false,
            api_url,
        }
    }

    fn run(mut self, log: &mut Log) -> Map<String, Value> {
        self.root.drop("schema_version");
        self.set("schema_version", json!(2));
        for key in ["name", "display_name"] {
            match self.root.text(key, log) {
                Some(text) => self.set(key, json!(text)),
                None => log.fault(key, "is missing"),
            }
        }
        if let Some(kind) = self.root.text("type", log) {
            let category = match kind.as_str() {
                "app" => "other",
                other => other,
            };
            self.set("category", json!(category));
        }
        if let Some(description) = self.root.text("description", log) {
            self.set("notes", json!(description));
        }
        self.docs(log);
        let way = self.way(log);
        self.base_url = self.oauth.text("base_url", log);
        match way {
            Some(Way::ApiKey) => self.api_key(log),
            Some(Way::Browser) => browser::translate(&mut self, log),
            Some(way) => self.oauth(way, log),
            None => {}
        }
        self.hosts(log);
        if way != Some(Way::Browser) {
            environment::translate(&mut self, way, log);
        }
        if self.has_base_url {
            let default = self.base_url.take();
            self.set(
                "params",
                json!({ "base_url": { "label": "Base URL", "default": default } }),
            );
        }
        self.keep_the_rest();
        self.out
    }

    fn set(&mut self, key: &str, value: Value) {
        self.out.insert(key.to_owned(), value);
    }

    /// The way to log in; `auth_type` and `flow` have to agree.
    fn way(&mut self, log: &mut Log) -> Option<Way> {
        let kind = self.root.text("auth_type", log)?;
        let Some(flow) = self.root.text("flow", log) else {
            log.fault("flow", "is missing");
            return None;
        };
        let way = match (kind.as_str(), flow.as_str()) {
            ("oauth2", "pkce") => Way::Pkce,
            ("oauth2", "dcr_pkce") => Way::RegisteredPkce,
            ("oauth2", "device_code") => Way::DeviceCode,
            ("api_key", "api_key") => Way::ApiKey,
            ("browser", "browser") => Way::Browser,
            _ => {
                log.fault("flow", "does not go with `auth_type`");
                return None;
            }
        };
        Some(way)
    }

    fn docs(&mut self, log: &mut Log) {
        for key in ["docs", "docs_url"] {
            let Some(link) = self.root.text(key, log) else {
                continue;
            };
            let page = link.split_once('#').map_or(link.as_str(), |(page, _)| page);
            match endpoint::check(page, Locality::Public) {
                Ok(_) => self.set("docs", json!(link)),
                Err(why) => log.warn(key, format!("was left out: it {why}")),
            }
        }
    }

    /// A text in which `{base_url}` alone is a variable, as a template of ours.
    fn template(&mut self, text: &str) -> String {
        let mentioned = text.contains("{base_url}");
        self.has_base_url |= mentioned;
        literal(text).replace("{{base_url}}", "{base_url}")
    }

    fn api_key(&mut self, log: &mut Log) {
        let mut key = self.root.section("api_key", log);
        let header = key.text("header_name", log);
        let header = header.unwrap_or_else(|| "Authorization".to_owned());
        let value = match key.text_or_none("header_prefix", log) {
            None => "Bearer {token}".to_owned(),
            Some(None) => "{token}".to_owned(),
            Some(Some(prefix)) => format!("{} {{token}}", literal(&prefix)),
        };
        let mut field = json!({ "name": "token" });
        if let Some(pattern) = key.text("key_pattern", log) {
            // There the whole key has to match.
            let whole = match pattern.starts_with('^') && pattern.ends_with('$') {
                true if !pattern.contains('|') => pattern,
                _ => format!("^(?:{pattern})$"),
            };
            match compile(&whole) {
                Ok(_) => field["pattern"] = json!(whole),
                Err(why) => log.warn("api_key.key_pattern", format!("was left out: it {why}")),
            }
        }
        if let Some(hint) = key.text("key_pattern_hint", log) {
            field["hint"] = json!(hint);
        }
        let mut section = json!({ "headers": { header: value } });
        // A key that has nothing to say about itself is the default one.
        if field.as_object().is_some_and(|field| field.len() > 1) {
            section["fields"] = json!([field]);
        }
        self.set("flows", json!(["api_key"]));
        self.set("api_key", section);
        self.root.put_back(key);
    }

    fn oauth(&mut self, way: Way, log: &mut Log) {
        let mut out = Map::new();
        let mut flows = vec![match way {
            Way::DeviceCode => "device_code",
            _ => "authorization_code",
        }];
        let mut urls = Map::new();
        for key in [
            "authorization_url",
            "token_url",
            "revocation_url",
            "device_authorization_url",
        ] {
            if let Some(url) = self.oauth.text(key, log) {
                urls.insert(key.to_owned(), json!(self.template(&url)));
            }
        }
        for key in ["authorization_url", "token_url"] {
            if !urls.contains_key(key) {
                log.fault(&format!("oauth.{key}"), "is missing");
            }
        }
        let device = ["supports_device_flow", "supports_device_code"]
            .map(|key| self.oauth.flag(key, log) == Some(true));
        let has_device = urls.contains_key("device_authorization_url");
        if way == Way::DeviceCode && !has_device {
            log.fault("oauth.device_authorization_url", "is missing");
        }
        if way != Way::DeviceCode && device.contains(&true) && has_device {
            flows.push("device_code");
        }
        self.registration(way, &mut urls, log);
        out.extend(urls);
        if let Some(scopes) = self.oauth.take("scopes") {
            out.insert("scopes".to_owned(), scopes);
        }
        if let Some(params) = self.oauth.take("authorization_params") {
            out.insert("authorization_params".to_owned(), escaped(params));
        }
        match self.oauth.text("authorization_method", log).as_deref() {
            None | Some("body") => {}
            Some("basic") => {
                out.insert("client_auth".to_owned(), json!("basic"));
            }
            Some(_) => log.fault("oauth.authorization_method", "must be `body` or `basic`"),
        }
        // Its clients may do without a secret wherever PKCE stands in for it.
        let pkce = self.oauth.flag("pkce", log).unwrap_or(true);
        if !pkce {
            out.insert("pkce".to_owned(), json!(false));
        } else {
            out.insert("public_client".to_owned(), json!(true));
        }
        if way == Way::Pkce {
            // Its address is always the same, so that is all that can be said of what the service accepts.
            out.insert("redirect".to_owned(), json!("exact"));
            log.warn(
                "flow",
                "the app at the service has to allow another redirect address than before; `inspect` shows it",
            );
        }
        match self.oauth.text("device_token_request", log).as_deref() {
            None | Some("oauth2_form") => {}
            Some("json") => {
                out.insert("device".to_owned(), json!({ "request": "json" }));
                out.insert("token_format".to_owned(), json!("json"));
            }
            Some(_) => log.fault(
                "oauth.device_token_request",
                "must be `oauth2_form` or `json`",
            ),
        }
        self.set("flows", json!(flows));
        self.set("oauth", Value::Object(out));
    }

    /// Where a client registers itself. Without an endpoint of its own the issuer's metadata names one.
    fn registration(&mut self, way: Way, urls: &mut Map<String, Value>, log: &mut Log) {
        let mut section = self.root.section("registration", log);
        let here = section.text("registration_endpoint", log);
        self.root.put_back(section);
        let there = self.oauth.text("registration_endpoint", log);
        let supported = self.oauth.flag("supports_dcr", log) == Some(true);
        let endpoint = here.or(there);
        match endpoint {
            Some(url) if supported || way == Way::RegisteredPkce => {
                let url = self.template(&url);
                urls.insert("registration_url".to_owned(), json!(url));
            }
            Some(_) => log.warn(
                "registration.registration_endpoint",
                "was left out, as `supports_dcr` is not true",
            ),
            None if way == Way::RegisteredPkce => {
                let origin = urls.get("authorization_url").and_then(Value::as_str);
                let origin = origin.and_then(origin_of).map(str::to_owned);
                if let Some(origin) = origin {
                    log.warn(
                        "oauth.token_url",
                        format!(
                            "the metadata of {origin} names it at login, along with the address where clients register"
                        ),
                    );
                    urls.remove("token_url");
                    urls.insert("issuer".to_owned(), json!(origin));
                }
            }
            None => {}
        }
    }

    fn hosts(&mut self, log: &mut Log) {
        let mut rules = Vec::new();
        for key in ["host_url", "api_url"] {
            for (field, target) in self.root.texts(key, log) {
                hosts::translate(self, &field, &target, &mut rules, log);
            }
        }
        if rules.is_empty() && log.faults.is_empty() {
            log.fault(
                "api_url",
                "is missing: name the host that the credential is for",
            );
        }
        // Another base URL means another instance, and its credential is not for these hosts.
        if self.has_base_url && self.base_url.is_some() {
            for rule in &mut rules {
                if let Some(host) = rule.as_str().filter(|host| !host.contains("{base_url}")) {
                    *rule = json!({ "host": host, "if_default": "base_url" });
                }
            }
        }
        self.set("hosts", Value::Array(rules));
    }

    /// Keeps what was not asked for. Keys that begin with `_` are comments.
    fn keep_the_rest(&mut self) {
        let oauth = std::mem::take(&mut self.oauth);
        self.root.put_back(oauth);
        let rest = self.root.rest();
        if !rest.is_empty() {
            self.set(REST, Value::Object(rest));
        }
    }
}

/// A text without variables, as a template.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// The same for every text in an object.
fn escaped(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        for text in map.values_mut() {
            if let Value::String(text) = text {
                *text = literal(text);
            }
        }
    }
    value
}

/// The scheme and authority of an address.
fn origin_of(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    Some(&url[..end])
}

#[cfg(test)]
mod tests;
