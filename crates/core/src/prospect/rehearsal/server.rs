//! The network of a rehearsal: it writes requests down, and answers all of them with what a login needs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use authkeep_flows::{HttpRequest, HttpResponse};
use authkeep_registry::{Definition, ParamSource};
use serde_json::{Map, Value, json};
use url::Url;

use super::DescribedRequest;
use crate::{BodyCap, BoxFuture, HttpClient, HttpError, Reach};

/// Which part of a login's life is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Login,
    Use,
    Renewal,
    Logout,
}

/// Every server there is.
#[derive(Debug)]
pub(super) struct Server {
    /// What each endpoint is called, by its address.
    endpoints: Vec<(&'static str, String)>,
    issuer: Option<String>,
    answer: Value,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    requests: Vec<DescribedRequest>,
}

impl Server {
    pub(super) fn of(definition: &Definition) -> Self {
        let bound = definition.bind(&definition.sample_params()).ok();
        let whoami = bound.as_ref().and_then(|provider| provider.whoami.as_ref());
        let whoami = whoami.map(|whoami| ("account", whoami.url.to_string()));
        let oauth = bound.as_ref().and_then(|provider| provider.oauth.as_ref());
        let places = definition.destinations().into_iter();
        let places = places
            .filter(|place| place.role != "host")
            .map(|place| (place.role, place.place));
        Self {
            endpoints: places.chain(whoami).collect(),
            issuer: oauth.and_then(|oauth| oauth.issuer.clone()),
            answer: answer(definition),
            state: Mutex::new(State {
                phase: Phase::Login,
                requests: Vec::new(),
            }),
        }
    }

    /// The issuer of the authorization server, where the definition names one.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.state().phase = phase;
    }

    pub(super) fn requests(&self) -> Vec<DescribedRequest> {
        self.state().requests.clone()
    }

    /// Writes down a request that is made, not sent.
    pub(super) fn note(&self, request: &HttpRequest) {
        let step = self.step(request.url());
        self.state()
            .requests
            .push(DescribedRequest::of(step, request));
    }

    /// Writes down a page that is opened in the browser.
    pub(super) fn note_page(&self, url: &Url) {
        let page = DescribedRequest::page("authorization", url);
        self.state().requests.push(page);
    }

    fn step(&self, url: &Url) -> &'static str {
        match self.state().phase {
            Phase::Use => return "request",
            Phase::Renewal => return "refresh",
            Phase::Logout => return "revocation",
            Phase::Login => {}
        }
        if url.path().contains("/.well-known/") {
            return "discovery";
        }
        let bare = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
        let asked = bare(url.as_str());
        let named = self
            .endpoints
            .iter()
            .find(|(_, place)| bare(place) == asked);
        named.map_or("request", |(step, _)| step)
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let body = match self.step(request.url()) {
            "discovery" => self.metadata(request.url()),
            _ => self.answer.clone(),
        };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let status = if self.step(request.url()) == "registration" {
            201
        } else {
            200
        };
        HttpResponse::new(status, headers, body.to_string().into_bytes())
    }

    /// What an issuer would publish.
    fn metadata(&self, asked: &Url) -> Value {
        let origin = asked.origin().ascii_serialization();
        let at = |what: &str| format!("{origin}/{what}-named-by-the-issuer");
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("authorization-endpoint"),
            "token_endpoint": at("token-endpoint"),
            "device_authorization_endpoint": at("device-endpoint"),
            "registration_endpoint": at("registration-endpoint"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for Server {
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        _cap: BodyCap,
        reach: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            reach.check(request.url())?;
            self.note(request);
            Ok(self.respond(request))
        })
    }
}

/// One answer to all questions of a login, with what the definition looks for in its place.
fn answer(definition: &Definition) -> Value {
    let token = json!({
        "access_token": "<access_token>",
        "refresh_token": "<refresh_token>",
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    let mut answer = token.clone();
    let more = json!({
        "ok": true,
        "client_id": "<client_id>",
        "client_secret": "<client_secret>",
        "device_code": "<device_code>",
        "user_code": "USER-CODE",
        "verification_uri": "https://sample.example/device",
        "interval": 1,
    });
    if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
        answer.extend(more);
    }
    if let Some(path) = definition
        .oauth
        .as_ref()
        .and_then(|oauth| oauth.token_path.as_ref())
    {
        put(&mut answer, path, token);
    }
    let exchange = definition
        .api_key
        .as_ref()
        .and_then(|key| key.exchange.as_ref());
    if let Some(exchange) = exchange {
        put(&mut answer, &exchange.token_path, json!("<token>"));
        if let Some(path) = &exchange.expires_in_path {
            put(&mut answer, path, json!(3600));
        }
    }
    for path in definition.whoami.iter().flat_map(|whoami| &whoami.label) {
        put(&mut answer, path, json!("<account>"));
    }
    for (name, param) in &definition.params {
        let path = match &param.from {
            Some(ParamSource::Token(path) | ParamSource::Whoami(path)) => path,
            Some(ParamSource::Get { pointer, .. }) => pointer,
            _ => continue,
        };
        put(&mut answer, path, json!(definition.sample(name)));
    }
    answer
}

/// Puts a value where a JSON pointer (RFC 6901) leads, and makes the way there.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut at = document;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        at = match step.parse::<usize>() {
            Ok(index) if index < 8 && !at.is_object() => {
                if !at.is_array() {
                    *at = Value::Array(Vec::new());
                }
                let Value::Array(items) = at else { return };
                while items.len() <= index {
                    items.push(Value::Null);
                }
                let Some(item) = items.get_mut(index) else {
                    return;
                };
                item
            }
            _ => {
                if !at.is_object() {
                    *at = Value::Object(Map::new());
                }
                let Value::Object(map) = at else { return };
                map.entry(step).or_insert(Value::Null)
            }
        };
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_makes_its_way() {
        let mut document = json!({"a": 1});
        put(&mut document, "/b/c~1d", json!("x"));
        put(&mut document, "/list/1/name", json!("y"));
        put(&mut document, "/0", json!("z"));
        assert_eq!(
            document,
            json!({"a": 1, "b": {"c/d": "x"}, "list": [null, {"name": "y"}], "0": "z"})
        );
        let mut list = Value::Null;
        put(&mut list, "/0/id", json!(1));
        assert_eq!(list, json!([{"id": 1}]));
    }
}
