//! What every request to the token endpoint has in common (RFC 6749 §3.2).

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use crate::client::Client;
use crate::http::{HttpRequest, Method, RedactedUrl};

/// How the endpoint wants the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, the standard.
    Form,
    /// A flat JSON object, as Notion and Atlassian want it.
    Json,
}

/// A token endpoint and its habits.
#[derive(Clone)]
pub struct TokenEndpoint {
    /// Where to send the request.
    pub url: Url,
    /// How to write the body.
    pub format: BodyFormat,
    /// Further parameters. One that bears the name of a standard parameter is left out: a
    /// definition cannot replace the code, the verifier or the client's credentials.
    pub params: Vec<(String, String)>,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TokenEndpoint")
            .field("url", &RedactedUrl(&self.url))
            .field("format", &self.format)
            .field("params", &params)
            .finish()
    }
}

const STANDARD_PARAMS: [&str; 9] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// A grant's own parameters, plus the client's credentials, plus the endpoint's extras.
pub(crate) fn token_request<'a>(
    endpoint: &'a TokenEndpoint,
    client: &'a Client,
    grant: &[(&'a str, &'a str)],
) -> HttpRequest {
    let mut pairs = grant.to_vec();
    let authorization = client.authenticate(&mut pairs);
    for (name, value) in &endpoint.params {
        let taken = STANDARD_PARAMS.contains(&name.as_str())
            || pairs.iter().any(|(known, _)| known == name);
        if !taken {
            pairs.push((name, value));
        }
    }
    let request = HttpRequest::new(Method::Post, endpoint.url.clone());
    let request = match endpoint.format {
        BodyFormat::Form => request.form(&pairs),
        BodyFormat::Json => request.json(flat_object(&pairs)),
    };
    match authorization {
        Some(value) => request.with_header("authorization", value),
        None => request,
    }
}

/// The parameters as one JSON object of strings.
pub(crate) fn flat_object(pairs: &[(&str, &str)]) -> Value {
    let fields = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Value::Object(fields.collect::<Map<_, _>>())
}
