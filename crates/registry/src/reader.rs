//! A cursor over a JSON object that collects every fault with its path.
//!
//! `take_*` methods return `None` both for an absent field and for a faulty one; the fault is in the
//! list. At the end [`Fields::finish`] reports the fields nobody asked for, so that a typing error is
//! never silently ignored.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::template::Template;
use crate::text;

/// Texts longer than this are a mistake or an attack.
const LONGEST_TEXT: usize = 4096;

/// The faults so far, and the variables that templates may mention.
#[derive(Debug, Default)]
pub(crate) struct Report {
    faults: RefCell<Vec<FieldError>>,
    pub(crate) params: BTreeSet<String>,
    /// The parameters that are secrets; they are in none of the other sets.
    pub(crate) secret_params: BTreeSet<String>,
    pub(crate) key_fields: BTreeSet<String>,
    /// Whether an OAuth section is there to provide `{token}`.
    pub(crate) has_oauth: bool,
}

/// What a template in some place may mention, besides the definition's own parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variables {
    /// Nothing else.
    Params,
    /// The fields of the API key.
    KeyFields,
    /// The fields of the API key as a person entered them, without the token that they become.
    Exchange,
    /// The access token and the client id.
    AccessToken,
    /// Any live credential: key fields, the access token, the client id.
    Credential,
    /// Everything a request to the authorization server may carry.
    TokenRequest,
    /// The client id: it may appear in a URL, a secret may not.
    ClientId,
}

impl Report {
    pub(crate) fn fault(&self, field: impl Into<String>, reason: impl Into<String>) {
        self.faults
            .borrow_mut()
            .push(FieldError::new(field, reason));
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    pub(crate) fn into_faults(self) -> Vec<FieldError> {
        self.faults.into_inner()
    }

    /// Parses a template and checks that everything it mentions is declared.
    pub(crate) fn template(
        &self,
        field: &str,
        source: &str,
        allowed: Variables,
    ) -> Option<Template> {
        if let Some(why) = text::objection(source) {
            self.fault(field, why);
            return None;
        }
        let template = match Template::parse(source) {
            Ok(template) => template,
            Err(error) => {
                self.fault(field, error.to_string());
                return None;
            }
        };
        let mut all_declared = true;
        for name in template
            .variables()
            .filter(|name| !self.is_declared(name, allowed))
        {
            all_declared = false;
            let why = if self.secret_params.contains(name) {
                "is a secret: only injections and variables carry it"
            } else {
                "is not declared here"
            };
            self.fault(field, format!("mentions `{{{name}}}`, which {why}"));
        }
        all_declared.then_some(template)
    }

    fn is_declared(&self, name: &str, allowed: Variables) -> bool {
        let key_field = self.key_fields.contains(name);
        let token = self.has_oauth && name == "token";
        let secret = self.secret_params.contains(name);
        self.params.contains(name)
            || match allowed {
                Variables::Params => false,
                Variables::KeyFields => key_field || secret,
                Variables::Exchange => key_field && name != "token",
                Variables::AccessToken => token || secret || name == "client_id",
                Variables::Credential => {
                    key_field || token || secret || (self.has_oauth && name == "client_id")
                }
                Variables::TokenRequest => {
                    matches!(
                        name,
                        "token" | "refresh_token" | "client_id" | "client_secret"
                    )
                }
                Variables::ClientId => name == "client_id",
            }
    }
}

/// One JSON object being read.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
    known: Vec<&'static str>,
    pub(crate) report: &'a Report,
}

impl<'a> Fields<'a> {
    pub(crate) fn root(map: &'a Map<String, Value>, report: &'a Report) -> Self {
        Self {
            path: String::new(),
            map,
            known: Vec::new(),
            report,
        }
    }

    /// The path of one of this object's fields.
    pub(crate) fn path_of(&self, key: &str) -> String {
        let key = text::clean(key);
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn fault(&self, key: &str, reason: impl Into<String>) {
        self.report.fault(self.path_of(key), reason);
    }

    /// The raw value; `null` counts as absent.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn take_text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        as_text(self.report, &self.path_of(key), value).map(str::to_owned)
    }

    pub(crate) fn take_required_text(&mut self, key: &'static str) -> Option<String> {
        if self.take(key).is_none() {
            self.fault(key, "is missing");
            return None;
        }
        self.take_text(key)
    }

    pub(crate) fn take_flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.fault(
                key,
                format!("must be true or false (found {})", kind(value)),
            );
        }
        flag
    }

    pub(crate) fn take_number(&mut self, key: &'static str) -> Option<u64> {
        let value = self.take(key)?;
        let number = value.as_u64();
        if number.is_none() {
            self.fault(
                key,
                format!("must be a whole number (found {})", kind(value)),
            );
        }
        number
    }

    /// A text that parses into `T`: a name, a word of a fixed list.
    pub(crate) fn take_parsed<T: FromStr<Err: Display>>(&mut self, key: &'static str) -> Option<T> {
        let text = self.take_text(key)?;
        parse_at(self.report, &self.path_of(key), &text)
    }

    pub(crate) fn take_template(
        &mut self,
        key: &'static str,
        allowed: Variables,
    ) -> Option<Template> {
        let text = self.take_text(key)?;
        self.report.template(&self.path_of(key), &text, allowed)
    }

    /// The items of a list, each with its path; absent means empty.
    pub(crate) fn take_list(&mut self, key: &'static str) -> Vec<(String, &'a Value)> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let path = self.path_of(key);
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (format!("{path}[{at}]"), item))
                    .collect()
            }
            Some(other) => {
                self.fault(key, format!("must be a list (found {})", kind(other)));
                Vec::new()
            }
        }
    }

    pub(crate) fn take_texts(&mut self, key: &'static str) -> Vec<String> {
        let items = self.take_list(key);
        let texts = items
            .iter()
            .filter_map(|(path, item)| as_text(self.report, path, item));
        texts.map(str::to_owned).collect()
    }

    pub(crate) fn take_parsed_list<T: FromStr<Err: Display>>(
        &mut self,
        key: &'static str,
    ) -> Vec<T> {
        let items = self.take_list(key);
        let parse = |(path, item): &(String, &Value)| {
            parse_at(self.report, path, as_text(self.report, path, item)?)
        };
        items.iter().filter_map(parse).collect()
    }

    /// A nested object.
    pub(crate) fn take_object(&mut self, key: &'static str) -> Option<Self> {
        let value = self.take(key)?;
        self.report.object(self.path_of(key), value)
    }

    /// The entries of an object whose keys are free, each with its path, sorted by key.
    pub(crate) fn take_entries(&mut self, key: &'static str) -> Vec<(String, &'a str, &'a Value)> {
        let Some(object) = self.take_object(key) else {
            return Vec::new();
        };
        let mut entries: Vec<_> = object
            .map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (object.path_of(name), name.as_str(), value))
            .collect();
        entries.sort_by_key(|(_, name, _)| *name);
        entries
    }

    /// Reports the fields that were never asked for. `open` keys are left alone.
    pub(crate) fn finish(self) {
        self.finish_except(|_| false);
    }

    pub(crate) fn finish_except(self, open: impl Fn(&str) -> bool) {
        for key in self.map.keys() {
            if self.known.contains(&key.as_str()) || open(key) {
                continue;
            }
            let closest = self
                .known
                .iter()
                .map(|known| (strsim::osa_distance(known, key), known))
                .filter(|(distance, known)| *distance <= 3.min(known.len() / 2))
                .min();
            match closest {
                Some((_, known)) => {
                    self.fault(
                        key,
                        format!("is not a known field (did you mean `{known}`?)"),
                    );
                }
                None => self.fault(key, "is not a known field"),
            }
        }
    }
}

impl Report {
    /// Opens a value as an object.
    pub(crate) fn object<'a>(&'a self, path: String, value: &'a Value) -> Option<Fields<'a>> {
        if let Value::Object(map) = value {
            return Some(Fields {
                path,
                map,
                known: Vec::new(),
                report: self,
            });
        }
        self.fault(path, format!("must be an object (found {})", kind(value)));
        None
    }
}

/// The text of a value: a string, not empty, fit to be shown.
pub(crate) fn as_text<'v>(report: &Report, path: &str, value: &'v Value) -> Option<&'v str> {
    let Value::String(text) = value else {
        report.fault(path, format!("must be a text (found {})", kind(value)));
        return None;
    };
    let objection = if text.len() > LONGEST_TEXT {
        Some("is longer than 4096 bytes".to_owned())
    } else {
        text::objection(text)
    };
    if let Some(why) = objection {
        report.fault(path, why);
        return None;
    }
    Some(text)
}

pub(crate) fn parse_at<T: FromStr<Err: Display>>(
    report: &Report,
    path: &str,
    text: &str,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            report.fault(path, error.to_string());
            None
        }
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_are_collected_with_paths() {
        let value =
            json!({"name": 1, "list": ["a", 2], "deep": {"falg": true, "n": "x"}, "x-mine": 1});
        let report = Report::default();
        let mut fields = Fields::root(value.as_object().expect("an object"), &report);
        assert_eq!(fields.take_text("name"), None);
        assert_eq!(fields.take_texts("list"), ["a"]);
        let mut deep = fields.take_object("deep").expect("an object");
        assert_eq!(deep.take_flag("flag"), None);
        assert_eq!(deep.take_number("n"), None);
        deep.finish();
        fields.finish_except(|key| key.starts_with("x-"));
        let faults: Vec<String> = report
            .into_faults()
            .iter()
            .map(FieldError::to_string)
            .collect();
        assert_eq!(
            faults,
            [
                "`name`: must be a text (found a number)",
                "`list[1]`: must be a text (found a number)",
                "`deep.n`: must be a whole number (found a text)",
                "`deep.falg`: is not a known field (did you mean `flag`?)",
            ]
        );
    }
}
