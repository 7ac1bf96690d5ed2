//! Which URLs may be given to a browser.
//!
//! An authorization endpoint comes from a definition or a metadata document, so it is foreign text. Handed to
//! the system's URL opener, `file:` or a vendor scheme runs programs and a leading `-` becomes an
//! option. Only what parses as https, and is written out again from the parse, gets through.

use std::fmt;

use url::{Host, Url};

/// A URL that is safe to hand to a browser: https, or http on loopback for `local` definitions.
#[derive(Debug, Clone)]
pub struct BrowserUrl(Url);

/// Whether http on a loopback address is acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loopbacks {
    /// Only https: the rule.
    Refused,
    /// Also http on loopback: for definitions marked `local`.
    Allowed,
}

/// Why a URL must not be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForbiddenUrl {
    /// It is no URL at all.
    #[error("it is not a URL")]
    NotAUrl,
    /// It contains white space or control characters, which parsers silently drop.
    #[error("it contains white space or control characters")]
    ControlCharacter,
    /// Its scheme could start a program.
    #[error("its scheme is `{0}`, only https is opened")]
    Scheme(String),
    /// It contains a user name or a password, which makes it look like another site's.
    #[error("it contains a user name or a password")]
    UserInfo,
    /// It names no host.
    #[error("it names no host")]
    NoHost,
    /// Its host holds characters that no host name has, but that mean something to a shell.
    #[error("its host holds characters that no host name has")]
    OddHost,
}

impl BrowserUrl {
    /// Checks `text` and writes it out anew.
    ///
    /// # Errors
    ///
    /// [`ForbiddenUrl`] says what is wrong with it.
    pub fn parse(text: &str, loopbacks: Loopbacks) -> Result<Self, ForbiddenUrl> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ForbiddenUrl::ControlCharacter);
        }
        let url = Url::parse(text).map_err(|_| ForbiddenUrl::NotAUrl)?;
        match (url.scheme(), loopbacks) {
            ("https", _) => {}
            ("http", Loopbacks::Allowed) if is_loopback(&url) => {}
            (scheme, _) => return Err(ForbiddenUrl::Scheme(scheme.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ForbiddenUrl::UserInfo);
        }
        match url.host() {
            None | Some(Host::Domain("")) => return Err(ForbiddenUrl::NoHost),
            // The URL standard lets these pass: `$`, `(`, a backtick, a quote.
            Some(Host::Domain(name)) if !name.bytes().all(is_of_a_name) => {
                return Err(ForbiddenUrl::OddHost);
            }
            Some(_) => {}
        }
        Ok(Self(url))
    }

    /// Where on this machine the browser will be sent back to, as the host that the address names and the port; `None`
    /// where it is sent elsewhere.
    pub fn redirected_to(&self) -> Option<(String, u16)> {
        let mut parameters = self.0.query_pairs();
        let (_, redirect_uri) = parameters.find(|(name, _)| name == "redirect_uri")?;
        let redirect_uri = Url::parse(&redirect_uri).ok()?;
        let is_here = redirect_uri.scheme() == "http" && is_loopback(&redirect_uri);
        let host = redirect_uri.host_str().filter(|_| is_here)?;
        Some((host.to_owned(), redirect_uri.port()?))
    }

    /// The URL as one argument; it begins with its scheme, so it is never taken for an option.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Names in other alphabets are written in this one by now.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for BrowserUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_opened_unless_the_definition_is_local() {
        let check = |text: &str, loopbacks, expected: Result<&str, ForbiddenUrl>| {
            let parsed = BrowserUrl::parse(text, loopbacks);
            assert_eq!(
                parsed.as_ref().map(BrowserUrl::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        };
        let scheme = |word: &str| Err(ForbiddenUrl::Scheme(word.to_owned()));
        use Loopbacks::{Allowed, Refused};
        check(
            "https://a.example/x?y=z",
            Refused,
            Ok("https://a.example/x?y=z"),
        );
        check("HTTPS://A.example", Refused, Ok("https://a.example/"));
        check("http://127.0.0.1:8/x", Allowed, Ok("http://127.0.0.1:8/x"));
        check("http://[::1]:8/x", Allowed, Ok("http://[::1]:8/x"));
        check("http://127.0.0.1:8/x", Refused, scheme("http"));
        check("http://a.example/x", Allowed, scheme("http"));
        check("http://localhost.a.example/x", Allowed, scheme("http"));
        check("javascript:alert(1)", Allowed, scheme("javascript"));
        check("file:///etc/passwd", Allowed, scheme("file"));
        check("ms-msdt:/id", Allowed, scheme("ms-msdt"));
        check("--help", Refused, Err(ForbiddenUrl::NotAUrl));
        check(
            "https://a.example/\nx",
            Refused,
            Err(ForbiddenUrl::ControlCharacter),
        );
        check(
            " https://a.example/",
            Refused,
            Err(ForbiddenUrl::ControlCharacter),
        );
        check(
            "https://bank.example@evil.example/",
            Refused,
            Err(ForbiddenUrl::UserInfo),
        );
        check("https://", Refused, Err(ForbiddenUrl::NotAUrl));
        check("https://`id`/", Refused, Err(ForbiddenUrl::OddHost));
        check("https://$(id)/", Refused, Err(ForbiddenUrl::OddHost));
    }
}
