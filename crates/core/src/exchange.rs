//! An API key that is not used itself: it is exchanged for a token, which is kept beside it and renewed by exchanging again.
//!
//! An exchange uses nothing up and may be repeated without harm, so it needs no intent; who else wants the same token waits
//! for the same locks as with any refresh.

use std::time::Duration;

use authkeep_flows::key_exchange::{ExchangeRules, read_exchanged_token};
use authkeep_flows::{HttpRequest, HttpResponse, TokenError, TokenSet};
use authkeep_registry::{BodyFormat, Exchange};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::inject::{fill, injected};
use crate::record::ConnectionRecord;

/// The request that carries the key of `record`. A part that needs a field which was left out is left out; `None` where
/// the address is none.
pub(crate) fn exchange_request(
    exchange: &Exchange,
    record: &ConnectionRecord,
) -> Option<HttpRequest> {
    let url = exchange.bound_url()?;
    let request = injected(exchange.method, url, &exchange.injection, &[], record);
    let params: Vec<(&str, SecretString)> = exchange
        .params
        .iter()
        .filter_map(|(name, template)| Some((name.as_str(), fill(template, record)?)))
        .collect();
    // EXPOSE: into the request's body, which is a secret itself.
    let pairs = params
        .iter()
        .map(|(name, value)| (*name, value.expose_secret()));
    Some(match exchange.format {
        BodyFormat::Form => request.form(&pairs.collect::<Vec<_>>()),
        BodyFormat::Json => {
            let fields = pairs.map(|(name, value)| (name.to_owned(), Value::from(value)));
            request.json(Value::Object(fields.collect::<Map<_, _>>()))
        }
        _ => request,
    })
}

/// The token in the answer.
pub(crate) fn read_exchange(
    response: &HttpResponse,
    exchange: &Exchange,
) -> Result<TokenSet, TokenError> {
    let rules = ExchangeRules {
        token_path: &exchange.token_path,
        expires_in_path: exchange.expires_in_path.as_deref(),
        default_expires_in: exchange.expires_in.map(Duration::from_secs),
    };
    read_exchanged_token(response, &rules)
}
