//! Requests of a vendor's own making, which no standard describes: how it revokes a token, exchanges one for a longer
//! lived one, or renews it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::client::Client;
use crate::http::{HttpRequest, Method, RedactedUrl, bearer};
use crate::secret::AccessToken;
use crate::token_request::flat_object;

/// A vendor's own request, as its definition spells it out. All values are already filled in.
pub struct VendorRequest<'a> {
    /// Where to send it.
    pub url: &'a Url,
    /// How.
    pub method: Method,
    /// Who proves what.
    pub auth: VendorAuth<'a>,
    /// Where the parameters go.
    pub format: VendorFormat,
    /// The parameters. They may be secrets, and often one is the token.
    pub params: Vec<(String, SecretString)>,
}

/// How a vendor's endpoint wants to be convinced.
#[derive(Clone, Copy, Debug)]
pub enum VendorAuth<'a> {
    /// The client's id and secret in the `Authorization` header.
    Basic,
    /// The client's id and secret, or its assertion, next to the parameters.
    Post,
    /// Nothing is added; whatever is needed is among the parameters.
    None,
    /// The access token itself in the `Authorization` header.
    Bearer(&'a AccessToken),
}

/// Where the parameters of a vendor's request go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VendorFormat {
    /// Into a form-encoded body.
    Form,
    /// Into a flat JSON object.
    Json,
    /// Into the query; the request has no body.
    None,
}

impl fmt::Debug for VendorRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("VendorRequest")
            .field("url", &RedactedUrl(self.url))
            .field("method", &self.method)
            .field("auth", &self.auth)
            .field("format", &self.format)
            .field("params", &params)
            .finish()
    }
}

/// Builds a vendor's request. Further headers go on with [`HttpRequest::with_header`].
pub fn vendor_request(request: &VendorRequest<'_>, client: &Client) -> HttpRequest {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &request.params {
        // EXPOSE: into the request's body or query, which are secrets themselves.
        pairs.push((name, value.expose_secret()));
    }
    let authorization = match request.auth {
        VendorAuth::Basic => client.basic_header(),
        VendorAuth::Post => {
            add_missing(&mut pairs, &client.id_param, &client.id);
            for (name, value) in client.proof() {
                add_missing(&mut pairs, name, value);
            }
            None
        }
        VendorAuth::None => None,
        VendorAuth::Bearer(token) => Some(bearer(token.as_secret())),
    };
    let mut url = request.url.clone();
    if request.format == VendorFormat::None && !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(&pairs);
    }
    let made = HttpRequest::new(request.method, url);
    let made = match request.format {
        VendorFormat::Form => made.form(&pairs),
        VendorFormat::Json => made.json(flat_object(&pairs)),
        VendorFormat::None => made,
    };
    match authorization {
        Some(value) => made.with_header("authorization", value),
        None => made,
    }
}

fn add_missing<'a>(pairs: &mut Vec<(&'a str, &'a str)>, name: &'a str, value: &'a str) {
    if !pairs.iter().any(|(known, _)| *known == name) {
        pairs.push((name, value));
    }
}
