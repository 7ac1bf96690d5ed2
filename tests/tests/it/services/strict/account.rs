//! Somebody's account at a service: what the service gave out and what it has seen of it.

use std::collections::{BTreeMap, BTreeSet};

use authkeep_testkit::canary::canary;
use serde_json::Value;
use url::Url;

/// One login to one service, by one flow.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) provider: String,
    pub(crate) flow: String,
    /// What is documented of the service.
    pub(crate) facts: Value,
    /// What else is typed to log in.
    pub(crate) more: Vec<String>,
    pub(crate) client_id: String,
    /// Empty for a public client.
    pub(crate) client_secret: String,
    /// The parts of the API key.
    pub(crate) fields: BTreeMap<String, String>,
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) code: Option<Code>,
    pub(super) device_code: String,
    /// The person has not agreed on the other device.
    pub(super) pending: bool,
    /// All that must arrive here and nowhere else.
    pub(crate) secrets: Vec<String>,
    /// How often which request was as it should be.
    pub(crate) granted: BTreeMap<&'static str, u32>,
    /// Why requests were not.
    pub(crate) refused: Vec<String>,
    /// The bytes of requests with a secret of this account that came to another service's host.
    pub(crate) strayed: usize,
}

/// A code that was given out, and what it is bound to.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) value: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
}

impl Account {
    pub(crate) fn new(provider: &str, flow: &str, facts: &Value) -> Self {
        let oauth = &facts["oauth"];
        let is_public = oauth["client_auth"] == "none"
            || oauth["public_client"] == true && oauth["client_auth"] != "basic";
        let secret = (!is_public || flow == "client_credentials").then(canary);
        let names = facts["api_key"]["fields"].as_array();
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        let mut account = Self {
            provider: provider.to_owned(),
            flow: flow.to_owned(),
            facts: facts.clone(),
            more: Vec::new(),
            client_id: canary().replace("cnry_", "client-"),
            client_secret: secret.unwrap_or_default(),
            fields: names.map(|name| (name.to_owned(), canary())).collect(),
            access: String::new(),
            refresh: String::new(),
            code: None,
            device_code: String::new(),
            pending: false,
            secrets: Vec::new(),
            granted: BTreeMap::new(),
            refused: Vec::new(),
            strayed: 0,
        };
        account.secrets = match flow {
            "api_key" => account.fields.values().cloned().collect(),
            _ => vec![account.client_secret.clone()],
        };
        account.secrets.retain(|secret| !secret.is_empty());
        account
    }

    /// Makes a secret.
    pub(super) fn give(&mut self) -> String {
        let secret = canary();
        self.secrets.push(secret.clone());
        secret
    }

    /// Whether the text is of a request of this account.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let mut all = self.secrets.iter().chain([&self.client_id]);
        all.any(|known| text.contains(known.as_str()))
    }

    /// Every host that the service has.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        let mut hosts = BTreeSet::new();
        collect(&self.facts, &mut |text| {
            let url = text
                .split_whitespace()
                .find(|word| word.starts_with("https://"));
            let url = url.and_then(|url| Url::parse(&url.replace(['{', '}'], "")).ok());
            hosts.extend(url.and_then(|url| url.host_str().map(str::to_owned)));
        });
        hosts
    }

    /// The text with the values of this account in the places of their names.
    pub(super) fn rendered(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in &self.fields {
            if self.flow == "api_key" && self.facts["api_key"].get("exchange").is_none() {
                text = text.replace(&format!("{{{name}}}"), value);
            }
        }
        text.replace("{token}", &self.access)
            .replace("{refresh_token}", &self.refresh)
            .replace("{client_id}", &self.client_id)
            .replace("{client_secret}", &self.client_secret)
    }

    /// The same for an object of texts.
    pub(super) fn all_rendered(&self, templates: &Value) -> BTreeMap<String, String> {
        let templates = templates.as_object().into_iter().flatten();
        templates
            .map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), self.rendered(&text))
            })
            .collect()
    }

    /// The address of a request that the facts describe, without its query.
    pub(super) fn address(&self, pointer: &str) -> Option<String> {
        let template = self.facts.pointer(pointer)?.as_str()?;
        let url = self.rendered(template);
        Some(url.split('?').next().unwrap_or_default().to_owned())
    }

    /// Whether the facts know this peculiarity.
    pub(super) fn quirk(&self, name: &str) -> bool {
        let quirks = self.facts["quirks"].as_array();
        quirks.is_some_and(|quirks| quirks.iter().any(|quirk| quirk == name))
    }
}

fn collect(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}
