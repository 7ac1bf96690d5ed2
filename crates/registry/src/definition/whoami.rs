//! The request that tells whose credential it is.

use serde_json::Value;

use super::param::take_pointers;
use super::request::Method;
use crate::reader::{Fields, Variables};
use crate::template::Template;

/// A request made with the credential whose answer names the account, and whose success proves the
/// credential works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Whoami {
    /// Where to ask; one of the definition's hosts.
    pub url: Template,
    /// GET unless the definition says otherwise.
    pub method: Method,
    /// The JSON body to send.
    pub body: Option<Value>,
    /// JSON pointers (RFC 6901) to the account's name, the best first.
    pub label: Vec<String>,
}

impl Whoami {
    pub(super) fn read(mut fields: Fields<'_>) -> Option<Self> {
        if fields.take("url").is_none() {
            fields.fault("url", "is missing");
        }
        let url = fields.take_template("url", Variables::Params);
        let method = fields.take_parsed("method").unwrap_or(Method::Get);
        let body = fields.take("body").cloned();
        if body.is_some() && method == Method::Get {
            fields.fault("body", "needs the method POST");
        }
        let label = take_pointers(&mut fields, "label");
        fields.finish();
        Some(Self {
            url: url?,
            method,
            body,
            label,
        })
    }
}
