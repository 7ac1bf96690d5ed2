//! The first half of the device grant: asking for a pair of codes (RFC 8628 §3.1 and §3.2).
//!
//! The answer is foreign text that a person will act upon, so it is read strictly where it is shown: a user code that
//! could command a terminal is refused, not mended, for a mended code would not work. Whether the address
//! may be shown is for whoever shows it to judge. Polling is `device_polling`'s business.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::client::Client;
use crate::http::{HttpRequest, HttpResponse, Method, Redacted};
use crate::retry_after::RetryAfter;
use crate::secret::DeviceCode;
use crate::token_request::{BodyFormat, flat_object};
use crate::token_response::{Malformation, TokenError, lifetime, read_answer};

/// Everything that the request for a pair of codes is made of (RFC 8628 §3.1).
#[derive(Debug)]
pub struct DeviceAuthorizationRequest<'a> {
    /// The device authorization endpoint. A query of its own is kept.
    pub endpoint: &'a Url,
    /// How the endpoint wants the body.
    pub format: BodyFormat,
    /// Who asks; it authenticates as at the token endpoint, if it can.
    pub client: &'a Client,
    /// What is asked for; none leaves the parameter out.
    pub scopes: &'a [String],
    /// What joins the scopes: a space, but for vendors that want a comma.
    pub scope_separator: &'a str,
    /// The name of the scopes' parameter: `scope`, but for vendors that renamed it.
    pub scope_param: &'a str,
    /// The resource that the token is for (RFC 8707).
    pub resource: Option<&'a str>,
}

impl DeviceAuthorizationRequest<'_> {
    /// The request, ready to be sent.
    pub fn request(&self) -> HttpRequest {
        let scopes = self.scopes.join(self.scope_separator);
        let mut pairs = Vec::new();
        let authorization = self.client.authenticate(&mut pairs);
        if authorization.is_some() {
            // Here the id is a parameter of the request itself, not only a way to authenticate, and servers
            // look for it even where the header names the client.
            pairs.push((&*self.client.id_param, &*self.client.id));
        }
        if !scopes.is_empty() {
            pairs.push((self.scope_param, &scopes));
        }
        pairs.extend(self.resource.map(|resource| ("resource", resource)));
        let request = HttpRequest::new(Method::Post, self.endpoint.clone());
        let request = match self.format {
            BodyFormat::Form => request.form(&pairs),
            BodyFormat::Json => request.json(flat_object(&pairs)),
        };
        match authorization {
            Some(value) => request.with_header("authorization", value),
            None => request,
        }
    }
}

/// A pair of codes: one to poll with, one for the person (RFC 8628 §3.2).
pub struct DeviceAuthorization {
    /// What the token endpoint is polled with.
    pub device_code: DeviceCode,
    /// What the person types or compares: 1 to 64 visible ASCII characters, spaces inside allowed.
    pub user_code: String,
    /// Where the person types it, as the server wrote it. Check it before anybody is sent there.
    pub verification_uri: String,
    /// The same address with the code in it, for a QR code. Check it likewise.
    pub verification_uri_complete: Option<String>,
    /// How long both codes are good from now: what the server says, at most a day; 15 minutes where it says nothing
    /// that makes sense.
    pub expires_in: Duration,
    /// The least time between two polls: what the server says, rounded up to whole seconds and at least one; five
    /// where it says nothing that makes sense.
    pub interval: Duration,
}

/// The codes are for one person's eyes, not for a log's.
impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization")
            .field("device_code", &self.device_code)
            .field("user_code", &Redacted)
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Why there is no pair of codes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceAuthorizationError {
    /// The server understood and said no: the client may not use this grant, or is not known.
    #[error("the request was refused: `{error}` (status {status})")]
    Refused {
        /// The error code, such as `unauthorized_client`, cleaned.
        error: String,
        /// The server's explanation, cleaned. It is foreign text.
        description: Option<String>,
        /// The status code. It may be 200.
        status: u16,
    },
    /// Not the server's last word; try again later.
    #[error("the device authorization endpoint cannot answer now (status {status})")]
    Transient {
        /// The status code.
        status: u16,
        /// When the server wants to be asked again, if it said so.
        retry_after: Option<RetryAfter>,
    },
    /// The answer holds no usable pair of codes.
    #[error("the answer cannot be used (status {status})")]
    Malformed {
        /// What is wrong with it.
        #[source]
        why: DeviceMalformation,
        /// The status code.
        status: u16,
    },
}

impl DeviceAuthorizationError {
    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }

    /// Whether the client is known but may not use this grant: it has to be switched on where the client was
    /// registered. Beside the standard words this is GitHub's `device_flow_disabled`.
    pub fn is_not_allowed(&self) -> bool {
        let codes = [
            "unauthorized_client",
            "unsupported_grant_type",
            "device_flow_disabled",
        ];
        matches!(self, Self::Refused { error, .. } if codes.contains(&error.as_str()))
    }

    /// The server's explanation of a refusal, cleaned. It is foreign text.
    pub fn description(&self) -> Option<&str> {
        match self {
            Self::Refused { description, .. } => description.as_deref(),
            _ => None,
        }
    }
}

/// What is wrong with an answer that holds no usable pair of codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceMalformation {
    /// It is wrong in a way that a token endpoint's answer can be too.
    #[error(transparent)]
    Answer(Malformation),
    /// A field that has to be there is not, or is not text.
    #[error("the answer has no `{0}`")]
    Missing(&'static str),
    /// A field is empty, too long, or holds characters that it has no reason to hold.
    #[error("the answer's `{0}` is empty, too long or holds characters that do not belong there")]
    Unusable(&'static str),
}

/// Reads the answer of the device authorization endpoint.
///
/// Tolerant about what services really send: `verification_url`, only the complete address, numbers as strings, a
/// form in place of JSON, no interval.
///
/// # Errors
/// [`DeviceAuthorizationError`]; nobody was asked anything yet.
pub fn read_device_authorization(
    response: &HttpResponse,
) -> Result<DeviceAuthorization, DeviceAuthorizationError> {
    let document = read_answer(response)?;
    read(document.fields()).map_err(|why| DeviceAuthorizationError::Malformed {
        why,
        status: response.status(),
    })
}

fn read(fields: &Map<String, Value>) -> Result<DeviceAuthorization, DeviceMalformation> {
    let device_code = text(fields, &["device_code"], MAX_DEVICE_CODE)?;
    let device_code = device_code.ok_or(DeviceMalformation::Missing("device_code"))?;
    if device_code.contains(' ') {
        return Err(DeviceMalformation::Unusable("device_code"));
    }
    let user_code = text(fields, &["user_code"], MAX_USER_CODE)?;
    let user_code = user_code.ok_or(DeviceMalformation::Missing("user_code"))?;
    let complete = text(
        fields,
        &["verification_uri_complete", "verification_url_complete"],
        MAX_ADDRESS,
    )?;
    let plain = text(
        fields,
        &["verification_uri", "verification_url"],
        MAX_ADDRESS,
    )?;
    let verification_uri = plain
        .or(complete)
        .ok_or(DeviceMalformation::Missing("verification_uri"))?;
    let expires_in = lifetime::read(fields.get("expires_in")).unwrap_or(USUAL_LIFE);
    Ok(DeviceAuthorization {
        device_code: DeviceCode::new(device_code),
        user_code: user_code.to_owned(),
        verification_uri: verification_uri.to_owned(),
        verification_uri_complete: complete.map(str::to_owned),
        expires_in: expires_in.min(LONGEST_LIFE),
        interval: interval(fields).unwrap_or(USUAL_INTERVAL),
    })
}

/// In bytes: several times what the longest known service sends.
const MAX_DEVICE_CODE: usize = 4 * 1024;
/// Nobody types more.
const MAX_USER_CODE: usize = 64;
/// What fits into a QR code with room to spare.
const MAX_ADDRESS: usize = 2_000;

/// RFC 8628 §3.2 requires a lifetime and gives no default; this is what most services grant.
const USUAL_LIFE: Duration = Duration::from_secs(15 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// RFC 8628 §3.2: "If no value is provided, clients MUST use 5 as the default."
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// Reads how long to wait between polls, rounded up: half a second too early is too early.
pub(crate) fn interval(fields: &Map<String, Value>) -> Option<Duration> {
    let seconds = match fields.get("interval")? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let sensible = (0.0..=LONGEST_LIFE.as_secs_f64()).contains(&seconds);
    let seconds = sensible.then(|| seconds.ceil().max(1.0))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The first of these fields that is there, if it is visible ASCII of a reasonable length.
fn text<'a>(
    fields: &'a Map<String, Value>,
    names: &[&'static str],
    max: usize,
) -> Result<Option<&'a str>, DeviceMalformation> {
    for name in names {
        let text = match fields.get(*name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text.trim_matches(' '),
            Some(_) => return Err(DeviceMalformation::Missing(name)),
        };
        let visible = |b: u8| b.is_ascii_graphic() || b == b' ';
        if text.is_empty() || text.len() > max || !text.bytes().all(visible) {
            return Err(DeviceMalformation::Unusable(name));
        }
        return Ok(Some(text));
    }
    Ok(None)
}

impl From<TokenError> for DeviceAuthorizationError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused {
                error,
                description,
                status,
            } => Self::Refused {
                error,
                description,
                status,
            },
            TokenError::Transient {
                status,
                retry_after,
            } => Self::Transient {
                status,
                retry_after,
            },
            TokenError::Malformed { why, status } => Self::Malformed {
                why: DeviceMalformation::Answer(why),
                status,
            },
        }
    }
}

#[cfg(test)]
mod tests;
