//! Keeping the useful rest of an answer without the secrets in it.
//!
//! Four nets, since services invent fields: the name of a field or parameter, the secrets of this
//! very answer wherever they are quoted, the shape of a signed token, and all of these again for
//! JSON inside text.

use serde_json::{Map, Value};

use crate::http::wipe;

/// The secrets of one answer, to be recognised wherever they are quoted.
#[derive(Default)]
pub(super) struct Secrets<'a>(Vec<&'a str>);

/// The fields whose values are always looked for.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// A shorter secret is only recognised where it stands alone; it would occur in ordinary words.
const MIN_QUOTED: usize = 8;

/// Below this a value under another telling name may just as well be a flag or a status.
const MIN_OTHER: usize = 16;

/// At most this many secrets are looked for, so that a huge answer cannot make the search slow.
const MAX_SECRETS: usize = 64;

impl<'a> Secrets<'a> {
    /// The secrets of an answer, those of the object that holds the tokens first.
    pub(super) fn of(root: &'a Map<String, Value>, tokens: &'a Map<String, Value>) -> Self {
        let mut secrets = Self::default();
        for object in [tokens, root] {
            let texts = TOKENS.iter().filter_map(|name| object.get(*name)?.as_str());
            secrets.0.extend(texts.filter(|text| !text.is_empty()));
        }
        secrets.collect(root);
        secrets
    }

    /// Looks for fields with the name of a secret.
    fn collect(&mut self, fields: &'a Map<String, Value>) {
        for (name, value) in fields {
            match value {
                _ if names_a_secret(name) && !is_harmless(name, value) => self.collect_all(value),
                Value::Object(inner) => self.collect(inner),
                Value::Array(items) => {
                    let objects = items.iter().filter_map(Value::as_object);
                    objects.for_each(|inner| self.collect(inner));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }

    /// Takes every text below such a field.
    fn collect_all(&mut self, value: &'a Value) {
        match value {
            _ if self.0.len() >= MAX_SECRETS => {}
            Value::String(text) if text.len() >= MIN_OTHER => self.0.push(text),
            Value::Array(items) => items.iter().for_each(|item| self.collect_all(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.collect_all(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Whether a text is one of the tokens, or quotes one.
    pub(super) fn occur_in(&self, text: &str) -> bool {
        let occurs = |secret: &&str| {
            text == *secret || (secret.len() >= MIN_QUOTED && text.contains(*secret))
        };
        self.0.iter().any(occurs)
    }

    /// A copy of the object without secrets at any depth.
    pub(super) fn scrub(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let kept = fields.iter().filter_map(|(name, value)| {
            if self.occur_in(name) || (names_a_secret(name) && !is_harmless(name, value)) {
                return None;
            }
            Some((name.clone(), self.scrub_value(value)?))
        });
        kept.collect()
    }

    fn is_in_text(&self, text: &str) -> bool {
        self.occur_in(text)
            || is_signed_token(text)
            || assigns_a_secret(text)
            || self.is_in_inner_json(text)
    }

    /// Whether a text is JSON in its turn, as form-encoded answers nest it, with a secret inside.
    /// What begins like JSON and is not cannot be searched, and is taken for one.
    fn is_in_inner_json(&self, text: &str) -> bool {
        if !text.trim_start().starts_with(['{', '[']) {
            return false;
        }
        let Ok(mut inner) = serde_json::from_str::<Value>(text) else {
            return true;
        };
        let mut scrubbed = self.scrub_value(&inner);
        let changed = scrubbed.as_ref() != Some(&inner);
        wipe(&mut inner);
        scrubbed.iter_mut().for_each(wipe);
        changed
    }

    fn scrub_value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) if self.is_in_text(text) => None,
            Value::Array(items) => {
                let kept = items.iter().filter_map(|item| self.scrub_value(item));
                Some(Value::Array(kept.collect()))
            }
            Value::Object(fields) => Some(Value::Object(self.scrub(fields))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Some(value.clone())
            }
        }
    }
}

/// Parts of names that mean a secret. `webhook` is one because the address is the credential.
const SECRET_PARTS: [&str; 17] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "assertion",
    "credential",
    "apikey",
    "jwt",
    "cookie",
    "webhook",
    "authorization",
    "bearer",
    "signature",
    "devicecode",
    "usercode",
    "verifier",
];

/// Whole names that do.
const SECRET_NAMES: [&str; 5] = ["code", "auth", "pin", "otp", "session"];

fn names_a_secret(name: &str) -> bool {
    let name = plain(name);
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_NAMES.contains(&name.as_str())
        || name.ends_with("key")
}

/// What may stay under such a name: flags, and short facts about a token such as
/// `refresh_token_expires_in`. The limit on text is below the length of any real token.
fn is_harmless(name: &str, value: &Value) -> bool {
    let name = plain(name);
    let is_fact = ["expir", "lifetime", "issuedat", "tokentype"]
        .iter()
        .any(|part| name.contains(part));
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(_) => is_fact,
        Value::String(text) => is_fact && text.len() <= 32,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// `Access-Token`, `accessToken` and `access_token` alike.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a text has a secret as a parameter, like the query of an address or a form.
fn assigns_a_secret(text: &str) -> bool {
    text.split(['?', '#', '&', ';', ' ']).any(|part| {
        let pair = part.split_once('=');
        pair.is_some_and(|(name, value)| !value.is_empty() && names_a_secret(name))
    })
}

/// Whether a JWT occurs in the text: its header always begins with an encoded `{"`.
fn is_signed_token(text: &str) -> bool {
    text.match_indices("eyJ").any(|(start, _)| {
        let end = text[start..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .map_or(text.len(), |length| start + length);
        text[start..end].matches('.').count() >= 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scrub(value: &Value) -> Value {
        let fields = value.as_object().expect("an object");
        Value::Object(Secrets::of(fields, fields).scrub(fields))
    }

    #[test]
    fn useful_fields_survive() {
        let value = json!({
            "instance_url": "https://na1.salesforce.test",
            "id": "https://login.salesforce.test/id/00Dx0000000BV7z/005x00000012Q9P",
            "team": {"id": "T1", "name": "Taster"},
            "is_enterprise_install": false,
            "realmId": "9130347", "workspace_id": "b1946ac9-2492-4d23-9f3b-000000000000",
            "refresh_token_expires_in": 15811200, "refreshTokenExpiresAt": "2026-01-01T00:00:00Z",
            "x_token_type": "bot", "requires_auth_token": true, "session_state": "a1",
        });
        assert_eq!(scrub(&value), value);
    }

    #[test]
    fn secrets_go_by_name_at_any_depth() {
        for name in [
            "access_token",
            "refreshToken",
            "ID-Token",
            "client_secret",
            "Password",
            "api_key",
            "apiKey",
            "private_key",
            "device_code",
            "code",
            "webhook_url",
            "botAccessToken",
            "authorization",
            "session",
            "x_token_type",
        ] {
            let secret = "cnry_0123456789abcdef0123456789abcdef";
            for value in [json!(secret), json!({"v": secret}), json!([secret])] {
                let nested = json!({"a": [{"b": {name: value}}], "keep": 1});
                assert_eq!(
                    scrub(&nested),
                    json!({"a": [{"b": {}}], "keep": 1}),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn quoted_tokens_go_wherever_they_are() {
        let value = json!({
            "access_token": "at-12345678", "refresh_token": "abc",
            "echo": "Bearer at-12345678", "list": ["x", "abc", "abcd"],
            "at-12345678": "as a name", "deep": {"x": {"y": "?t=at-12345678&"}},
            "client": {"secret": "long-enough-to-tell"}, "note": "long-enough-to-tell!",
        });
        assert_eq!(
            scrub(&value),
            json!({"list": ["x", "abcd"], "deep": {"x": {}}, "client": {}})
        );
    }

    #[test]
    fn secrets_go_from_texts_with_a_structure_of_their_own() {
        let value = json!({
            "a": "{\"x\":[{\"access_token\":\"abc\"}]}", "b": "[\"{\\\"apiKey\\\":\\\"abc\\\"}\"]",
            "c": "{\"access_token\":\"abc", "d": "https://i.test/?v=1&access_token=abc#x",
            "e": "{\"x\":1}", "f": "https://i.test/?v=1&token=", "g": "a = b",
        });
        let kept = json!({"e": "{\"x\":1}", "f": "https://i.test/?v=1&token=", "g": "a = b"});
        assert_eq!(scrub(&value), kept);
    }

    #[test]
    fn signed_tokens_go_by_shape() {
        let value = json!({
            "a": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "b": "see eyJhbGci.eyJz.c2ln now",
            "c": "eyJhbGciOiJub25lIn0", "d": "heyJoe. Hi. There",
        });
        assert_eq!(
            scrub(&value),
            json!({"c": "eyJhbGciOiJub25lIn0", "d": "heyJoe. Hi. There"})
        );
    }
}
