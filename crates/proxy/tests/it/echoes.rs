//! Servers that repeat the credential: the program behind the sidecar does not learn it from them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::stage::authority::TestAuthority;
use crate::stage::client::{get, read_head, status};
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage};

const BEFORE: &str = "data: {\"you\": \"sent ";
const AFTER: &str = "\"}\n\n";

/// Repeats the header `authorization` in a header, in a body of two pieces that is cut where the target says, and in a
/// trailer; or in the handshake of an upgrade.
fn echo() -> Handler {
    Arc::new(|request| {
        Box::pin(async move {
            let sent = request.headers()["authorization"].clone();
            if request.headers().contains_key("upgrade") {
                let mut response: Response<_> = text("");
                *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                let headers = response.headers_mut();
                headers.insert("connection", HeaderValue::from_static("upgrade"));
                headers.insert("upgrade", HeaderValue::from_static("websocket"));
                headers.insert("x-echo", sent);
                return response;
            }
            let cut: usize = request.uri().path()[1..].parse().unwrap();
            let whole = [BEFORE.as_bytes(), sent.as_bytes(), AFTER.as_bytes()].concat();
            let mut first = Bytes::from(whole);
            let second = first.split_off(cut);
            let trailers =
                HeaderMap::from_iter([(HeaderName::from_static("x-last"), sent.clone())]);
            let (sender, body) = Piped::new();
            tokio::spawn(async move {
                for frame in [
                    Frame::data(first),
                    Frame::data(second),
                    Frame::trailers(trailers),
                ] {
                    // Whoever has enough does not listen any more.
                    drop(sender.send(frame).await);
                }
            });
            let mut response = Response::new(body.map_err(|never| match never {}).boxed());
            let headers = response.headers_mut();
            headers.insert("trailer", HeaderValue::from_static("x-last"));
            headers.insert("x-echo", sent);
            response
        })
    })
}

async fn stage() -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let config = authority.server(ALLOWED, &["h2", "http/1.1"]);
    let origin = Origin::with(config, echo()).await;
    Stage::around(Plan::default(), authority, origin).await
}

#[tokio::test]
async fn the_credential_is_taken_out_of_answers_wherever_they_are_cut() {
    let stage = stage().await;
    let (client, allowed) = (stage.client(), stage.allowed());
    let stars = "*".repeat(stage.secret.len());
    let sent = format!("Bearer {stars}");
    let whole = format!("{BEFORE}Bearer {}{AFTER}", stage.secret);
    let mut http1 = client.http1(&allowed).await;
    let mut http2 = client.http2(&allowed).await;
    let mut seen_by_the_control = 0;
    for cut in 0..=whole.len() {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let mut request = get(&allowed, &format!("/{cut}"), &stage.placeholder);
            request
                .headers_mut()
                .insert("te", HeaderValue::from_static("trailers"));
            let response = if version == Version::HTTP_2 {
                *request.uri_mut() = format!("https://{allowed}/{cut}").parse().unwrap();
                http2.send_request(request).await.unwrap()
            } else {
                http1.send_request(request).await.unwrap()
            };
            assert_eq!(response.headers()["x-echo"], sent, "{cut} {version:?}");
            let collected = response.into_body().collect().await.unwrap();
            assert_eq!(
                collected.trailers().unwrap()["x-last"],
                sent,
                "{cut} {version:?}"
            );
            let body = collected.to_bytes();
            assert_eq!(body, format!("{BEFORE}{sent}{AFTER}"), "{cut} {version:?}");
        }
        // The control: who looks at each piece by itself.
        let (first, second) = whole.split_at(cut);
        let cleaned = [first, second].map(|piece| piece.replace(&stage.secret, &stars));
        seen_by_the_control += usize::from(cleaned.concat().contains(&stage.secret));
    }
    assert!(seen_by_the_control > 30, "{seen_by_the_control}");
    println!(
        "figure: an echo of the credential, cut in {} ways, over both versions of HTTP, in headers, bodies and trailers: 0 \
         came through; {seen_by_the_control} where each piece is looked at by itself",
        whole.len() + 1,
    );
}

#[tokio::test]
async fn the_handshake_of_an_upgrade_is_an_answer_too() {
    let stage = stage().await;
    let allowed = stage.allowed();
    let mut tls = stage.client().tls(&allowed, &["http/1.1"]).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {allowed}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    tls.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut tls).await;
    assert_eq!(status(&head), StatusCode::SWITCHING_PROTOCOLS);
    let head = String::from_utf8(head).unwrap();
    assert!(
        head.contains("Bearer ****") && !head.contains(&stage.secret),
        "{head}"
    );
    assert_eq!(
        stage.leaks(&stage.allowed),
        2,
        "the server got it: in bytes, and as it was read"
    );
}
