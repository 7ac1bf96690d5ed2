//! The second half of the device grant: polling for the tokens (RFC 8628 §3.4 and §3.5).
//!
//! [`DevicePolling`] says how long to wait and when to stop. It has no clock and sends nothing: whoever polls tells
//! it how much time has passed and what came of the last request. Each step consumes the state, so that a
//! request after the end cannot even be written down.

use std::time::{Duration, SystemTime};

use crate::client::Client;
use crate::device_authorization::{DeviceAuthorization, interval};
use crate::document::Document;
use crate::http::{HttpRequest, HttpResponse};
use crate::oauth_error::OAuthError;
use crate::secret::DeviceCode;
use crate::token_request::{TokenEndpoint, token_request};
use crate::token_response::{TokenError, TokenResponseRules, TokenSet, read_token_response};

/// The request that asks whether the person has decided (RFC 8628 §3.4). Send it only when [`DevicePolling`] says so.
pub fn device_token_request(
    endpoint: &TokenEndpoint,
    client: &Client,
    device_code: &DeviceCode,
) -> HttpRequest {
    let grant = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        // EXPOSE: into the request's body, which is a secret itself.
        ("device_code", device_code.expose()),
    ];
    token_request(endpoint, client, &grant)
}

/// What came of one poll.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeviceAnswer {
    /// The person approved.
    Granted(TokenSet),
    /// Nobody has decided yet.
    Pending,
    /// Nobody has decided yet, and the polls come too fast.
    SlowDown {
        /// The new interval, where the server names one (GitHub does).
        interval: Option<Duration>,
    },
    /// The person refused.
    Denied {
        /// The error code, such as `access_denied`.
        error: String,
        /// The server's explanation, cleaned. It is foreign text.
        description: Option<String>,
    },
    /// The code is no longer good.
    Expired,
    /// The server cannot answer now.
    Unavailable {
        /// The status code.
        status: u16,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// No answer was had. Never read from a response: whoever sends the requests says so.
    NoAnswer,
    /// The server refused for another reason, or its answer cannot be used. Asking again does not help.
    Failed(TokenError),
}

/// Reads the answer to a poll. `now` is what a `Retry-After` that names a date is held against.
pub fn read_device_token_response(
    response: &HttpResponse,
    rules: &TokenResponseRules<'_>,
    now: SystemTime,
) -> DeviceAnswer {
    if let Some(answer) = spoken(response) {
        return answer;
    }
    match read_token_response(response, rules) {
        Ok(tokens) => DeviceAnswer::Granted(tokens),
        Err(TokenError::Transient {
            status,
            retry_after,
        }) => DeviceAnswer::Unavailable {
            status,
            retry_after: retry_after.map(|after| after.wait(now)),
        },
        Err(error) => DeviceAnswer::Failed(error),
    }
}

/// The words that RFC 8628 §3.5 adds to those of a token endpoint. GitHub says them with status 200, and a server
/// that is out of order is not believed whatever it says.
fn spoken(response: &HttpResponse) -> Option<DeviceAnswer> {
    if !matches!(response.status(), 200..=299 | 400..=499)
        || matches!(response.status(), 408 | 425 | 429)
    {
        return None;
    }
    let document = Document::read(response).ok()?;
    let OAuthError { error, description } = OAuthError::find(document.fields())?;
    match error.as_str() {
        "authorization_pending" => Some(DeviceAnswer::Pending),
        "slow_down" => Some(DeviceAnswer::SlowDown {
            interval: interval(document.fields()),
        }),
        // The second is Microsoft's.
        "access_denied" | "authorization_declined" => {
            Some(DeviceAnswer::Denied { error, description })
        }
        "expired_token" => Some(DeviceAnswer::Expired),
        _ => None,
    }
}

/// What to do next.
#[derive(Debug)]
#[must_use]
pub enum DeviceStep {
    /// Wait so long, then ask, then tell `polling` what came of it.
    Ask {
        /// How long to wait before the request is sent.
        wait: Duration,
        /// What to tell the outcome to.
        polling: DevicePolling,
    },
    /// The tokens are here.
    Granted(TokenSet),
    /// There will be none. Nothing more is sent.
    Ended(DeviceEnd),
}

/// Why the polling ended without tokens.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeviceEnd {
    /// The person refused.
    Denied {
        /// The error code, such as `access_denied`.
        error: String,
        /// The server's explanation, cleaned. It is foreign text.
        description: Option<String>,
    },
    /// The code has run out, or will have before it may be asked for again.
    Expired,
    /// The caller's own patience has run out before the code has.
    OutOfPatience,
    /// The server refused for another reason, or its answer cannot be used.
    Failed(TokenError),
}

/// Where the polling stands.
#[derive(Debug)]
pub struct DevicePolling {
    interval: Duration,
    expires: Duration,
    patience: Option<Duration>,
    /// How many requests in a row got no answer.
    unanswered: u32,
}

/// RFC 8628 §3.5: what `slow_down` adds to the interval, for this and all subsequent requests.
const SLOWER: Duration = Duration::from_secs(5);

/// The longest that a server which does not answer is left alone of our own accord.
const LONGEST_REST: Duration = Duration::from_secs(60);

impl DevicePolling {
    /// The first step. Times are counted from here: from the moment the pair of codes arrived.
    ///
    /// `patience` ends the polling before the code does. One poll is always sent that the code still allows for.
    pub fn begin(authorization: &DeviceAuthorization, patience: Option<Duration>) -> DeviceStep {
        let polling = Self {
            interval: authorization.interval,
            expires: authorization.expires_in,
            patience: patience.map(|patience| patience.max(authorization.interval)),
            unanswered: 0,
        };
        let wait = polling.interval;
        polling.ask(wait, Duration::ZERO)
    }

    /// The step after an answer. `elapsed` is the time since [`begin`](Self::begin).
    pub fn after(mut self, answer: DeviceAnswer, elapsed: Duration) -> DeviceStep {
        let unanswered = self.unanswered;
        self.unanswered = 0;
        let wait = match answer {
            DeviceAnswer::Granted(tokens) => return DeviceStep::Granted(tokens),
            DeviceAnswer::Denied { error, description } => {
                return DeviceStep::Ended(DeviceEnd::Denied { error, description });
            }
            DeviceAnswer::Expired => return DeviceStep::Ended(DeviceEnd::Expired),
            DeviceAnswer::Failed(error) => return DeviceStep::Ended(DeviceEnd::Failed(error)),
            DeviceAnswer::Pending => self.interval,
            DeviceAnswer::SlowDown { interval } => {
                self.slow_down();
                self.interval = self.interval.max(interval.unwrap_or_default());
                self.interval
            }
            DeviceAnswer::Unavailable {
                status,
                retry_after,
            } => {
                if status == 429 {
                    self.slow_down();
                }
                self.rest(unanswered).max(retry_after.unwrap_or_default())
            }
            DeviceAnswer::NoAnswer => self.rest(unanswered),
        };
        self.ask(wait, elapsed)
    }

    fn slow_down(&mut self) {
        self.interval = self.interval.saturating_add(SLOWER);
    }

    /// RFC 8628 §3.5: a client that got no answer polls less often, and doubling is recommended.
    fn rest(&mut self, unanswered: u32) -> Duration {
        self.unanswered = unanswered.saturating_add(1);
        let doubled = self.interval.saturating_mul(1 << self.unanswered.min(16));
        doubled.min(LONGEST_REST.max(self.interval))
    }

    fn ask(self, wait: Duration, elapsed: Duration) -> DeviceStep {
        let then = elapsed.saturating_add(wait);
        if then > self.expires {
            return DeviceStep::Ended(DeviceEnd::Expired);
        }
        if self.patience.is_some_and(|patience| then > patience) {
            return DeviceStep::Ended(DeviceEnd::OutOfPatience);
        }
        DeviceStep::Ask {
            wait,
            polling: self,
        }
    }
}

#[cfg(test)]
mod tests;
