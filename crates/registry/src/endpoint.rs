//! What a URL in a definition must look like once its parameters are filled in.
//!
//! https, an ordinary host, no user name, no fragment. Plain http passes for a local definition on a
//! loopback host, because nothing leaves the machine there.

use url::{Host, Url};

use crate::address::{self, Locality};

/// Parses and checks a concrete URL, such as an endpoint.
///
/// # Errors
/// The reason, such as `must be https (found http)`, to be put behind what it is about.
pub fn check(text: &str, locality: Locality) -> Result<Url, String> {
    // The URL parser repairs backslashes, tabs and spaces silently; here they are only ever a trick.
    if let Some(odd) = text
        .chars()
        .find(|c| !c.is_ascii_graphic() || "\\\"<>^`{|}".contains(*c))
    {
        return Err(format!(
            "contains {:?}, which does not belong in a URL",
            odd
        ));
    }
    let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
    // The parser also repairs a missing or a third slash.
    let slashes = text.get(url.scheme().len()..).unwrap_or_default();
    if url.has_host() && (!slashes.starts_with("://") || slashes.starts_with(":///")) {
        return Err("must have exactly two slashes before its host".to_owned());
    }
    let Some(host) = url.host() else {
        return Err(format!("must be https (found {})", url.scheme()));
    };
    match url.scheme() {
        "https" => {}
        "http" if locality == Locality::Local && address::is_loopback(&host) => {}
        "http" if locality == Locality::Local => {
            return Err("must be https (plain http is allowed on loopback only)".to_owned());
        }
        other => return Err(format!("must be https (found {other})")),
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err("must not contain a user name or password".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must not contain a fragment".to_owned());
    }
    if let Some(why) = address::objection(&host, locality) {
        return Err(format!("has the host {}, which {why}", shown(&host)));
    }
    if matches!(&host, Host::Domain(name) if name.ends_with('.')) {
        return Err("has a host that ends in a dot".to_owned());
    }
    Ok(url)
}

/// Checks a page that a browser opens: it may have a fragment if that is a path, as applications have it that find their
/// pages by themselves (`https://app.example.com/#/oauth/authorize`).
pub(crate) fn check_page(text: &str, locality: Locality) -> Result<Url, String> {
    let Some((page, fragment)) = text.split_once('#') else {
        return check(text, locality);
    };
    let url = check(page, locality)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    if !fragment.starts_with('/') || !fragment.bytes().all(plain) || url.query().is_some() {
        return Err("must not contain a fragment, unless that is a plain path".to_owned());
    }
    Url::parse(text).map_err(|_| "is not a URL".to_owned())
}

/// The origin of a URL as text, such as `https://api.example.com`.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn authority(text: &str) -> &str {
    let after = text.split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

fn shown(host: &Host<&str>) -> String {
    crate::text::quote(&host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_urls_say_why() {
        for (text, why) in [
            ("http://api.example.com/", "must be https (found http)"),
            ("javascript:alert(1)", "must be https (found javascript)"),
            ("file:///etc/passwd", "must be https (found file)"),
            ("data:text/html,x", "must be https (found data)"),
            ("ftp://example.com/", "must be https (found ftp)"),
            ("https://user:pw@example.com/", "user name or password"),
            ("https://@example.com/", "user name or password"),
            ("https://example.com/#x", "fragment"),
            ("https://example.com\\@evil.example/", "does not belong"),
            ("https://exa mple.com/", "does not belong"),
            ("https://exämple.com/", "does not belong"),
            ("https://10.0.0.1/", "private address"),
            ("https://0x7f.1/", "private address"),
            ("https://2130706433/", "private address"),
            ("https://[::1]/", "private address"),
            ("https://[::ffff:169.254.169.254]/", "private address"),
            ("https://localhost/", "local name"),
            ("https://example.com./", "ends in a dot"),
            ("https://example.com:99999/", "is not a URL"),
            ("https:example.com", "two slashes"),
            ("https:/example.com", "two slashes"),
            ("https:///example.com", "two slashes"),
            ("example.com", "is not a URL"),
            ("", "is not a URL"),
        ] {
            let error = check(text, Locality::Public).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn the_parser_alone_would_accept_the_tricks() {
        for (text, host) in [
            ("https://example.com\\@evil.example/", "example.com"),
            ("https://trusted.example@evil.example/", "evil.example"),
            ("https://exa\tmple.com/", "example.com"),
            ("https://2130706433/", "127.0.0.1"),
            ("https:///evil.example", "evil.example"),
        ] {
            let url = Url::parse(text).expect("the parser repairs it");
            assert_eq!(url.host_str(), Some(host));
            assert!(check(text, Locality::Public).is_err(), "{text}");
        }
    }

    #[test]
    fn local_definitions_may_use_loopback_http_but_not_http_elsewhere() {
        for text in [
            "http://127.0.0.1:8080/x",
            "http://localhost/",
            "http://[::1]:1/",
            "https://10.0.0.1/",
        ] {
            assert!(check(text, Locality::Local).is_ok(), "{text}");
            assert!(check(text, Locality::Public).is_err(), "{text}");
        }
        for text in ["http://10.0.0.1/", "http://example.com/"] {
            assert!(check(text, Locality::Local).is_err(), "{text}");
        }
    }

    #[test]
    fn an_ordinary_url_passes() {
        let url = check("https://api.example.com/v1?x=1", Locality::Public).expect("passes");
        assert_eq!(origin(&url), "https://api.example.com");
    }
}
