//! A request read whole and a reply to be sent whole: what scripted servers work with.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

/// A request with its body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// Such as `GET`.
    pub method: String,
    /// Whom it was sent to, with the port if it was not the usual one.
    pub host: String,
    /// The path, without the query, as it was sent.
    pub path: String,
    /// The decoded parameters of the query.
    pub query: Vec<(String, String)>,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The decoded fields of a form body; empty for any other body.
    pub form: Vec<(String, String)>,
    /// All of it, as sent.
    pub body: Vec<u8>,
}

impl Received {
    /// A request of these parts, for servers that are to be tested themselves; `query` is encoded, `headers` have names in
    /// lower case.
    #[must_use]
    pub fn new(
        method: &str,
        host: &str,
        path: &str,
        query: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Self {
        Self {
            method: method.to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: pairs(query.as_bytes()),
            headers,
            form: Vec::new(),
            body,
        }
    }

    pub(crate) fn from_parts(head: &hyper::http::request::Parts, body: Vec<u8>) -> Self {
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let host = head.uri.authority().map(ToString::to_string);
        let host = host.or_else(|| first(&headers, "host").map(str::to_owned));
        let kind = first(&headers, "content-type").unwrap_or_default();
        let is_form = kind.split(';').next() == Some("application/x-www-form-urlencoded");
        let form = if is_form { pairs(&body) } else { Vec::new() };
        Self {
            method: head.method.as_str().to_owned(),
            host: host.unwrap_or_default(),
            path: head.uri.path().to_owned(),
            query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
            headers,
            form,
            body,
        }
    }

    /// The first form field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// The first query parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The body as JSON, or null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The user and the password of an `Authorization: Basic` header (RFC 7617 section 2), as they stand there. Those
    /// of an OAuth client are form-encoded besides (RFC 6749 section 2.3.1).
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        user_and_password(self.header("authorization")?)
    }

    /// Id and secret of an OAuth client, if the header has them form-encoded (RFC 6749 section 2.3.1).
    #[must_use]
    pub fn basic_client(&self) -> Option<(String, String)> {
        client_credentials(self.header("authorization")?)
    }
}

fn user_and_password(header: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Id and secret are form-encoded inside the base64, which clients like to forget.
fn client_credentials(header: &str) -> Option<(String, String)> {
    let (id, secret) = user_and_password(header)?;
    Some((form_decoded(&id)?, form_decoded(&secret)?))
}

fn form_decoded(encoded: &str) -> Option<String> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*+%".contains(&byte);
    if !encoded.bytes().all(safe) {
        return None;
    }
    form_urlencoded::parse(format!("v={encoded}").as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
}

/// Whether a parameter was sent twice, which RFC 6749 section 3.2 forbids.
pub(crate) fn has_duplicates(pairs: &[(String, String)]) -> bool {
    let mut names = HashSet::new();
    !pairs.iter().all(|(name, _)| names.insert(name))
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// In the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON document.
    #[must_use]
    pub fn json(status: u16, document: &Value) -> Self {
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        Self {
            status,
            headers,
            body: document.to_string().into_bytes(),
        }
    }

    /// An error object (RFC 6749 section 5.2).
    #[must_use]
    pub fn error(status: u16, error: &str, description: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": error, "error_description": description }),
        )
    }

    /// A page of HTML.
    #[must_use]
    pub fn page(status: u16, body: &str) -> Self {
        let headers = vec![
            ("content-type".into(), "text/html; charset=utf-8".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        let html = format!("<!doctype html><title>Test provider</title>{body}");
        Self {
            status,
            headers,
            body: html.into_bytes(),
        }
    }

    /// A redirect to `location`.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self {
            status,
            headers: vec![("location".into(), location.into())],
            body: Vec::new(),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub(crate) fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

pub(crate) fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_must_be_form_encoded_before_base64() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let encoded = header("a%3Ab:s3cr%3Aet%2F%2B+%25%26%3D%7E");
        let decoded = client_credentials(&encoded).expect("well formed");
        assert_eq!(decoded, ("a:b".into(), "s3cr:et/+ %&=~".into()));
        assert_eq!(client_credentials(&header("a:s3cr:et/+ %&=~")), None);
        assert_eq!(client_credentials("Bearer abc"), None);
    }
}
