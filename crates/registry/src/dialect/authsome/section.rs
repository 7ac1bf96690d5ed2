//! An object from which fields are taken, so that what is left over is known, and a log of what was wrong or changed.

use serde_json::{Map, Value};

use super::super::Warning;
use crate::error::FieldError;
use crate::reader::kind;
use crate::text;

/// What was found out on the way.
#[derive(Default)]
pub(super) struct Log {
    pub(super) faults: Vec<FieldError>,
    pub(super) warnings: Vec<Warning>,
}

impl Log {
    pub(super) fn fault(&mut self, field: &str, reason: impl Into<String>) {
        self.faults.push(FieldError::new(field, reason));
    }

    pub(super) fn warn(&mut self, field: &str, message: impl Into<String>) {
        self.warnings.push(Warning {
            field: field.to_owned(),
            message: message.into(),
        });
    }
}

/// One object of the original.
#[derive(Default)]
pub(super) struct Section {
    name: &'static str,
    map: Map<String, Value>,
}

impl Section {
    pub(super) fn new(name: &'static str, map: Map<String, Value>) -> Self {
        Self { name, map }
    }

    fn path(&self, key: &str) -> String {
        let key = text::clean(key);
        match self.name {
            "" => key,
            name => format!("{name}.{key}"),
        }
    }

    /// The text of a field that stays where it is, or the first one of a list.
    pub(super) fn peek(&self, key: &str) -> Option<&str> {
        let value = self.map.get(key)?;
        value.as_str().or_else(|| value.get(0)?.as_str())
    }

    /// Takes a field; `null` is the same as none.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// Forgets a field.
    pub(super) fn drop(&mut self, key: &str) {
        self.map.remove(key);
    }

    pub(super) fn text(&mut self, key: &str, log: &mut Log) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text),
            other => {
                log.fault(&self.path(key), must_be("a text", &other));
                None
            }
        }
    }

    /// A text where `null` and an empty one mean something else than a field that is not there.
    pub(super) fn text_or_none(&mut self, key: &str, log: &mut Log) -> Option<Option<String>> {
        let is_there = self.map.contains_key(key);
        is_there.then(|| self.text(key, log))
    }

    pub(super) fn flag(&mut self, key: &str, log: &mut Log) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            other => {
                log.fault(&self.path(key), must_be("true or false", &other));
                None
            }
        }
    }

    /// One text or a list of them, each with its path.
    pub(super) fn texts(&mut self, key: &str, log: &mut Log) -> Vec<(String, String)> {
        let path = self.path(key);
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| (format!("{path}[{at}]"), item))
                .collect(),
            Some(other) => vec![(path, other)],
        };
        let mut texts = Vec::new();
        for (path, item) in items {
            match item {
                Value::String(text) => texts.push((path, text)),
                other => log.fault(&path, must_be("a text", &other)),
            }
        }
        texts
    }

    /// An object in this one; an absent one is empty.
    pub(super) fn section(&mut self, name: &'static str, log: &mut Log) -> Self {
        match self.take(name) {
            None => Self::new(name, Map::new()),
            Some(Value::Object(map)) => Self::new(name, map),
            Some(other) => {
                log.fault(&self.path(name), must_be("an object", &other));
                Self::new(name, Map::new())
            }
        }
    }

    /// All that is left, in the order of the keys.
    pub(super) fn entries(&mut self) -> Vec<(String, String, Value)> {
        let map = std::mem::take(&mut self.map);
        let mut entries: Vec<_> = map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (self.path(&key), key, value))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }

    /// What is left of a section that came out of this one.
    pub(super) fn put_back(&mut self, section: Self) {
        let rest = section.rest();
        if !rest.is_empty() {
            self.map
                .insert(section.name.to_owned(), Value::Object(rest));
        }
    }

    /// What is left, without comments.
    pub(super) fn rest(&self) -> Map<String, Value> {
        self.map
            .iter()
            .filter(|(key, value)| !key.starts_with('_') && !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

fn must_be(what: &str, found: &Value) -> String {
    format!("must be {what} (found {})", kind(found))
}
