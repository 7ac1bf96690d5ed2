//! A request in words: decoded, because it is for reading.

use authkeep_flows::HttpRequest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret as _;
use url::{Position, Url, form_urlencoded};

/// What would be sent. Only stand-ins are in it, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedRequest {
    /// What it is for, such as `token`.
    pub step: String,
    /// The method; `browser` for what a person opens.
    pub method: String,
    /// The address without its query, decoded.
    pub url: String,
    /// The parameters of the query, decoded.
    pub query: Vec<(String, String)>,
    /// The headers. HTTP Basic is shown as what is encoded in it.
    pub headers: Vec<(String, String)>,
    /// The parameters of a form, decoded.
    pub form: Vec<(String, String)>,
    /// Any other body, as it is.
    pub body: Option<String>,
}

impl DescribedRequest {
    /// An address that a person opens.
    pub(super) fn page(step: &str, url: &Url) -> Self {
        Self {
            step: step.to_owned(),
            method: "browser".to_owned(),
            url: without_query(url),
            query: pairs(url.query().unwrap_or_default().as_bytes()),
            headers: Vec::new(),
            form: Vec::new(),
            body: None,
        }
    }

    /// A request that carries nothing but stand-ins.
    pub(super) fn of(step: &str, request: &HttpRequest) -> Self {
        // EXPOSE: stand-ins, which stand where secrets will.
        let body = request.body().map(|body| body.expose_secret().to_vec());
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            // EXPOSE: the same.
            .map(|(name, value)| (name.clone(), readable(value.expose_secret())))
            .collect();
        let is_form = headers
            .iter()
            .any(|(name, value)| name == "content-type" && value.contains("form-urlencoded"));
        let (form, body) = match body {
            Some(body) if is_form => (pairs(&body), None),
            Some(body) => (
                Vec::new(),
                Some(String::from_utf8_lossy(&body).into_owned()),
            ),
            None => (Vec::new(), None),
        };
        Self {
            method: request.method().as_str().to_owned(),
            headers,
            form,
            body,
            ..Self::page(step, request.url())
        }
    }
}

fn without_query(url: &Url) -> String {
    decoded(&url[..Position::AfterPath])
}

fn decoded(text: &str) -> String {
    in_one_line(&percent_decode_str(text).decode_utf8_lossy())
}

/// What is decoded may not look like more lines than there are.
fn in_one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// What is made anew for each login is shown by its name, like what a person enters.
fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    const MADE: [&str; 4] = [
        "state",
        "code_challenge",
        "code_verifier",
        "client_assertion",
    ];
    let shown = |(name, value): (String, String)| match MADE.contains(&name.as_str()) {
        true => {
            let stand_in = format!("<{name}>");
            (name, stand_in)
        }
        false => (in_one_line(&name), in_one_line(&value)),
    };
    form_urlencoded::parse(encoded)
        .into_owned()
        .map(shown)
        .collect()
}

/// What HTTP Basic hides in base64 is shown; anything else as it is.
fn readable(value: &str) -> String {
    let hidden = value
        .strip_prefix("Basic ")
        .and_then(|text| BASE64_STANDARD.decode(text).ok());
    match hidden.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => format!("Basic base64({})", decoded(&text)),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use authkeep_flows::Method;

    use super::*;

    #[test]
    fn what_is_decoded_stays_in_its_line() {
        let url = Url::parse("https://a.example/%1b%0aapi_key?x=%0d%0afake%3aline").unwrap();
        let request = HttpRequest::new(Method::Get, url);
        let described = DescribedRequest::of("token", &request);
        let seen = format!("{}{:?}", described.url, described.query);
        assert!(!described.url.contains(char::is_control), "{seen}");
        assert!(!described.query[0].1.contains(char::is_control), "{seen}");
        assert!(described.query[0].1.ends_with("fake:line"), "{seen}");
    }
}
