//! A key that is not used itself: one request turns it into a token that lives for a while.

use url::Url;

use super::Injection;
use super::injection::read_pairs;
use super::param::take_pointer;
use super::request::{BodyFormat, Method};
use crate::endpoint;
use crate::reader::{Fields, Variables};
use crate::template::Template;

/// The request that turns the fields of an API key into a token, and where in its answer the token is. Its templates may
/// mention the fields; the token is `{token}` everywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// Where it goes; no field of the key is part of it.
    pub url: Template,
    /// GET or POST; POST unless the definition says otherwise.
    pub method: Method,
    /// How the parameters are written; a GET has none.
    pub format: BodyFormat,
    /// The parameters. One that mentions a field without a value is left out.
    pub params: Vec<(String, Template)>,
    /// What else carries the key: headers, query, Basic.
    pub injection: Injection,
    /// JSON pointer (RFC 6901) to the token.
    pub token_path: String,
    /// JSON pointer to the seconds that it lives.
    pub expires_in_path: Option<String>,
    /// Those seconds where the answer does not say.
    pub expires_in: Option<u64>,
}

impl Exchange {
    pub(super) fn read(mut fields: Fields<'_>) -> Option<Self> {
        let url = fields.take_template("url", Variables::Params);
        let method = fields.take_parsed("method").unwrap_or(Method::Post);
        let format = fields.take_parsed("format");
        let params = read_pairs(&mut fields, "params", Variables::Exchange);
        let injection = Injection::read(&mut fields, Variables::Exchange).unwrap_or_default();
        let token_path = take_pointer(&mut fields, "token_path");
        let expires_in_path = take_pointer(&mut fields, "expires_in_path");
        let expires_in = fields.take_number("expires_in");
        for key in ["url", "token_path"] {
            if fields.take(key).is_none() {
                fields.fault(key, "is missing");
            }
        }
        if method == Method::Delete {
            fields.fault("method", "must be GET or POST");
        }
        let format = format.unwrap_or(match method {
            Method::Post => BodyFormat::Form,
            _ => BodyFormat::None,
        });
        if method == Method::Get && format != BodyFormat::None {
            fields.fault("format", "must be none: a GET has no body");
        }
        if format == BodyFormat::None && !params.is_empty() {
            fields.fault("params", "have no place: the format is `none`");
        }
        if injection.path.is_some() {
            fields.fault("path", "may not carry the key of an exchange");
        }
        fields.finish();
        Some(Self {
            url: url?,
            method,
            format,
            params,
            injection,
            token_path: token_path?,
            expires_in_path,
            expires_in,
        })
    }

    /// Where it goes, once parameters are bound.
    #[must_use]
    pub fn bound_url(&self) -> Option<Url> {
        Url::parse(&self.url.render(|_| None)?).ok()
    }

    /// The origin of that, such as `https://api.example.com`.
    pub(crate) fn origin(&self) -> Option<String> {
        Some(endpoint::origin(&self.bound_url()?))
    }

    /// Applies `change` to every template.
    pub(crate) fn map(&self, change: impl Fn(&Template) -> Template) -> Self {
        let pair = |(name, template): &(String, Template)| (name.clone(), change(template));
        Self {
            url: change(&self.url),
            params: self.params.iter().map(pair).collect(),
            injection: self.injection.map(&change),
            ..self.clone()
        }
    }
}
