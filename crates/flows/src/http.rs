//! The neutral request and response that pass between this crate and whoever does the I/O.
//!
//! They are data, not a client. Both may carry secrets in headers, body and query, so their
//! `Debug` shows the shape of the message and none of its values.
//!
//! Whoever sends a request must not follow redirects: a redirect would carry the credentials in
//! the body to an address nobody pinned.

use std::fmt;

use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

/// The HTTP methods that OAuth and the vendors' variations of it use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`, seen in vendors' revocation endpoints only.
    Get,
    /// `POST`, every token request.
    Post,
    /// `DELETE`, some vendors' way to revoke.
    Delete,
}

impl Method {
    /// The method as it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that is ready to be sent.
///
/// Not `Clone`: a request may carry a one-shot value such as an authorization code.
pub struct HttpRequest {
    method: Method,
    url: Url,
    headers: Vec<(String, SecretString)>,
    body: Option<SecretSlice<u8>>,
}

impl HttpRequest {
    /// A request without a body.
    ///
    /// It asks for JSON, because several servers answer form-encoded unless told.
    pub fn new(method: Method, url: Url) -> Self {
        let headers = vec![("accept".to_owned(), SecretString::from("application/json"))];
        Self {
            method,
            url,
            headers,
            body: None,
        }
    }

    /// Sets a header, replacing one of the same name in any case.
    ///
    /// The value is not checked here; HTTP clients refuse values with line breaks.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        let name = name.into();
        self.headers
            .retain(|(existing, _)| !existing.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the `Authorization` header to user name and password as they are (RFC 7617). A client id and its secret
    /// are encoded once more before: see [`Client`](crate::Client).
    #[must_use]
    pub fn with_basic(self, user: &SecretString, password: &SecretString) -> Self {
        // EXPOSE: into the header's value, which is a secret itself.
        let (user, password) = (user.expose_secret(), password.expose_secret());
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + password.len() + 1));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        self.with_header("authorization", crate::client::basic(&pair))
    }

    /// Sets a form-encoded body and its content type.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        // A byte becomes three at most. Reserving that much means that the buffer never moves
        // and leaves no copy of a secret behind.
        let capacity = pairs.iter().map(|(n, v)| 3 * (n.len() + v.len()) + 2).sum();
        let mut encoded = Zeroizing::new(String::with_capacity(capacity));
        for (name, value) in pairs {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            form_encode_into(&mut encoded, name);
            encoded.push('=');
            form_encode_into(&mut encoded, value);
        }
        self.with_body("application/x-www-form-urlencoded", encoded.as_bytes())
    }

    /// Sets a JSON body and its content type. The value is wiped once it has been written out.
    #[must_use]
    pub fn json(self, value: Value) -> Self {
        let mut value = value;
        let encoded = Zeroizing::new(value.to_string());
        wipe(&mut value);
        self.with_body("application/json", encoded.as_bytes())
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The address. Its query may hold a secret: do not print it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers, each name once. Values may be secrets.
    pub fn headers(&self) -> &[(String, SecretString)] {
        &self.headers
    }

    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&SecretString> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The body, already encoded, or `None` where none is to be sent.
    pub fn body(&self) -> Option<&SecretSlice<u8>> {
        self.body.as_ref()
    }

    fn with_body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = Some(SecretSlice::from(body.to_vec()));
        self.with_header("content-type", content_type)
    }
}

/// The value of an `Authorization` header that presents a token (RFC 6750 §2.1).
pub(crate) fn bearer(token: &SecretString) -> SecretString {
    // EXPOSE: into the header's value, which is a secret itself.
    let header = Zeroizing::new(["Bearer ", token.expose_secret()].concat());
    SecretString::from(header.as_str())
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &RedactedUrl(&self.url))
            .field("headers", &headers)
            .field("body", &self.body.as_ref().map(|_| Redacted))
            .finish()
    }
}

/// A response as it came from the network, body read to its end.
///
/// How large a body may get is decided by whoever reads it from the socket.
pub struct HttpResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: SecretSlice<u8>,
}

impl HttpResponse {
    /// A response from its parts.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body: SecretSlice::from(body),
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Every header of this name, in any case.
    pub(crate) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        let found = self.headers.iter().filter(named);
        found.map(|(_, value)| value.as_str())
    }

    /// The body. It is a secret as a whole: it may hold tokens in any place.
    pub fn body(&self) -> &[u8] {
        // EXPOSE: the readers of this crate parse it; the doc comment warns everyone else.
        self.body.expose_secret()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &headers)
            .field("body", &Redacted)
            .finish()
    }
}

/// An address without the parts that may hold a secret: userinfo, query and fragment.
pub(crate) struct RedactedUrl<'a>(pub(crate) &'a Url);

impl fmt::Debug for RedactedUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.0.scheme())?;
        f.write_str(self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path())?;
        match self.0.query() {
            Some(_) => f.write_str("?[redacted]"),
            None => Ok(()),
        }
    }
}

/// What `Debug` shows in place of a value.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Appends `text` in the `application/x-www-form-urlencoded` encoding (RFC 6749 appendix B).
pub(crate) fn form_encode_into(out: &mut String, text: &str) {
    for piece in form_urlencoded::byte_serialize(text.as_bytes()) {
        out.push_str(piece);
    }
}

/// Overwrites every string in a JSON value, keys included.
pub(crate) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => {
            for (mut name, mut field) in std::mem::take(fields) {
                name.zeroize();
                wipe(&mut field);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("test URL")
    }

    #[test]
    fn a_form_body_is_encoded_and_typed() {
        let request = HttpRequest::new(Method::Post, url("https://as.test/token"))
            .form(&[("a", "1 2"), ("b+", "&=é~")]);
        let body = request.body().expect("a body");
        assert_eq!(body.expose_secret(), b"a=1+2&b%2B=%26%3D%C3%A9%7E");
        let content_type = request.header("Content-Type").expect("a content type");
        assert_eq!(
            content_type.expose_secret(),
            "application/x-www-form-urlencoded"
        );
    }

    #[test]
    fn a_header_is_replaced_in_any_case() {
        let request = HttpRequest::new(Method::Get, url("https://as.test/"))
            .with_header("Accept", "text/plain")
            .with_header("ACCEPT", "text/html");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(
            request.header("accept").map(ExposeSecret::expose_secret),
            Some("text/html")
        );
    }

    #[test]
    fn user_name_and_password_are_a_header() {
        // The example of RFC 7617 §2.
        let (user, password) = ("Aladdin".into(), "open sesame".into());
        let request =
            HttpRequest::new(Method::Get, url("https://as.test/")).with_basic(&user, &password);
        let header = request.header("Authorization").expect("a header");
        assert_eq!(header.expose_secret(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn a_response_header_is_found_in_any_case() {
        let headers = vec![
            ("Retry-After".to_owned(), "7".to_owned()),
            ("retry-after".to_owned(), "9".to_owned()),
        ];
        let response = HttpResponse::new(429, headers, Vec::new());
        assert_eq!(response.header("RETRY-AFTER"), Some("7"));
        assert_eq!(response.header("location"), None);
    }

    #[test]
    fn wiping_reaches_every_string() {
        let mut value = serde_json::json!({"a": ["x", {"b": "y"}], "c": 1});
        wipe(&mut value);
        assert_eq!(value, serde_json::json!({}));
        let mut value = serde_json::json!(["x", ["y"]]);
        wipe(&mut value);
        assert_eq!(value, serde_json::json!(["", [""]]));
    }
}
