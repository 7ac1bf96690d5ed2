//! Fields after the body of a request: what a server could take for a credential, or for a word about the request.

use std::sync::{Arc, Mutex};

use authkeep_registry::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt as _;

use crate::stage::authority::TestAuthority;
use crate::stage::client::Answered;
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage};

/// Ours, and what is alike.
const OURS: [&str; 3] = ["x-api-key", "x_api_key", "x-api_key"];
/// What belongs into the head of any request.
const NEVER: [&str; 9] = [
    "authorization",
    "accept-encoding",
    "authkeep-connection",
    "content-length",
    "cookie",
    "host",
    "if-match",
    "proxy-authorization",
    "transfer-encoding",
];
/// What may be a trailer.
const PLAIN: [&str; 2] = ["x-sum", "x-api-keys"];

async fn stage(protocol: &str) -> (Stage, Arc<Mutex<HeaderMap>>) {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let noted = Arc::clone(&seen);
    let handler: Handler = Arc::new(move |request| {
        let noted = Arc::clone(&noted);
        Box::pin(async move {
            let body = request.into_body().collect().await.unwrap();
            *noted.lock().unwrap() = body.trailers().cloned().unwrap_or_default();
            text(body.to_bytes())
        })
    });
    let authority = Arc::new(TestAuthority::new());
    let origin = Origin::with(authority.server(ALLOWED, &[protocol]), handler).await;
    let plan = Plan {
        patterns: vec![format!("{ALLOWED}:{{port}}/v1")],
        outlet: |outlet| {
            let template = Template::parse("{token}").unwrap();
            let headers = &mut outlet.hosts[0].injection.headers;
            headers.push((OURS[0].to_owned(), template));
        },
        ..Plan::default()
    };
    (Stage::around(plan, authority, origin).await, seen)
}

/// A request with one byte and all these fields after it, as far as the client's own library writes them.
async fn send(stage: &Stage, path: &str, protocol: &str) -> Answered {
    let names: Vec<&str> = [&OURS[..], &NEVER, &PLAIN].concat();
    let (sender, body) = Piped::new();
    let mut trailers = HeaderMap::new();
    for name in &names {
        // Hyper and h2 do not even read messages with these two.
        if !["content-length", "transfer-encoding"].contains(name) {
            let name: HeaderName = name.parse().unwrap();
            trailers.insert(name, HeaderValue::from_static("mine"));
        }
    }
    tokio::spawn(async move {
        let data = Frame::data(Bytes::from_static(b"x"));
        sender.send(data).await.unwrap();
        sender.send(Frame::trailers(trailers)).await.unwrap();
    });
    let allowed = stage.allowed();
    let request = Request::post(format!("https://{allowed}{path}"))
        .header("trailer", names.join(", "))
        .body(body)
        .unwrap();
    let answer = if protocol == "h2" {
        let mut sender = stage.client().http2(&allowed).await;
        sender.send_request(request).await
    } else {
        let mut request = request;
        let host = HeaderValue::from_str(&allowed).unwrap();
        request.headers_mut().insert("host", host);
        *request.uri_mut() = path.parse().unwrap();
        let mut sender = stage.client().http1(&allowed).await;
        sender.send_request(request).await
    };
    Answered::of(answer.unwrap()).await
}

#[tokio::test]
async fn no_trailer_is_a_second_credential() {
    for protocol in ["http/1.1", "h2"] {
        let (stage, seen) = stage(protocol).await;
        let arrived = async |path| {
            let answered = send(&stage, path, protocol).await;
            assert_eq!(
                (answered.status, &answered.body[..]),
                (StatusCode::OK, &b"x"[..])
            );
            let seen = seen.lock().unwrap();
            let mut names: Vec<String> = seen.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(
            arrived("/v1/x").await,
            ["x-api-keys", "x-sum"],
            "{protocol}"
        );
        let head = &stage.allowed.requests()[0].headers;
        assert_eq!(head[OURS[0]], stage.secret);
        // The control: where the sidecar puts nothing in, the same fields are anybody's, and do arrive.
        let mut all = [&OURS[..], &PLAIN].concat();
        all.sort_unstable();
        assert_eq!(arrived("/other").await, all, "{protocol}");
        println!(
            "figure: {} fields after the body, {protocol}: {} that could be taken for a header of ours or for one of the \
             head: 0 arrive; the control {}",
            OURS.len() + NEVER.len() + PLAIN.len() - 2,
            OURS.len() + NEVER.len() - 2,
            OURS.len()
        );
    }
}
