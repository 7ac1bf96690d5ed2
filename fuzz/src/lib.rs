//! What the fuzz targets have in common: bytes as answers of a server, what must hold of any error, and a browser that
//! sends anything.
//!
//! A target fails by panicking, in whichever thread: libFuzzer keeps the input that did it. Nothing here is secret, so
//! all randomness is the same bytes over and over, and a target knows the state and the tokens that nobody could guess.

mod browser;
mod login;

use std::error::Error;

use authkeep_flows::HttpResponse;
use authkeep_vault::EntropyError;

pub use browser::{Address, exchange};
pub use login::endless_logins;

/// A server's answer: the first byte chooses the status, the second the content type, the rest is the body.
pub fn response(data: &[u8]) -> Option<HttpResponse> {
    const STATUS: [u16; 12] = [200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503];
    const KIND: [&str; 5] = [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/html",
        "",
    ];
    let (&[status, kind], body) = data.split_first_chunk()?;
    let status = STATUS[usize::from(status) % STATUS.len()];
    let kind = KIND[usize::from(kind) % KIND.len()].to_owned();
    let headers = vec![("content-type".to_owned(), kind)];
    Some(HttpResponse::new(status, headers, body.to_vec()))
}

/// Whatever a server says, what is said of it can be printed on a line, and is not longer than a person reads.
pub fn check(error: &dyn Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.len() <= 2_000, "{} bytes", text.len());
        next = error.source();
    }
}

/// Whether a value may stand in a header.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Randomness that is none.
pub fn known_bytes(bytes: &mut [u8]) -> Result<(), EntropyError> {
    bytes.fill(7);
    Ok(())
}
