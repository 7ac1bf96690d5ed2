//! Whatever streams goes on streaming: both ways, in both versions of HTTP, with what comes at its end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::stage::authority::TestAuthority;
use crate::stage::client::{Answered, get, read_head, status};
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage};

const SOON: Duration = Duration::from_secs(5);

async fn stage(handler: Handler) -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let config = authority.server(ALLOWED, &["h2", "http/1.1"]);
    let origin = Origin::with(config, handler).await;
    Stage::around(Plan::default(), authority, origin).await
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn trailers(text: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("x-last".parse().unwrap(), HeaderValue::from_static(text))])
}

/// Sends back each piece as it comes, and the trailers.
fn echo() -> Handler {
    Arc::new(|request| {
        Box::pin(async move {
            let (sender, body) = Piped::new();
            tokio::spawn(async move {
                let mut incoming = request.into_body();
                while let Some(Ok(frame)) = incoming.frame().await {
                    if sender.send(frame).await.is_err() {
                        break;
                    }
                }
            });
            let mut response = Response::new(body.map_err(|never| match never {}).boxed());
            response
                .headers_mut()
                .insert("trailer", HeaderValue::from_static("x-last"));
            response
        })
    })
}

#[tokio::test]
async fn a_call_of_grpcs_kind_goes_both_ways_at_once_and_ends_with_trailers() {
    let stage = stage(echo()).await;
    let allowed = stage.allowed();
    for version in [Version::HTTP_2, Version::HTTP_11] {
        let (sender, body) = Piped::new();
        let request = Request::post(match version {
            Version::HTTP_2 => format!("https://{allowed}/rpc"),
            _ => "/rpc".to_owned(),
        })
        .header("authorization", &stage.placeholder)
        .header("te", "trailers")
        .header("trailer", "x-last")
        .header("content-type", "application/grpc");
        let answer = if version == Version::HTTP_2 {
            let mut client = stage.client().http2(&allowed).await;
            client.send_request(request.body(body).unwrap()).await
        } else {
            let request = request.header("connection", "te").header("host", &allowed);
            let mut client = stage.client().http1(&allowed).await;
            client.send_request(request.body(body).unwrap()).await
        };
        let mut answer = answer.unwrap().into_body();
        for piece in ["one", "two", "three"] {
            sender.send(data(piece)).await.unwrap();
            let frame = timeout(SOON, answer.frame())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(frame.into_data().unwrap(), piece, "{version:?}");
        }
        sender.send(Frame::trailers(trailers("end"))).await.unwrap();
        drop(sender);
        let frame = timeout(SOON, answer.frame())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(
            frame.into_trailers().unwrap(),
            trailers("end"),
            "{version:?}"
        );
        assert!(timeout(SOON, answer.frame()).await.unwrap().is_none());
    }
    assert_eq!(stage.allowed.requests().len(), 2);
}

#[tokio::test]
async fn an_event_arrives_when_it_is_sent() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let handler: Handler = Arc::new(move |_| {
        let gate = Arc::clone(&held);
        Box::pin(async move {
            let (sender, body) = Piped::new();
            tokio::spawn(async move {
                sender.send(data("data: one\n\n")).await.unwrap();
                gate.notified().await;
                sender.send(data("data: two\n\n")).await.unwrap();
            });
            let mut response = Response::new(body.map_err(|never| match never {}).boxed());
            let kind = HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert("content-type", kind);
            response
        })
    });
    let stage = stage(handler).await;
    let mut client = stage.client().http1(&stage.allowed()).await;
    let answer = client
        .send_request(get(&stage.allowed(), "/", &stage.placeholder))
        .await;
    let mut body = answer.unwrap().into_body();
    let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: one\n\n");
    gate.notify_one();
    let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: two\n\n");
}

#[tokio::test]
async fn a_program_that_hangs_up_ends_the_servers_work() {
    let ended = Arc::new(Notify::new());
    let told = Arc::clone(&ended);
    let handler: Handler = Arc::new(move |_| {
        let ended = Arc::clone(&told);
        Box::pin(async move {
            let (sender, body) = Piped::new();
            tokio::spawn(async move {
                while sender.send(data("x")).await.is_ok() {}
                ended.notify_one();
            });
            Response::new(body.map_err(|never| match never {}).boxed())
        })
    });
    let stage = stage(handler).await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let allowed = stage.allowed();
        let mut request = get(&allowed, "/", &stage.placeholder);
        let answer = if version == Version::HTTP_2 {
            *request.uri_mut() = format!("https://{allowed}/").parse().unwrap();
            request.headers_mut().remove("host");
            let mut client = stage.client().http2(&allowed).await;
            client.send_request(request).await.unwrap()
        } else {
            let mut client = stage.client().http1(&allowed).await;
            client.send_request(request).await.unwrap()
        };
        let mut body = answer.into_body();
        body.frame().await.unwrap().unwrap();
        drop(body);
        timeout(SOON, ended.notified()).await.unwrap();
    }
}

/// A request written by hand, whose body may wait.
async fn raw(stage: &Stage, more: &str) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let allowed = stage.allowed();
    let mut tls = stage.client().tls(&allowed, &["http/1.1"]).await.unwrap();
    let token = &stage.placeholder;
    let head = format!(
        "POST /x HTTP/1.1\r\nHost: {allowed}\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    tls
}

#[tokio::test]
async fn a_client_that_asks_first_is_answered_before_it_sends() {
    let size: Handler = Arc::new(|request| {
        Box::pin(async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            text(format!("{} bytes", body.len()))
        })
    });
    let stage = stage(size).await;
    let mut tls = raw(&stage, "Expect: 100-continue\r\nContent-Length: 5\r\n").await;
    let head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    assert_eq!(status(&head), StatusCode::CONTINUE);
    tls.write_all(b"hello").await.unwrap();
    let head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    assert_eq!(status(&head), StatusCode::OK);
    // One that does not wait for it.
    let mut tls = raw(
        &stage,
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    )
    .await;
    let mut head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    if status(&head) == StatusCode::CONTINUE {
        head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    }
    assert_eq!(status(&head), StatusCode::OK);
}

/// Refuses without looking at the body.
fn too_large() -> Handler {
    Arc::new(|_| {
        Box::pin(async {
            let mut response = text("too large");
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        })
    })
}

#[tokio::test]
async fn an_early_no_reaches_the_client() {
    let stage = stage(too_large()).await;
    // Who asks first is told before a byte of the body was sent.
    let mut tls = raw(
        &stage,
        "Expect: 100-continue\r\nContent-Length: 99999999\r\n",
    )
    .await;
    let head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    assert_eq!(status(&head), StatusCode::PAYLOAD_TOO_LARGE);
    // Who does not is told while it is sending.
    let allowed = stage.allowed();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (sender, body) = Piped::new();
        let request = Request::post(match version {
            Version::HTTP_2 => format!("https://{allowed}/x"),
            _ => "/x".to_owned(),
        })
        .header("authorization", &stage.placeholder);
        tokio::spawn(async move {
            while sender
                .send(Frame::data(Bytes::from_static(&[0; 16384])))
                .await
                .is_ok()
            {}
        });
        let answer = if version == Version::HTTP_2 {
            let mut client = stage.client().http2(&allowed).await;
            timeout(SOON, client.send_request(request.body(body).unwrap())).await
        } else {
            let request = request.header("host", &allowed);
            let mut client = stage.client().http1(&allowed).await;
            timeout(SOON, client.send_request(request.body(body).unwrap())).await
        };
        let answer = answer.unwrap().unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::PAYLOAD_TOO_LARGE,
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_opened_again() {
    let handler: Handler = Arc::new(|_| {
        Box::pin(async {
            let mut response = text("bye");
            response
                .headers_mut()
                .insert("connection", HeaderValue::from_static("close"));
            response
        })
    });
    let stage = stage(handler).await;
    let mut client = stage.client().http1::<Full<Bytes>>(&stage.allowed()).await;
    for _ in 0..3 {
        client.ready().await.unwrap();
        let request = get(&stage.allowed(), "/", &stage.placeholder);
        let answered = Answered::of(client.send_request(request).await.unwrap()).await;
        assert_eq!(answered.body, "bye");
    }
    assert_eq!(stage.allowed.connections(), 3);
}

#[tokio::test]
async fn a_server_that_was_gone_is_reached_by_the_next_connection() {
    let authority = Arc::new(TestAuthority::new());
    // Nobody listens there: the port is kept, and given to the server later.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let origin = Origin::elsewhere(socket.local_addr().unwrap());
    let stage = Stage::around(Plan::default(), authority, origin).await;
    let allowed = stage.allowed();
    let mut request = get(&allowed, "/", &stage.placeholder);
    request.headers_mut().remove("host");
    *request.uri_mut() = format!("https://{allowed}/").parse().unwrap();
    let mut client = stage.client().http2(&allowed).await;
    let answered = Answered::of(client.send_request(request).await.unwrap()).await;
    assert_eq!(
        (answered.status, answered.error().as_str()),
        (StatusCode::BAD_GATEWAY, "upstream_unreachable")
    );
    // The connection is over, so that the program opens another.
    let closed = async {
        while client.ready().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, closed).await.unwrap();
    let answered = stage.client().get(&allowed, "/", &stage.placeholder).await;
    assert_eq!(answered.headers["connection"], "close");
}
