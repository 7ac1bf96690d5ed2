//! A response body as a JSON object, whichever way it was written, wiped when dropped.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::http::{HttpResponse, wipe};

/// Deeper nesting than this is refused. Real answers nest three or four levels.
const MAX_DEPTH: usize = 64;

/// The parsed body of a response. Every string in it may be a secret.
pub(crate) struct Document(Map<String, Value>);

/// Why a body could not be read. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Empty,
    Html,
    Json,
    NotAnObject,
    TooDeep,
    DuplicateField,
    UnknownFormat,
}

impl Document {
    /// Reads a JSON object or a form-encoded body.
    ///
    /// The body's own shape decides before its content type does: PHP serves JSON as `text/html`,
    /// and GitHub serves forms to whoever does not ask for JSON.
    pub(crate) fn read(response: &HttpResponse) -> Result<Self, Unreadable> {
        let body = response.body();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let body = body.trim_ascii();
        let content_type = response.header("content-type").unwrap_or_default();
        let content_type = content_type.to_ascii_lowercase();
        match body.first() {
            None => Err(Unreadable::Empty),
            Some(b'{' | b'[') => Self::read_json(body),
            Some(b'<') => Err(Unreadable::Html),
            Some(_) if content_type.contains("html") => Err(Unreadable::Html),
            Some(_) if content_type.contains("json") => Err(Unreadable::Json),
            Some(_) => Self::read_form(body),
        }
    }

    /// The same, for an answer that may also be a list: its items are found by their numbers, as a JSON pointer finds
    /// them (RFC 6901 §4).
    pub(crate) fn read_any(response: &HttpResponse) -> Result<Self, Unreadable> {
        let body = response.body().trim_ascii();
        if body.first() != Some(&b'[') {
            return Self::read(response);
        }
        let mut value: Value = serde_json::from_slice(body).map_err(|_syntax| Unreadable::Json)?;
        if depth(&value) > MAX_DEPTH {
            wipe(&mut value);
            return Err(Unreadable::TooDeep);
        }
        let Value::Array(items) = value else {
            return Err(Unreadable::NotAnObject);
        };
        let numbered = items.into_iter().enumerate();
        Ok(Self(
            numbered.map(|(at, item)| (at.to_string(), item)).collect(),
        ))
    }

    pub(crate) fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The value at a JSON pointer (RFC 6901) other than the empty one.
    pub(crate) fn pointer(&self, path: &str) -> Option<&Value> {
        let path = path.strip_prefix('/')?;
        let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        let name = first.replace("~1", "/").replace("~0", "~");
        self.0.get(&name)?.pointer(rest)
    }

    fn read_json(body: &[u8]) -> Result<Self, Unreadable> {
        let mut value = serde_json::from_slice(body).map_err(|_syntax| Unreadable::Json)?;
        let too_deep = depth(&value) > MAX_DEPTH;
        match value {
            Value::Object(fields) if !too_deep => Ok(Self(fields)),
            _ => {
                wipe(&mut value);
                Err(if too_deep {
                    Unreadable::TooDeep
                } else {
                    Unreadable::NotAnObject
                })
            }
        }
    }

    fn read_form(body: &[u8]) -> Result<Self, Unreadable> {
        let plausible = body.contains(&b'=') && body.iter().all(u8::is_ascii_graphic);
        if !plausible {
            return Err(Unreadable::UnknownFormat);
        }
        let mut document = Self(Map::new());
        for (name, value) in form_urlencoded::parse(body) {
            let value = Value::from(value.into_owned());
            if let Some(mut earlier) = document.0.insert(name.into_owned(), value) {
                wipe(&mut earlier);
                return Err(Unreadable::DuplicateField);
            }
        }
        Ok(document)
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        wipe(&mut Value::Object(std::mem::take(&mut self.0)));
    }
}

/// The nesting of a value; serde_json refuses more than 128 levels, so this cannot run deep.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + deepest.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<Value, Unreadable> {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        let response = HttpResponse::new(200, headers, body.as_bytes().to_vec());
        Document::read(&response).map(|document| Value::Object(document.0.clone()))
    }

    #[test]
    fn the_shape_decides_before_the_content_type() {
        let one = serde_json::json!({"a": "1"});
        assert_eq!(read("text/html", "{\"a\":\"1\"}"), Ok(one.clone()));
        assert_eq!(read("", " \u{feff}x"), Err(Unreadable::UnknownFormat));
        assert_eq!(read("", "\u{feff} {\"a\":\"1\"}\n"), Ok(one.clone()));
        assert_eq!(
            read("application/x-www-form-urlencoded", "a=1"),
            Ok(one.clone())
        );
        assert_eq!(read("text/plain", "a=1"), Ok(one));
    }

    #[test]
    fn everything_else_is_named() {
        let table = [
            ("application/json", "", Unreadable::Empty),
            ("application/json", " \r\n", Unreadable::Empty),
            ("application/json", "<html>", Unreadable::Html),
            ("text/html; charset=utf-8", "Bad gateway", Unreadable::Html),
            ("application/json", "{\"a\":", Unreadable::Json),
            ("application/json", "a=1", Unreadable::Json),
            ("application/json", "[1]", Unreadable::NotAnObject),
            ("text/plain", "no idea", Unreadable::UnknownFormat),
            ("text/plain", "a=1&a=2", Unreadable::DuplicateField),
        ];
        for (content_type, body, expected) in table {
            assert_eq!(read(content_type, body), Err(expected), "{body}");
        }
    }

    #[test]
    fn a_pointer_finds_what_serde_json_finds() {
        let value = serde_json::json!({"a": {"b": [1, {"c": 2}]}, "x/y~z": {"d": 3}, "": 4});
        let body = value.to_string().into_bytes();
        let response = HttpResponse::new(200, Vec::new(), body);
        let document = Document::read(&response).expect("a document");
        for path in [
            "/a",
            "/a/b/1/c",
            "/x~1y~0z/d",
            "/",
            "/a/z",
            "a",
            "/a/b/9",
            "//",
        ] {
            assert_eq!(document.pointer(path), value.pointer(path), "{path}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(read("", &nested(63)).is_ok());
        assert_eq!(read("", &nested(64)), Err(Unreadable::TooDeep));
        assert_eq!(read("", &nested(100_000)), Err(Unreadable::Json));
    }
}
