//! The API of a service: the credential is where it belongs, in the documented form, and nowhere else.

use authkeep_testkit::message::{Received, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use super::expected::{Pairs, once, same};
use super::{Account, Verdict};

impl Account {
    /// Judges a request to the API at `url`, if it is one.
    pub(super) fn resource(&self, request: &Received, url: &str) -> Option<Verdict> {
        if let Some((name, pointer)) = self.captured_at(url) {
            let form = self.form_at(url);
            return Some(self.credential(request, "", &form).map(|()| {
                let mut answer = json!({});
                plant(
                    &mut answer,
                    &pointer,
                    &self.facts["captured"][name]["value"],
                );
                ("capture", Reply::json(200, &answer))
            }));
        }
        if self
            .address("/whoami/url")
            .is_some_and(|whoami| self.is_at(url, &whoami))
            && self.facts["whoami"]["method"].as_str().unwrap_or("GET") == request.method
        {
            let address = self.rendered(self.facts["whoami"]["url"].as_str()?);
            let form = self.form_at(&address);
            return Some(self.whoami(request, &address, &form));
        }
        let hosts = self.facts["hosts"].as_array()?.clone();
        let host = hosts.iter().find(|host| {
            let address = host["url"].as_str().unwrap_or_default();
            self.is_at(url, address)
        })?;
        let address = host["url"].as_str()?;
        let form = self.form_at(address);
        let judged = self.credential(request, address, &form);
        Some(judged.map(|()| ("api", Reply::json(200, &json!({ "fine": true })))))
    }

    fn whoami(&self, request: &Received, address: &str, form: &Value) -> Verdict {
        self.credential(request, address, form)?;
        if let Some(body) = self.facts["whoami"].get("body")
            && request.json() != *body
        {
            return Err("the question is another one".to_owned());
        }
        let mut answer = json!({});
        if let Some(label) = self.facts["whoami"]["label"][0].as_str() {
            plant(&mut answer, label, &json!("ada"));
        }
        for (_, captured) in self.facts["captured"].as_object().into_iter().flatten() {
            let from = captured["from"].as_str().unwrap_or_default();
            if let Some(pointer) = from.strip_prefix("whoami:") {
                plant(&mut answer, pointer, &captured["value"]);
            }
        }
        Ok(("whoami", Reply::json(200, &answer)))
    }

    /// The parameter that is found out at `url`, and where in the answer.
    pub(super) fn captured_at(&self, url: &str) -> Option<(String, String)> {
        let captured = self.facts["captured"].as_object()?;
        captured.iter().find_map(|(name, captured)| {
            let from = captured["from"].as_str()?.strip_prefix("GET ")?;
            let (address, pointer) = from.split_once(' ')?;
            (address == url).then(|| (name.clone(), pointer.to_owned()))
        })
    }

    /// How the credential is put into requests where the facts say nothing of the host.
    fn usual_form(&self) -> Value {
        let section = match &*self.flow {
            "api_key" => &self.facts["api_key"],
            _ => &self.facts["oauth"],
        };
        let named = ["headers", "query", "basic", "path"];
        let has_form = named.iter().any(|name| section.get(name).is_some());
        match has_form {
            true => section.clone(),
            false => json!({ "headers": { "Authorization": "Bearer {token}" } }),
        }
    }

    /// That of the host's own rule, if it has one; the longest path decides.
    fn form_at(&self, address: &str) -> Value {
        let hosts = self.facts["hosts"].as_array().into_iter().flatten();
        let start = |rule: &Value| {
            let url = rule["url"].as_str().unwrap_or_default();
            url.strip_suffix("sweep").unwrap_or(url).to_owned()
        };
        let rules = hosts.filter(|rule| address.starts_with(&start(rule)));
        match rules.max_by_key(|rule| start(rule).len()) {
            Some(rule) if rule.as_object().is_some_and(|rule| rule.len() > 1) => rule.clone(),
            _ => self.usual_form(),
        }
    }

    /// Whether `url` is this address, once a key that belongs into the path is out of it.
    fn is_at(&self, url: &str, address: &str) -> bool {
        let prefix = self.usual_form()["path"]
            .as_str()
            .map(|path| self.rendered(path));
        let plain = address.split('?').next().unwrap_or_default();
        url == plain || prefix.is_some_and(|prefix| url.replacen(&prefix, "", 1) == plain)
    }

    fn credential(&self, request: &Received, address: &str, form: &Value) -> Result<(), String> {
        let mut headers = self.all_rendered(&form["headers"]);
        if let Some([user, password]) = form["basic"].as_array().map(Vec::as_slice) {
            let part = |part: &Value| self.rendered(part.as_str().unwrap_or_default());
            let pair = STANDARD.encode(format!("{}:{}", part(user), part(password)));
            headers.insert("authorization".to_owned(), format!("Basic {pair}"));
        }
        let headers: Pairs = headers
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        for (name, value) in &headers {
            let there: Vec<_> = request
                .headers
                .iter()
                .filter(|(known, _)| known == name)
                .collect();
            match there.as_slice() {
                [(_, got)] if got == value => {}
                got => return Err(format!("`{name}` has to be `{value}`, once: {got:?}")),
            }
        }
        let is_secret = |text: &str| self.secrets.iter().any(|secret| text.contains(secret));
        for (name, value) in &request.headers {
            if !headers.contains_key(name) && (name == "authorization" || is_secret(value)) {
                return Err(format!("a credential in `{name}`, where none belongs"));
            }
        }
        let found_out = |value: &str| {
            let captured = self.facts["captured"].as_object().into_iter().flatten();
            let mut values = captured.map(|(_, captured)| &captured["value"]);
            values.any(|known| known == value)
        };
        for (name, value) in self.all_rendered(&self.facts["headers"]) {
            // What is still to be found out cannot be in the question.
            if address.is_empty() && found_out(&value) {
                continue;
            }
            let there = request.header(&name);
            if there.is_none_or(|there| there != value && value != "*") {
                return Err(format!("`{name}` has to be `{value}`: {there:?}"));
            }
        }
        let mut query = self.all_rendered(&form["query"]);
        if let Ok(address) = Url::parse(address) {
            query.extend(address.query_pairs().into_owned());
        }
        same("query", &query, &once(&request.query)?)?;
        let prefix = form["path"].as_str().map(|path| self.rendered(path));
        match prefix {
            Some(prefix) if !request.path.starts_with(&prefix) => {
                Err(format!("the path has to begin with `{prefix}`"))
            }
            None if is_secret(&request.path) => Err("a credential in the path".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Puts a value where a JSON pointer leads, through objects and, for `0`, lists.
pub(super) fn plant(document: &mut Value, pointer: &str, value: &Value) {
    let mut place = document;
    for part in pointer.split('/').skip(1) {
        place = match part {
            "0" => {
                if !place.is_array() {
                    *place = json!([{}]);
                }
                &mut place[0]
            }
            part => {
                if !place.is_object() {
                    *place = json!({});
                }
                &mut place[part]
            }
        };
    }
    *place = value.clone();
}
