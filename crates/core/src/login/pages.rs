//! The pages that the browser shows: their frame, their headers, and those at the end of a login. The latter are
//! constants: nothing that a request carried is ever written into one.
//!
//! They work without script and load nothing: the style is part of the page, and the policy names its hash.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{Response, StatusCode};

/// Where the browser is sent after the callback, so that the code leaves its address bar.
pub(super) const RECEIVED: &str = "/received";
/// The same, where access was not granted.
pub(super) const DENIED: &str = "/denied";

pub(super) type Page = Response<Full<Bytes>>;

/// The one style of all pages.
const STYLE: &str = include_str!("pages/style.css");
/// SHA-256 of the style, the only one that the pages' policy lets the browser use.
const STYLE_HASH: &str = "QWkNCI/3K7+UJiqpDTvdJVn8KNqaACbuFQtzMMMjX+4=";

const KEY: &str = "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"7.5\" cy=\"12\" r=\"4.5\"/>\
    <path d=\"M12 12h9v4M17 12v3\"/></svg>";

/// What a page may do besides being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Constant,
    /// Send a form to where it came from.
    Form,
}

pub(super) fn received() -> Page {
    page(
        StatusCode::OK,
        "Back to the terminal",
        "good",
        "authkeep has received the answer. You can close this tab; the terminal shows the result.",
    )
}

pub(super) fn denied() -> Page {
    page(
        StatusCode::OK,
        "Access was not granted",
        "bad",
        "Nothing was stored. You can close this tab; the terminal says what to do next.",
    )
}

pub(super) fn not_ours() -> Page {
    page(
        StatusCode::BAD_REQUEST,
        "This is not the answer to the login in progress",
        "bad",
        "It was ignored, and the login goes on waiting.",
    )
}

pub(super) fn not_found() -> Page {
    page(
        StatusCode::NOT_FOUND,
        "Not found",
        "",
        "There is nothing at this address.",
    )
}

pub(super) fn method_not_allowed() -> Page {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "Not allowed",
        "",
        "Only GET is answered here.",
    )
}

/// Sends the browser on to a page without parameters.
pub(super) fn see_other(path: &'static str) -> Page {
    sent_on(HeaderValue::from_static(path))
}

/// Sends the browser on to `location`.
pub(super) fn sent_on(location: HeaderValue) -> Page {
    let mut response = page(StatusCode::SEE_OTHER, "Received", "", "Going on.");
    response.headers_mut().insert(LOCATION, location);
    response
}

/// A page that says one thing. `tone` is `good`, `bad` or empty.
pub(super) fn page(status: StatusCode, title: &str, tone: &str, text: &str) -> Page {
    let content = format!("<h1 class=\"{tone}\">{title}</h1>\n<p>{text}</p>\n");
    framed(status, title, &content, Kind::Constant)
}

/// A page around `content`, which is HTML, as `title` is.
pub(super) fn framed(status: StatusCode, title: &str, content: &str, kind: Kind) -> Page {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · authkeep</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <p class=\"brand\">{KEY}authkeep</p>\n{content}</main>\n</body>\n</html>\n"
    );
    let form_action = match kind {
        Kind::Constant => "'none'",
        Kind::Form => "'self'",
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let referrer = match kind {
        Kind::Constant => "no-referrer",
        // Under `no-referrer` browsers send `Origin: null` with the form itself, and it could not be told from
        // another site's. Under this one nothing leaves the origin either.
        Kind::Form => "same-origin",
    };
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, referrer),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // It is made of constants, all of them ASCII.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_style_that_the_pages_have() {
        assert_eq!(STYLE_HASH, STANDARD.encode(Sha256::digest(STYLE)));
        let page = received();
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains(STYLE_HASH), "{policy}");
        assert!(!STYLE.contains("</"), "the style would end early");
    }
}
