//! What the server saw.

use std::time::Instant;

use serde_json::Value;

use crate::message::{Received, first};

/// One request as it arrived and the status it was answered with. Nothing is redacted: all secrets
/// here are made up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The decoded parameters of the query.
    pub query: Vec<(String, String)>,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The decoded fields of a form body; empty for any other body.
    pub form: Vec<(String, String)>,
    /// The body if it is JSON, else null.
    pub json: Value,
    /// The status sent; `None` while it is being answered and when the connection was closed
    /// instead.
    pub status: Option<u16>,
    /// When it had arrived whole.
    pub arrived: Instant,
}

impl Seen {
    pub(super) fn of(received: &Received) -> Self {
        Self {
            method: received.method.clone(),
            path: received.path.clone(),
            query: received.query.clone(),
            headers: received.headers.clone(),
            form: received.form.clone(),
            json: received.json(),
            status: None,
            arrived: Instant::now(),
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
}
