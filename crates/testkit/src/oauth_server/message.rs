//! A request read whole and a reply to be sent whole: what the endpoints work with.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::seen::{Seen, first};

/// A request with its body.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn from_parts(head: &hyper::http::request::Parts, body: Vec<u8>) -> Self {
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
        let kind = first(&headers, "content-type").unwrap_or_default();
        let is_form = kind.split(';').next() == Some("application/x-www-form-urlencoded");
        let form = if is_form { pairs(&body) } else { Vec::new() };
        Self {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
            headers,
            form,
            body,
        }
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            form: self.form.clone(),
            json: serde_json::from_slice(&self.body).unwrap_or_default(),
            status: None,
            arrived: Instant::now(),
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1).
    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// Whether a parameter was sent twice, which RFC 6749 section 3.2 forbids.
pub(super) fn has_duplicates(pairs: &[(String, String)]) -> bool {
    let mut names = HashSet::new();
    !pairs.iter().all(|(name, _)| names.insert(name))
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(status: u16, document: &Value) -> Self {
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
    pub(super) fn error(status: u16, error: &str, description: &str) -> Self {
        Self::json(
            status,
            &json!({ "error": error, "error_description": description }),
        )
    }

    pub(super) fn page(status: u16, body: &str) -> Self {
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

    pub(super) fn redirect(status: u16, location: &str) -> Self {
        Self {
            status,
            headers: vec![("location".into(), location.into())],
            body: Vec::new(),
        }
    }

    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
