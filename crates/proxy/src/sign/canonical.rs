//! The canonical form of a request: the bytes that a signature is made of, which the server makes again of what it gets.
//!
//! What two readers could take for different requests is written in one way first ([`in_one_way`]), so that what is
//! sent is what is signed.

use http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// All but the unreserved characters (RFC 3986 section 2.3).
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &STRICT.remove(b'/');

/// How a service makes a path canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// S3: names of objects are anything, so the path is taken as it is.
    AsSent,
    /// All others: dot segments and empty segments are resolved, and what is encoded is encoded once more.
    EncodedAgain,
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Canonical<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path as it is sent.
    pub path: &'a str,
    /// The query as it is sent, without the `?`.
    pub query: &'a str,
    /// The headers as they are sent.
    pub headers: &'a HeaderMap,
    /// Which of them are signed, in their order; see [`signed_headers`].
    pub signed: &'a [HeaderName],
    /// The hash of the body, or the word that stands in its place.
    pub payload: &'a str,
    /// How the path is written.
    pub paths: Paths,
}

impl Canonical<'_> {
    /// The canonical request.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        let mut line = |text: &[u8]| {
            out.extend_from_slice(text);
            out.push(b'\n');
        };
        line(self.method.as_bytes());
        line(path(self.path, self.paths).as_bytes());
        line(query(self.query).as_bytes());
        for name in self.signed {
            let mut text = name.as_str().as_bytes().to_vec();
            text.push(b':');
            for (at, value) in self.headers.get_all(name).iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                push_trimmed(&mut text, value.as_bytes());
            }
            line(&text);
        }
        line(b"");
        line(names(self.signed).as_bytes());
        out.extend_from_slice(self.payload.as_bytes());
        out
    }
}

/// The names as they stand in an `Authorization` header.
pub(super) fn names(signed: &[HeaderName]) -> String {
    let names: Vec<&str> = signed.iter().map(HeaderName::as_str).collect();
    names.join(";")
}

/// The headers to sign, sorted: those that say what the request is about, and those that the sender has signed too and
/// that are still there.
pub fn signed_headers(headers: &HeaderMap, senders: &[HeaderName]) -> Vec<HeaderName> {
    // What connections and gateways change on the way.
    const CHANGING: [&str; 5] = [
        "authorization",
        "expect",
        "te",
        "transfer-encoding",
        "x-amzn-trace-id",
    ];
    let is_signed = |name: &&HeaderName| {
        let text = name.as_str();
        let is_meaning = matches!(text, "host" | "content-type" | "content-md5");
        (is_meaning || text.starts_with("x-amz-") || senders.contains(name))
            && !CHANGING.contains(&text)
            && !crate::hygiene::is_hop_by_hop(text)
    };
    let mut signed: Vec<HeaderName> = headers.keys().filter(is_signed).cloned().collect();
    signed.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    signed
}

/// A value without the space around it, and with one space in place of several.
fn push_trimmed(out: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace);
    for (at, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

fn path(sent: &str, paths: Paths) -> String {
    match paths {
        Paths::AsSent => sent.to_owned(),
        Paths::EncodedAgain => percent_encode(resolved(sent).as_bytes(), PATH).collect(),
    }
}

/// The path without dot segments (RFC 3986 section 5.2.4) and without empty ones.
fn resolved(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut resolved = format!("/{}", kept.join("/"));
    if path.ends_with('/') && !kept.is_empty() {
        resolved.push('/');
    }
    resolved
}

fn query(sent: &str) -> String {
    let pairs = sent.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(&str, &str)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// Path and query with each character encoded the way that signatures want it; one that says the same already comes back
/// as it is. A `+` in a query becomes a space, as in forms; one in a path stays a plus, and an encoded slash stays one.
pub fn in_one_way(path: &str, query: &str, paths: Paths) -> (String, String) {
    let recoded = |text: &str| {
        let decoded: Vec<u8> = percent_decode(text.as_bytes()).collect();
        percent_encode(&decoded, STRICT).to_string()
    };
    let path = match paths {
        // Only here is the sent path itself signed.
        Paths::AsSent => {
            let segments: Vec<String> = path.split('/').map(recoded).collect();
            segments.join("/")
        }
        Paths::EncodedAgain => path.to_owned(),
    };
    let part = |text: &str| recoded(&text.replace('+', "%20"));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<String> = pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{}={}", part(name), part(value)),
            None => part(pair),
        })
        .collect();
    (path, pairs.join("&"))
}

#[cfg(test)]
mod tests;
