//! From text to a JSON object: size cap, strict syntax, no duplicate keys, and the `extends` merge.
//!
//! Knows nothing of what a definition means.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::DefinitionError;
use crate::text;

/// The largest definition that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// Parses one JSON object.
pub(crate) fn parse(file: &str, source: &str) -> Result<Map<String, Value>, DefinitionError> {
    if source.len() > MAX_BYTES {
        return Err(DefinitionError::whole(file, "is larger than 256 KiB"));
    }
    // Some editors begin a file with a byte order mark.
    let source = source.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Strict>(source) {
        Ok(Strict(Value::Object(map))) => Ok(map),
        Ok(Strict(_)) => Err(DefinitionError::whole(file, "must be a JSON object")),
        Err(error) => Err(DefinitionError::whole(
            file,
            format!("is not valid JSON: {}", text::clean(&error.to_string())),
        )),
    }
}

/// Lays `child` over `parent` as a JSON merge patch (RFC 7396): objects merge, `null` removes,
/// everything else replaces.
pub(crate) fn merge(parent: &mut Map<String, Value>, child: Map<String, Value>) {
    for (key, value) in child {
        match value {
            Value::Null => {
                parent.remove(&key);
            }
            Value::Object(new) => {
                let slot = parent.entry(key).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(old) = slot {
                    merge(old, new);
                }
            }
            other => {
                parent.insert(key, other);
            }
        }
    }
}

/// A JSON value that refuses duplicate keys: two readers of the same file must see the same thing.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!(
                    "duplicate key {}",
                    text::quote(&key)
                )));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(source: &str) -> String {
        parse("acme.json", source).expect_err("refused").to_string()
    }

    #[test]
    fn syntax_errors_carry_the_place() {
        assert!(why("{\n  \"a\": 1,\n  oops\n}").contains("line 3 column 3"));
        assert!(why("{} {}").contains("trailing characters"));
        assert!(why("").contains("EOF"));
        assert!(why("[1]").contains("must be a JSON object"));
        assert!(parse("acme.json", "\u{feff}{}").is_ok());
    }

    #[test]
    fn a_duplicate_key_is_refused_at_any_depth() {
        let error = why("{\n\"a\": {\"b\": 1,\n\"b\": 2}}");
        assert!(error.contains("duplicate key `b` at line 3"), "{error}");
        // The ordinary parser would have kept the last one without a word.
        assert!(serde_json::from_str::<Value>("{\"a\": {\"b\": 1, \"b\": 2}}").is_ok());
    }

    #[test]
    fn deep_nesting_and_size_are_bounded() {
        assert!(why(&"{\"a\":".repeat(100_000 / 5)).contains("recursion limit"));
        assert!(why(&" ".repeat(MAX_BYTES + 1)).contains("larger than 256 KiB"));
    }

    #[test]
    fn merging_follows_rfc_7396() {
        let mut parent =
            parse("p", r#"{"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": 2}"#).expect("parses");
        let child = parse(
            "c",
            r#"{"a": {"y": [3], "z": {"n": null, "k": 1}}, "b": null, "c": {"d": 1}}"#,
        )
        .expect("parses");
        merge(&mut parent, child);
        assert_eq!(
            Value::Object(parent),
            json!({"a": {"x": 1, "y": [3], "z": {"k": 1}}, "c": {"d": 1}})
        );
    }
}
