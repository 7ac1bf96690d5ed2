//! What was granted, from whatever stands in `scope`.

use serde_json::Value;

use super::scrub::Secrets;
use crate::foreign_text::visible_part;

/// Reads one string, split at spaces and commas, or a list of such strings.
///
/// An empty string is a grant of nothing (GitHub writes it), not silence. Anything else than text
/// is silence.
pub(super) fn read(value: Option<&Value>, secrets: &Secrets<'_>) -> Option<Vec<String>> {
    let texts: Vec<&str> = match value? {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let scopes = texts
        .into_iter()
        .flat_map(|text| text.split([' ', ',']))
        .filter(|scope| !secrets.occur_in(scope))
        .map(visible_part)
        .filter(|scope| !scope.is_empty());
    Some(scopes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scopes() {
        let table = [
            (json!("read write"), Some(vec!["read", "write"])),
            (
                json!("read,write, admin"),
                Some(vec!["read", "write", "admin"]),
            ),
            (
                json!(["read", "write admin"]),
                Some(vec!["read", "write", "admin"]),
            ),
            (
                json!("https://outlook.office365.com/IMAP.AccessAsUser.All openid"),
                Some(vec![
                    "https://outlook.office365.com/IMAP.AccessAsUser.All",
                    "openid",
                ]),
            ),
            (json!(""), Some(vec![])),
            (json!(["a", 1, null]), Some(vec!["a"])),
            (json!("a\u{1b}[2Jb"), Some(vec!["a[2Jb"])),
            (json!(null), None),
            (json!(7), None),
            (json!({"a": 1}), None),
        ];
        for (value, expected) in table {
            let expected: Option<Vec<String>> =
                expected.map(|scopes| scopes.into_iter().map(str::to_owned).collect());
            assert_eq!(read(Some(&value), &Secrets::default()), expected, "{value}");
        }
    }
}
