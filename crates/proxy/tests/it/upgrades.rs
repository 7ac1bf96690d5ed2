//! WebSocket and the like: after the handshake, bytes, and never a second request.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::stage::authority::TestAuthority;
use crate::stage::client::{read_head, status};
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::{ALLOWED, Plan, Stage};

const SOON: Duration = Duration::from_secs(5);

/// Goes over to sending back every byte, whether it was asked to or not.
fn switching() -> Handler {
    Arc::new(|mut request| {
        Box::pin(async move {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let Ok(upgraded) = upgraded.await else { return };
                let mut io = TokioIo::new(upgraded);
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = io.read(&mut buffer).await {
                    io.write_all(&buffer[..count]).await.unwrap();
                }
            });
            let mut response: Response<_> = text("");
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert("connection", HeaderValue::from_static("upgrade"));
            headers.insert("upgrade", HeaderValue::from_static("websocket"));
            headers.insert("sec-websocket-accept", HeaderValue::from_static("x"));
            response
        })
    })
}

async fn stage() -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let config = authority.server(ALLOWED, &["http/1.1"]);
    let origin = Origin::with(config, switching()).await;
    Stage::around(Plan::default(), authority, origin).await
}

fn handshake(stage: &Stage, protocol: &str) -> String {
    format!(
        "GET /socket HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
         Upgrade: {protocol}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.allowed(),
        stage.placeholder,
    )
}

/// How many requests hyper finds where nobody tells it that the protocol has changed.
async fn read_on(sent: &str) -> usize {
    let found = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&found);
    let (mut client, server) = tokio::io::duplex(1 << 16);
    client.write_all(sent.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let service = service_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, Infallible>(text("")) }
    });
    let careless = hyper::server::conn::http1::Builder::new();
    drop(
        careless
            .serve_connection(TokioIo::new(server), service)
            .await,
    );
    found.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_websocket_is_opened_with_the_credential_and_is_bytes_from_then_on() {
    let stage = stage().await;
    let mut tls = stage
        .client()
        .tls(&stage.allowed(), &["http/1.1"])
        .await
        .unwrap();
    // What follows the handshake at once must not be taken for a request.
    let smuggled = handshake(&stage, "websocket").replace("/socket", "/second");
    let both = format!("{}{smuggled}", handshake(&stage, "websocket"));
    tls.write_all(both.as_bytes()).await.unwrap();
    let head = timeout(SOON, read_head(&mut tls)).await.unwrap();
    assert_eq!(status(&head), StatusCode::SWITCHING_PROTOCOLS);
    assert!(String::from_utf8_lossy(&head).contains("sec-websocket-accept: x"));
    let mut back = vec![0; smuggled.len()];
    timeout(SOON, tls.read_exact(&mut back))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back, smuggled.as_bytes(), "it came back as it was");
    for _ in 0..3 {
        tls.write_all(smuggled.as_bytes()).await.unwrap();
        timeout(SOON, tls.read_exact(&mut back))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(back, smuggled.as_bytes());
    }
    let seen = stage.allowed.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].headers["authorization"],
        format!("Bearer {}", stage.secret)
    );
    assert_eq!(
        stage.leaks(&stage.allowed),
        2,
        "in the bytes and in the request, once each"
    );
    // The control: a proxy that goes on reading requests finds one in each of these.
    let after = smuggled.repeat(4);
    let careless = read_on(&format!("{}{after}", handshake(&stage, "websocket"))).await;
    assert_eq!(careless, 5);
    println!(
        "figure: 4 requests sent after an upgrade: 0 taken for requests, 0 credentials put in; by a proxy that reads on: {}",
        careless - 1
    );
}

#[tokio::test]
async fn no_connection_goes_over_to_requests_that_nobody_sees() {
    let stage = stage().await;
    for protocol in [
        "h2c",
        "H2C",
        "h2",
        "HTTP/2.0",
        "TLS/1.0",
        "websocket, h2c",
        "h2c, websocket",
    ] {
        let mut tls = stage
            .client()
            .tls(&stage.allowed(), &["http/1.1"])
            .await
            .unwrap();
        tls.write_all(handshake(&stage, protocol).as_bytes())
            .await
            .unwrap();
        let head = timeout(SOON, read_head(&mut tls)).await.unwrap();
        assert_eq!(status(&head), StatusCode::FORBIDDEN, "{protocol}");
    }
    assert!(stage.allowed.requests().is_empty());
    // A server that switches by itself gets nothing of the client's to see.
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    assert_eq!(
        (answered.status, answered.error().as_str()),
        (StatusCode::BAD_GATEWAY, "upstream_unreachable")
    );
}
