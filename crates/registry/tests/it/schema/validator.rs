//! As much of JSON Schema (draft 2020-12) as the schema of definitions uses. A keyword that is not known here stops the test.

use regex_lite::Regex;
use serde_json::Value;

pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// Where the document does not fit, and by which keyword.
    pub(super) fn faults(&self, document: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(&self.0, document, "", &mut faults);
        faults
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        let Value::Object(rules) = schema else {
            if schema == &Value::Bool(false) {
                faults.push(format!("{path}: nothing may be here"));
            }
            return;
        };
        for (keyword, rule) in rules {
            if !self.keyword(rules, keyword, rule, value, path, faults) {
                faults.push(format!("{path}: {keyword}"));
            }
        }
    }

    /// Whether one keyword is content; what is below it adds its own faults.
    fn keyword(
        &self,
        rules: &serde_json::Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
        path: &str,
        faults: &mut Vec<String>,
    ) -> bool {
        let list = || rule.as_array().unwrap().iter();
        let text = value.as_str();
        match keyword {
            "$schema" | "$defs" | "title" | "description" | "default" | "then" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                self.check(self.0.pointer(pointer).unwrap(), value, path, faults);
                true
            }
            "type" => is_a(rule.as_str().unwrap(), value),
            "const" => rule == value,
            "enum" => list().any(|allowed| allowed == value),
            "pattern" => {
                text.is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
            }
            "minLength" => {
                text.is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
            }
            "maxLength" => {
                text.is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap())
            }
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= rule.as_f64().unwrap()),
            "required" => value
                .as_object()
                .is_none_or(|map| list().all(|name| map.contains_key(name.as_str().unwrap()))),
            "dependentRequired" => value.as_object().is_none_or(|map| {
                let needed = rule
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, _)| map.contains_key(*name));
                let mut needed = needed.flat_map(|(_, names)| names.as_array().unwrap());
                needed.all(|name| map.contains_key(name.as_str().unwrap()))
            }),
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        self.check(schema, value, &format!("{path}/{name}"), faults);
                    }
                }
                true
            }
            "patternProperties" => true,
            "additionalProperties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    let is_named = rules
                        .get("properties")
                        .is_some_and(|known| known.get(name).is_some());
                    let patterns = rules.get("patternProperties").and_then(Value::as_object);
                    let is_open = patterns
                        .into_iter()
                        .flatten()
                        .any(|(pattern, _)| Regex::new(pattern).unwrap().is_match(name));
                    if !is_named && !is_open {
                        self.check(rule, value, &format!("{path}/{name}"), faults);
                    }
                }
                true
            }
            "propertyNames" => {
                let mut names = value.as_object().into_iter().flat_map(|map| map.keys());
                names.all(|name| self.fits(rule, &Value::from(name.as_str())))
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{path}/{at}"), faults);
                }
                true
            }
            "contains" => value
                .as_array()
                .is_none_or(|items| items.iter().any(|item| self.fits(rule, item))),
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| (1..items.len()).all(|at| !items[..at].contains(&items[at]))),
            "not" => !self.fits(rule, value),
            "anyOf" => list().any(|schema| self.fits(schema, value)),
            "oneOf" => list().filter(|schema| self.fits(schema, value)).count() == 1,
            "allOf" => {
                list().for_each(|schema| self.check(schema, value, path, faults));
                true
            }
            "if" => {
                if self.fits(rule, value)
                    && let Some(then) = rules.get("then")
                {
                    self.check(then, value, path, faults);
                }
                true
            }
            other => panic!("the keyword {other} is not known here"),
        }
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type {other} is not known here"),
    }
}
