//! An authorization server in memory, on the runtime's own clock, that keeps count of what it should not have seen.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authkeep_core::{BodyCap, BoxFuture, HttpClient, HttpError, Reach};
use authkeep_flows::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::Instant;

/// What it says to one poll. When it has nothing more to say, the authorization is pending.
#[derive(Clone, Debug)]
pub(super) enum Says {
    Error(&'static str),
    /// The same, with a status of success.
    OnStatus200(&'static str),
    SlowDown(Option<u64>),
    Status(u16),
    RetryAfter(u16, u64),
    /// Nothing, at once.
    Drops,
    /// Nothing, after half a minute.
    Hangs,
    Garbage,
    Tokens,
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Saw {
    pub(super) polls: usize,
    /// Polls before their time.
    pub(super) early: usize,
    /// Polls after an answer that leaves nothing to ask.
    pub(super) after_the_end: usize,
    /// Requests that carried a client secret.
    pub(super) secrets: usize,
}

pub(super) struct ScriptedServer {
    codes: Value,
    state: Mutex<State>,
}

struct State {
    says: VecDeque<Says>,
    saw: Saw,
    interval: Duration,
    /// No poll may arrive before this.
    not_before: Instant,
    ended: bool,
}

impl ScriptedServer {
    pub(super) fn new(codes: Value, says: Vec<Says>) -> Arc<Self> {
        let interval = match &codes["interval"] {
            Value::Null => 5.0,
            Value::String(text) => text.parse().unwrap(),
            number => number.as_f64().unwrap(),
        };
        let state = State {
            says: says.into(),
            saw: Saw::default(),
            interval: Duration::from_secs_f64(interval),
            not_before: Instant::now(),
            ended: false,
        };
        Arc::new(Self {
            codes,
            state: Mutex::new(state),
        })
    }

    pub(super) fn seen(&self) -> Saw {
        self.state.lock().unwrap().saw.clone()
    }

    /// Answers the request for codes; the time runs from here.
    pub(super) fn obtain_codes(&self) -> HttpResponse {
        let mut state = self.state.lock().unwrap();
        state.not_before = Instant::now() + state.interval;
        json_answer(200, &self.codes)
    }

    /// Answers a poll; `None` where nothing is said.
    pub(super) fn poll(&self) -> (Duration, Option<HttpResponse>) {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        state.saw.polls += 1;
        state.saw.early += usize::from(now < state.not_before);
        state.saw.after_the_end += usize::from(state.ended);
        let says = state.says.pop_front();
        let says = says.unwrap_or(Says::Error("authorization_pending"));
        let error = |status, word: &str| json_answer(status, &json!({ "error": word }));
        let mut rest = Duration::ZERO;
        let mut silence = Duration::ZERO;
        let answer = match says {
            Says::Error(word) => {
                state.ended |= word != "authorization_pending";
                Some(error(400, word))
            }
            Says::OnStatus200(word) => Some(error(200, word)),
            Says::SlowDown(None) => {
                state.interval += Duration::from_secs(5);
                Some(error(400, "slow_down"))
            }
            Says::SlowDown(Some(interval)) => {
                let slower = state.interval + Duration::from_secs(5);
                state.interval = slower.max(Duration::from_secs(interval));
                Some(json_answer(
                    200,
                    &json!({ "error": "slow_down", "interval": interval }),
                ))
            }
            Says::Status(status) => {
                rest = 2 * state.interval;
                Some(json_answer(status, &Value::Null))
            }
            Says::RetryAfter(status, seconds) => {
                rest = Duration::from_secs(seconds);
                let headers = vec![("retry-after".to_owned(), seconds.to_string())];
                Some(HttpResponse::new(status, headers, Vec::new()))
            }
            Says::Drops | Says::Hangs => {
                // RFC 8628 section 3.5: a client that gets no answer has to come less often.
                rest = 2 * state.interval;
                if matches!(says, Says::Hangs) {
                    silence = Duration::from_secs(30);
                }
                None
            }
            Says::Garbage => {
                state.ended = true;
                Some(json_answer(200, &json!({ "tokens": [] })))
            }
            Says::Tokens => {
                state.ended = true;
                Some(json_answer(
                    200,
                    &json!({
                        "access_token": "cnry_ffeeddccbbaa99887766554433221100",
                        "token_type": "Bearer",
                        "expires_in": 3600,
                        "scope": "read",
                    }),
                ))
            }
        };
        state.not_before = now + silence + state.interval.max(rest);
        (silence, answer)
    }
}

impl HttpClient for ScriptedServer {
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        _: BodyCap,
        _: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        let Some(body) = request.body() else {
            // Whose login it is: nobody's concern here.
            return Box::pin(async { Ok(json_answer(404, &Value::Null)) });
        };
        let body = body.expose_secret();
        let body = String::from_utf8(body.to_vec()).unwrap();
        if body.contains("client_secret=the-secret") {
            self.state.lock().unwrap().saw.secrets += 1;
        }
        Box::pin(async move {
            if !request.url().path().ends_with("/token") {
                return Ok(self.obtain_codes());
            }
            assert!(body.contains("device_code=cnry_00112233445566778899aabbccddeeff"));
            let (silence, answer) = self.poll();
            tokio::time::sleep(silence).await;
            answer.ok_or_else(|| HttpError::Exchange {
                host: "as.test".to_owned(),
                why: "the connection was closed".to_owned(),
            })
        })
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedServer").finish_non_exhaustive()
    }
}

fn json_answer(status: u16, body: &Value) -> HttpResponse {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    HttpResponse::new(status, headers, body.to_string().into_bytes())
}
