//! The answer to a program that insists on refreshing its token by itself: a placeholder for a placeholder.
//!
//! The program has no refresh token, and the sidecar keeps the login fresh. So the request (RFC 6749 section 6) is answered
//! in place of the provider's token endpoint: what the program holds already is good for another hour. Every other grant
//! would make a login that the sidecar knows nothing of, and is refused.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::Account;
use crate::body::Answer;
use crate::credential_source::Need;
use crate::exchange::Refused;
use crate::refusal::{Code, Refusal};
use crate::selection::Named;
use crate::sidecar::Shared;

/// The largest token request that is read: 64 KiB.
const MOST: usize = 64 * 1024;
/// How long the program may use a placeholder before it asks again, in seconds.
const GOOD_FOR: u32 = 3600;

/// Answers a request to the token endpoint of `accounts`.
pub(crate) async fn answer(
    shared: &Shared,
    accounts: &[&Account],
    request: Request<Incoming>,
) -> Result<Response<Answer>, Refused> {
    if request.method() != Method::POST {
        return Err(not_a_refresh().into());
    }
    let (mut parts, body) = request.into_parts();
    let named = Named::take(&mut parts.headers)?;
    let body = Limited::new(body, MOST).collect().await;
    let body = body
        .map_err(|_| Refusal::new(Code::BadRequest, "the token request cannot be read"))?
        .to_bytes();
    if parameter(&body, "grant_type").as_deref() != Some("refresh_token") {
        return Err(not_a_refresh().into());
    }
    let carried = shared.placeholders.in_text(&body);
    let is_meant = |account: &Account| {
        named.as_ref().is_none_or(|named| named.admits(account))
            && carried.iter().all(|carried| *carried == account)
    };
    let mut meant = accounts.iter().copied().filter(|account| is_meant(account));
    let account = match (meant.next(), meant.next()) {
        (Some(account), None) => account,
        (None, _) => {
            let message = "the token request is for a login that this token endpoint does not know";
            return Err(Refusal::new(Code::Denied, message).into());
        }
        (Some(_), Some(_)) => {
            let refusal = Refusal::new(Code::Ambiguous, "several logins could be meant")
                .hint("send the placeholder of one as `refresh_token`");
            let choices = accounts.iter().map(ToString::to_string).collect();
            return Err(Refusal { choices, ..refusal }.into());
        }
    };
    let of_account = |refusal| Refused {
        refusal,
        account: Some(account.clone()),
    };
    // A login that is gone or has ended is not answered as if it were there.
    let live = shared.source.credential(account, Need::Working).await;
    live.map_err(of_account)?;
    let Some(placeholder) = shared.placeholders.of(account) else {
        let message = format!("the program has no placeholder of `{account}`");
        return Err(of_account(Refusal::new(Code::Denied, message)));
    };
    let answer = json!({
        "access_token": placeholder,
        "token_type": "Bearer",
        "expires_in": GOOD_FOR,
        "refresh_token": placeholder,
    });
    let mut response = Response::new(Answer::given(Bytes::from(answer.to_string())));
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A parameter of a request in the form that the standard has, or in JSON, which some providers take.
fn parameter(body: &[u8], name: &str) -> Option<String> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        return Some(fields.get(name)?.as_str()?.to_owned());
    }
    let mut pairs = form_urlencoded::parse(body).filter(|(key, _)| key == name);
    match (pairs.next(), pairs.next()) {
        (Some((_, value)), None) => Some(value.into_owned()),
        _ => None,
    }
}

fn not_a_refresh() -> Refusal {
    let message = "only a refresh is answered in place of the token endpoint";
    Refusal::new(Code::Denied, message)
        .hint("log in with authkeep, or start the program without `--emulate-token-endpoint`")
}
