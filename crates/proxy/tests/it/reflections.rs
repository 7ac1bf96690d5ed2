//! Servers that say the credential back, wherever an answer has room for it, or that speak in the sidecar's name.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use hyper::ext::ReasonPhrase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::stage::authority::TestAuthority;
use crate::stage::client::get;
use crate::stage::origin::{Handler, Origin, Seen, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage};

const SOON: Duration = Duration::from_secs(5);

/// Repeats the credential in the place that the path names.
fn repeating() -> Handler {
    Arc::new(|request| {
        Box::pin(async move {
            let echo = request.headers()["authorization"].clone();
            let mut response: Response<_> = text("");
            match request.uri().path() {
                "/header" => drop(response.headers_mut().insert("x-echo", echo)),
                "/coded" => {
                    response = text(echo.as_bytes().to_vec());
                    let charset = HeaderValue::from_static("utf-8");
                    response.headers_mut().insert("content-encoding", charset);
                }
                "/status" => {
                    let phrase = ReasonPhrase::try_from(echo.as_bytes()).unwrap();
                    response.extensions_mut().insert(phrase);
                }
                "/switch" => {
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    let headers = response.headers_mut();
                    headers.insert("connection", HeaderValue::from_static("upgrade"));
                    headers.insert("upgrade", HeaderValue::from_static("websocket"));
                    headers.insert("x-echo", echo);
                }
                "/refusal" => {
                    let headers = response.headers_mut();
                    headers.insert("x-authkeep-error", HeaderValue::from_static("ambiguous"));
                }
                kind => {
                    let kind = kind.trim_start_matches('/').replace('-', "/");
                    let (sender, body) = Piped::new();
                    let trailers = HeaderMap::from_iter([("x-echo".parse().unwrap(), echo)]);
                    tokio::spawn(async move {
                        let data = Frame::data(Bytes::from_static(b"data"));
                        drop(sender.send(data).await);
                        drop(sender.send(Frame::trailers(trailers)).await);
                    });
                    response = Response::new(body.map_err(|never| match never {}).boxed());
                    let name = match kind.as_str() {
                        "gzip" => "content-encoding",
                        _ => "content-type",
                    };
                    let headers = response.headers_mut();
                    headers.insert(name, kind.parse().unwrap());
                }
            }
            response
        })
    })
}

async fn stage() -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let config = authority.server(ALLOWED, &["h2", "http/1.1"]);
    let origin = Origin::with(config, repeating()).await;
    Stage::around(Plan::default(), authority, origin).await
}

/// All that comes back over HTTP/1.1, as it comes.
async fn answer(stage: &Stage, path: &str, headers: &str) -> String {
    let allowed = stage.allowed();
    let mut tls = stage.client().tls(&allowed, &["http/1.1"]).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {allowed}\r\n{headers}\r\n");
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    drop(timeout(SOON, tls.read_to_end(&mut answer)).await.unwrap());
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_part_of_an_answer_repeats_the_credential() {
    let stage = stage().await;
    let covered = "*".repeat(stage.secret.len());
    let close = "Connection: close\r\n";
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    for (path, headers, stays) in [
        ("/header", close, covered.as_str()),
        ("/coded", close, covered.as_str()),
        ("/status", close, "HTTP/1.1 200 OK\r\n"),
        ("/switch", upgrade, covered.as_str()),
    ] {
        let answer = answer(&stage, path, headers).await;
        assert!(!answer.contains(&stage.secret), "{path}: {answer}");
        assert!(answer.contains(stays), "{path}: {answer}");
    }
    for path in ["/gzip", "/application-grpc", "/text-plain"] {
        let allowed = stage.allowed();
        let mut client = stage.client().http2::<Full<Bytes>>(&allowed).await;
        let request: Request<_> = get(&allowed, path, &stage.placeholder);
        let response = timeout(SOON, client.send_request(request)).await.unwrap();
        let collected = response.unwrap().into_body().collect();
        let collected = timeout(SOON, collected).await.unwrap().unwrap();
        let trailers = collected.trailers().cloned().unwrap();
        assert_eq!(trailers["x-echo"], format!("Bearer {covered}"), "{path}");
        assert_eq!(collected.to_bytes(), "data", "{path}");
    }
    // The control: the server had it each time, and said it.
    let had = |seen: &Seen| seen.headers["authorization"] == format!("Bearer {}", stage.secret);
    assert_eq!(
        stage.allowed.requests().iter().filter(|s| had(s)).count(),
        7
    );
    println!("figure: 7 places of an answer that repeat the credential: 0 reach the program");
}

#[tokio::test]
async fn a_server_cannot_speak_in_the_sidecars_name() {
    let stage = stage().await;
    let heard = answer(&stage, "/refusal", "Connection: close\r\n").await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    assert!(!heard.contains("x-authkeep-error"), "{heard}");
    // The control: the sidecar itself can.
    let own = answer(&stage, "/\0", "").await;
    assert!(!own.contains("200 OK"), "{own}");
    let own = answer(
        &stage,
        "/",
        "Authkeep-Connection: other\r\nConnection: close\r\n",
    )
    .await;
    assert!(own.contains("x-authkeep-error: not_connected"), "{own}");
}

#[tokio::test]
async fn no_header_leads_a_request_elsewhere_behind_the_gateway() {
    let stage = stage().await;
    let lines = "X-Original-URL: /admin\r\nX-Rewrite-Url: /admin\r\nX-Original-Host: other.test\r\n\
                 x-forwarded-host: other.test\r\nX-Host: other.test\r\nX-Forwarded-For: 192.0.2.1\r\n\
                 Connection: close\r\n";
    answer(&stage, "/header", lines).await;
    let seen = stage.allowed.requests();
    let others = ["host", "authorization", "accept-encoding"];
    let mut left: Vec<&str> = (seen[0].headers.keys().map(|name| name.as_str()))
        .filter(|name| !others.contains(name))
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["x-forwarded-for"]);
}

#[tokio::test]
async fn no_spelling_of_trace_is_let_through() {
    let stage = stage().await;
    for method in ["TRACE", "trace", "Track"] {
        let allowed = stage.allowed();
        let mut tls = stage.client().tls(&allowed, &["http/1.1"]).await.unwrap();
        let request =
            format!("{method} /header HTTP/1.1\r\nHost: {allowed}\r\nConnection: close\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        drop(timeout(SOON, tls.read_to_end(&mut answer)).await.unwrap());
        assert!(answer.starts_with(b"HTTP/1.1 403 "), "{method}");
    }
    assert!(stage.allowed.requests().is_empty());
}
