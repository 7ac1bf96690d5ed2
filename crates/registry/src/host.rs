//! Host patterns: where a credential may be sent.
//!
//! Three forms, no regular expressions: `api.example.com`, `*.example.com` (one label or more, never
//! the bare suffix), either with `:port` and a path prefix such as `/api/`. Without a port, 443 is
//! meant. A pattern that would match half the internet does not parse.

use std::fmt;
use std::str::FromStr;

use url::Host;

use crate::address::{self, Locality};
use crate::text;

const HTTPS: u16 = 443;

/// A checked host pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    host: HostMatch,
    port: u16,
    path: Option<String>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum HostMatch {
    /// Lower case, IP literals in their one canonical form, IPv6 in brackets.
    Exact(String),
    /// Lower case, without the leading `*.`.
    Below(String),
}

impl HostPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`InvalidHostPattern`] says what is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, InvalidHostPattern> {
        let refuse = |why: &'static str| {
            Err(InvalidHostPattern {
                shown: text::quote(pattern),
                why,
            })
        };
        if pattern.contains("://") {
            return refuse("it has a scheme; write the host alone");
        }
        let (authority, path) = match pattern.find('/') {
            Some(at) => (&pattern[..at], Some(&pattern[at..])),
            None => (pattern, None),
        };
        let Some((host, port)) = split_port(authority) else {
            return refuse("its port is not a number between 1 and 65535");
        };
        let (host, wildcard) = match host.strip_prefix("*.") {
            Some(suffix) => (suffix, true),
            None => (host, false),
        };
        if host.contains('*') {
            return refuse(
                "a `*` may only stand for whole labels at the start, as in `*.example.com`",
            );
        }
        if !host.is_ascii() {
            return refuse("it is not ASCII; write an international name in its `xn--` form");
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:[]".contains(&b);
        if host.is_empty() || !host.bytes().all(allowed) {
            return refuse("it is not a host name");
        }
        let Ok(parsed) = Host::parse(host) else {
            return refuse("it is not a host name");
        };
        if let Host::Domain(name) = &parsed
            && (name.split('.').any(str::is_empty) || name.len() > 253)
        {
            return refuse("it has an empty label or is too long");
        }
        let host = match (parsed, wildcard) {
            (Host::Domain(suffix), true) if is_registry_suffix(&suffix) => {
                return refuse("it would match hosts of unrelated owners");
            }
            (Host::Domain(suffix), true) => HostMatch::Below(suffix),
            (_, true) => return refuse("an address has no subdomains"),
            (exact, false) => HostMatch::Exact(exact.to_string()),
        };
        let path = match path {
            None | Some("/") => None,
            Some(path) if !is_plain_path(path) || path.contains(['?', '#', '%']) => {
                return refuse("its path prefix is not a plain path");
            }
            Some(path) => Some(path.to_owned()),
        };
        Ok(Self { host, port, path })
    }

    /// True when a request to `host:port` for `path` falls under the pattern.
    ///
    /// `path` is the request path in any spelling; a query is ignored. A path that could be read two
    /// ways (dot segments, backslashes, encoded slashes) never falls under a path prefix.
    #[must_use]
    pub fn matches(&self, host: &str, port: u16, path: &str) -> bool {
        self.covers(host, port)
            && self
                .path
                .as_deref()
                .is_none_or(|prefix| path_is_under(path, prefix))
    }

    /// True when requests to `host:port` fall under the pattern, all or those below its path.
    #[must_use]
    pub fn covers(&self, host: &str, port: u16) -> bool {
        if port != self.port {
            return false;
        }
        match &self.host {
            HostMatch::Exact(exact) => {
                let inner = exact.strip_prefix('[').and_then(|e| e.strip_suffix(']'));
                host.eq_ignore_ascii_case(exact)
                    || inner.is_some_and(|inner| host.eq_ignore_ascii_case(inner))
            }
            HostMatch::Below(suffix) => {
                let split = host.len().checked_sub(suffix.len());
                split
                    .and_then(|at| host.split_at_checked(at))
                    .is_some_and(|(labels, end)| {
                        end.eq_ignore_ascii_case(suffix)
                            && labels
                                .strip_suffix('.')
                                .is_some_and(|labels| !labels.split('.').any(str::is_empty))
                    })
            }
        }
    }

    /// True when some request could fall under both patterns.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let hosts = match (&self.host, &other.host) {
            (HostMatch::Exact(a), HostMatch::Exact(b)) => a == b,
            (HostMatch::Exact(exact), HostMatch::Below(suffix))
            | (HostMatch::Below(suffix), HostMatch::Exact(exact)) => is_below(exact, suffix),
            (HostMatch::Below(a), HostMatch::Below(b)) => {
                a == b || is_below(a, b) || is_below(b, a)
            }
        };
        let paths = match (self.path.as_deref(), other.path.as_deref()) {
            (Some(a), Some(b)) => path_is_under(a, b) || path_is_under(b, a),
            _ => true,
        };
        hosts && paths && self.port == other.port
    }

    /// The port requests must go to; 443 unless the pattern says otherwise.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True for `*.suffix` patterns.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host, HostMatch::Below(_))
    }

    /// The host, or for a wildcard the suffix without `*.`; lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.host {
            HostMatch::Exact(host) | HostMatch::Below(host) => host,
        }
    }

    /// The path prefix, where the pattern has one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// True when `path` begins with the pattern's own prefix, letter by letter and up to the end of a segment. That
    /// limits nothing unless [`is_plain_path`] holds for it.
    #[must_use]
    pub fn begins(&self, path: &str) -> bool {
        self.path
            .as_deref()
            .is_none_or(|prefix| has_prefix(path, prefix))
    }

    /// Host and port without the path, such as `*.example.com` or `127.0.0.1:8080`.
    #[must_use]
    pub fn authority(&self) -> String {
        Self {
            path: None,
            ..self.clone()
        }
        .to_string()
    }

    /// True for `*.amazonaws.com`: the services of one vendor, and under the same suffix names that anyone has by asking.
    /// Only what says nothing to strangers may be sent there.
    pub(crate) fn is_vendors_and_strangers(&self) -> bool {
        matches!(&self.host, HostMatch::Below(suffix) if matches!(suffix.as_str(), "amazonaws.com" | "amazonaws.com.cn"))
    }

    /// Orders patterns that match the same request: the greatest is the most specific.
    #[must_use]
    pub fn specificity(&self) -> impl Ord + use<> {
        (
            !self.is_wildcard(),
            self.host().len(),
            self.path.as_ref().map_or(0, String::len),
        )
    }

    /// Returns why the pattern may not appear in a definition of this locality.
    pub(crate) fn objection(&self, locality: Locality) -> Option<&'static str> {
        let host = Host::parse(self.host()).ok()?;
        address::objection(&host, locality)
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(pattern: &str) -> Result<Self, InvalidHostPattern> {
        Self::parse(pattern)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_wildcard() {
            f.write_str("*.")?;
        }
        f.write_str(self.host())?;
        if self.port != HTTPS {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostPattern({self})")
    }
}

/// A text that is no host pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not a host pattern: {why}")]
pub struct InvalidHostPattern {
    shown: String,
    why: &'static str,
}

/// `host` and port of an authority; 443 when it has none, `None` when the port is malformed.
fn split_port(authority: &str) -> Option<(&str, u16)> {
    // A colon inside brackets belongs to an IPv6 address.
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_brackets..].find(':') else {
        return Some((authority, HTTPS));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let digits = &port[1..];
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let port = plain.then(|| digits.parse::<u16>().ok())??;
    (port != 0).then_some((host, port))
}

/// True for suffixes under which strangers register names. Not the whole public suffix list: the
/// single labels, the usual second levels, and hosting where anyone gets a name for free.
fn is_registry_suffix(suffix: &str) -> bool {
    const SECOND_LEVELS: [&str; 11] = [
        "co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob",
    ];
    const HOSTING: [&str; 17] = [
        "github.io",
        "gitlab.io",
        "pages.dev",
        "workers.dev",
        "vercel.app",
        "netlify.app",
        "herokuapp.com",
        "cloudfront.net",
        "web.app",
        "firebaseapp.com",
        "onrender.com",
        "fly.dev",
        "azurewebsites.net",
        "ngrok.io",
        "ngrok-free.app",
        "appspot.com",
        "run.app",
    ];
    let mut labels = suffix.rsplit('.');
    let (Some(top), Some(second)) = (labels.next(), labels.next()) else {
        return true;
    };
    let country_registry = top.len() == 2 && SECOND_LEVELS.contains(&second);
    (labels.next().is_none() && country_registry) || HOSTING.contains(&suffix)
}

fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix)
        .is_some_and(|labels| labels.ends_with('.'))
}

fn path_is_under(path: &str, prefix: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    is_plain_path(path) && has_prefix(path, prefix)
}

/// Prefixes end at a segment boundary: `/api` covers `/api` and `/api/x`, never `/apix`.
fn has_prefix(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

/// True for a path that every server reads the same way: no dot segments, empty segments, path parameters or
/// backslashes, and no encoded form of what would make one of them. A query or a fragment is not part of it.
#[must_use]
pub fn is_plain_path(path: &str) -> bool {
    // Empty segments are collapsed by some servers and kept by others; path parameters are cut off by some.
    path.starts_with('/')
        && path
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\\;#?".contains(&b))
        && !path.contains("//")
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
        && (!path.contains('%') || decodes_plainly(path))
}

/// True where decoding hides nothing from a server that decodes before it routes: no byte that ends, joins or cuts a
/// segment, and no overlong form of one, which is not UTF-8 (RFC 3629 section 3).
fn decodes_plainly(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut pieces = path.split('%');
    decoded.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let Some((digits, rest)) = piece.split_at_checked(2) else {
            return false;
        };
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(byte) = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex) else {
            return false;
        };
        if byte.is_ascii_control() || b"%./;\\".contains(&byte) {
            return false;
        }
        decoded.push(byte);
        decoded.extend_from_slice(rest.as_bytes());
    }
    std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests;
