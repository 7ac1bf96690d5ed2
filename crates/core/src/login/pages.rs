//! The pages that the browser shows at the end of a login. They are constants: nothing that a request
//! carried is ever written into one.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

/// Where the browser is sent after the callback, so that the code leaves its address bar.
pub(super) const RECEIVED: &str = "/received";
/// The same, where access was not granted.
pub(super) const DENIED: &str = "/denied";

pub(super) type Page = Response<Full<Bytes>>;

pub(super) fn received() -> Page {
    page(
        StatusCode::OK,
        "Back to the terminal",
        "authkeep has received the answer. You can close this tab; the terminal shows the result.",
    )
}

pub(super) fn denied() -> Page {
    page(
        StatusCode::OK,
        "Access was not granted",
        "Nothing was stored. You can close this tab; the terminal says what to do next.",
    )
}

pub(super) fn not_ours() -> Page {
    page(
        StatusCode::BAD_REQUEST,
        "This is not the answer to the login in progress",
        "It was ignored, and the login goes on waiting.",
    )
}

pub(super) fn not_found() -> Page {
    page(
        StatusCode::NOT_FOUND,
        "Not found",
        "There is nothing at this address.",
    )
}

pub(super) fn method_not_allowed() -> Page {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "Not allowed",
        "Only GET is answered here.",
    )
}

/// Sends the browser on to a page without parameters.
pub(super) fn see_other(path: &'static str) -> Page {
    let mut response = page(StatusCode::SEE_OTHER, "Received", "Going on.");
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static(path));
    response
}

fn page(status: StatusCode, title: &str, text: &str) -> Page {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
