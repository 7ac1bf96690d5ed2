//! Which answer goes to which path.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{State, grpc, stream, web_socket};

pub(super) type Body = BoxBody<Bytes, Infallible>;

/// The object that the repository's one branch names.
const COMMIT: &str = "1f7a7a472abf3dd9643fd615f6da379c4acb3e3a";

pub(super) async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match path.as_str() {
        "/v1/chat/completions" | "/anthropic/v1/messages" => model(request).await,
        "/events" => stream::events(state),
        "/events/go-on" => {
            state.go_on.notify_waiters();
            json_answer(&json!({}))
        }
        "/upload" => stream::received(request).await,
        "/upload/refused" => refused(),
        "/download" => stream::bytes(request.uri().query()),
        "/socket" => web_socket::echo(request),
        "/repository.git/info/refs" => repository(),
        "/simple/client-fixture/" => {
            text("text/html", "<!doctype html><a href=\"none.txt\">none</a>")
        }
        "/index/config.json" => json_answer(&json!({ "dl": "https://none.invalid/" })),
        path if path.starts_with("/echo.Echo/") => grpc::answer(request),
        path if path.starts_with("/index/") => text(
            "text/plain",
            "{\"name\":\"client-fixture\",\"vers\":\"4.7.11\",\"deps\":[],\"cksum\":\
             \"0000000000000000000000000000000000000000000000000000000000000000\",\
             \"features\":{},\"yanked\":false}\n",
        ),
        path => json_answer(&json!({
            "name": path.trim_start_matches('/'),
            "dist-tags": { "latest": "4.7.11" },
            "versions": { "4.7.11": { "name": "client-fixture", "version": "4.7.11" } },
            "protocol": format!("{:?}", request.version()),
        })),
    })
}

/// The credential is not one, or not any more.
pub(super) fn unauthorized() -> Response<Body> {
    let mut answer = json_answer(&json!({ "error": "invalid_token" }));
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    answer.headers_mut().insert("www-authenticate", challenge);
    answer
}

/// What the SDKs of two vendors read, whole or as events.
async fn model(request: Request<Incoming>) -> Response<Body> {
    let is_openai = request.uri().path() == "/v1/chat/completions";
    let body = request.into_body().collect().await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (is_openai, asked["stream"] == true) {
        (true, false) => json_answer(&json!({
            "id": "1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "fixture answer" } }],
        })),
        (true, true) => {
            let event = |word: &str| {
                json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{ "index": 0, "delta": { "content": word } }] })
            };
            let (first, second) = (event("fixture "), event("stream"));
            text(
                "text/event-stream",
                &format!("data: {first}\n\ndata: {second}\n\ndata: [DONE]\n\n"),
            )
        }
        (false, _) => json_answer(&json!({
            "id": "1", "type": "message", "role": "assistant", "model": "m",
            "content": [{ "type": "text", "text": "fixture answer" }],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 1, "output_tokens": 1 },
        })),
    }
}

/// The answer comes while the client is still sending: nothing of the body is read.
fn refused() -> Response<Body> {
    let mut response = text("text/plain", "too large\n");
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

/// The refs of a repository, as Git's smart protocol over HTTP has them.
fn repository() -> Response<Body> {
    let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
    let refs = [
        packet("# service=git-upload-pack\n"),
        "0000".to_owned(),
        packet(&format!("{COMMIT} HEAD\0agent=fixture\n")),
        packet(&format!("{COMMIT} refs/heads/main\n")),
        "0000".to_owned(),
    ];
    text(
        "application/x-git-upload-pack-advertisement",
        &refs.concat(),
    )
}

pub(super) fn json_answer(value: &Value) -> Response<Body> {
    text("application/json", &value.to_string())
}

pub(super) fn text(media_type: &'static str, text: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())).boxed());
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
