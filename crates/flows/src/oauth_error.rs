//! The error object of RFC 6749 §5.2, and the shapes that vendors gave it.

use serde_json::{Map, Value};

use crate::foreign_text::{clean, clean_up_to};

/// A server's refusal in its own words, cleaned.
pub(crate) struct OAuthError {
    pub(crate) error: String,
    pub(crate) description: Option<String>,
}

/// An error code longer than this is not one.
const MAX_CODE_CHARS: usize = 100;

/// What stands for the code where the server says "no" and nothing else.
const UNSPECIFIED: &str = "unspecified";

impl OAuthError {
    /// The error in a body, if it has one. A body may have one whatever its status: GitHub and
    /// Slack answer 200.
    ///
    /// Understood are `error` as a string or number, `error` as an object (Meta, Google's APIs),
    /// and `ok: false` (Slack). Null, false, zero and empty values are not errors.
    pub(crate) fn find(fields: &Map<String, Value>) -> Option<Self> {
        let code = match fields.get("error") {
            Some(Value::String(code)) if !code.trim().is_empty() => code.clone(),
            Some(Value::Number(code)) if code.as_f64() != Some(0.0) => code.to_string(),
            Some(Value::Bool(true)) => UNSPECIFIED.to_owned(),
            Some(Value::Array(items)) if !items.is_empty() => UNSPECIFIED.to_owned(),
            Some(Value::Object(inner)) if !inner.is_empty() => return Some(Self::nested(inner)),
            _ if fields.get("ok") == Some(&Value::Bool(false)) => UNSPECIFIED.to_owned(),
            _ => return None,
        };
        Some(Self {
            error: code_text(&code),
            description: first_text(fields, &["error_description", "error_message", "message"]),
        })
    }

    fn nested(inner: &Map<String, Value>) -> Self {
        // A word says more than a number, which often only repeats the HTTP status.
        let named = |name: &str| inner.get(name);
        let words = ["error", "type", "status", "code"];
        let word = words.into_iter().filter_map(named).find_map(|value| {
            let text = value.as_str()?;
            (!text.trim().is_empty()).then(|| text.to_owned())
        });
        let code = word.or_else(|| {
            let numbers = ["code", "status"].into_iter().filter_map(named);
            numbers
                .filter(|value| value.is_number())
                .map(Value::to_string)
                .next()
        });
        Self {
            error: code_text(code.as_deref().unwrap_or(UNSPECIFIED)),
            description: first_text(inner, &["message", "error_description"]),
        }
    }
}

fn code_text(code: &str) -> String {
    let cleaned = clean_up_to(code, MAX_CODE_CHARS);
    if cleaned.is_empty() {
        return UNSPECIFIED.to_owned();
    }
    cleaned
}

fn first_text(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let mut texts = names.iter().filter_map(|name| fields.get(*name)?.as_str());
    texts.next().map(clean).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_shapes_of_an_error() {
        let table = [
            (
                json!({"error": "invalid_grant"}),
                Some(("invalid_grant", None)),
            ),
            (
                json!({"error": "x", "error_description": "so\nso"}),
                Some(("x", Some("soso"))),
            ),
            (json!({"ok": false, "error": "bad"}), Some(("bad", None))),
            (json!({"ok": false}), Some(("unspecified", None))),
            (json!({"error": true}), Some(("unspecified", None))),
            (json!({"error": 190}), Some(("190", None))),
            (
                json!({"error": {"type": "OAuthException", "message": "no", "code": 190}}),
                Some(("OAuthException", Some("no"))),
            ),
            (
                json!({"error": {"code": 401, "message": ""}}),
                Some(("401", None)),
            ),
            (
                json!({"error": {"status": 400, "code": "invalid_grant"}}),
                Some(("invalid_grant", None)),
            ),
            (
                json!({"error": {"error": "invalid_grant", "error_description": "so"}}),
                Some(("invalid_grant", Some("so"))),
            ),
            (
                json!({"error": {"message": "invalid_grant"}}),
                Some(("unspecified", Some("invalid_grant"))),
            ),
            (json!({"error": ["x"]}), Some(("unspecified", None))),
            (json!({"error": null}), None),
            (json!({"error": ""}), None),
            (json!({"error": false, "ok": true}), None),
            (json!({"error": 0}), None),
            (json!({"error": {}}), None),
            (json!({}), None),
        ];
        for (body, expected) in table {
            let fields = body.as_object().expect("an object");
            let found = OAuthError::find(fields);
            let found = found
                .as_ref()
                .map(|e| (e.error.as_str(), e.description.as_deref()));
            assert_eq!(found, expected, "{body}");
        }
    }
}
