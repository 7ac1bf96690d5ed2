//! A WebSocket (RFC 6455) that echoes short messages.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::answer::{Body, text};

/// Section 1.3: what the server shows that it has understood.
const PHRASE: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Section 5.2: the kind of frame that ends a connection.
const CLOSE: u8 = 8;

pub(super) fn echo(mut request: Request<Incoming>) -> Response<Body> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY).cloned() else {
        return text("text/plain", "this is a WebSocket\n");
    };
    tokio::spawn(async move {
        if let Ok(connection) = hyper::upgrade::on(&mut request).await {
            // It ends when the client leaves.
            drop(frames(TokioIo::new(connection)).await);
        }
    });
    let accepted = Sha1::new()
        .chain_update(key)
        .chain_update(PHRASE)
        .finalize();
    let accepted = STANDARD.encode(accepted);
    let mut response = Response::new(Empty::new().boxed());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.extend(HeaderValue::try_from(accepted).map(|value| (SEC_WEBSOCKET_ACCEPT, value)));
    response
}

/// Section 5.2: a client's frame, of less than 126 bytes, and the same without its mask.
async fn frames(mut connection: TokioIo<hyper::upgrade::Upgraded>) -> io::Result<()> {
    loop {
        let mut start = [0; 6];
        connection.read_exact(&mut start).await?;
        let [kind, length, mask @ ..] = start;
        let length = length & 0x7F;
        let mut message = vec![0; length.into()];
        connection.read_exact(&mut message).await?;
        for (byte, mask) in message.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        let mut frame = vec![kind, length];
        frame.append(&mut message);
        connection.write_all(&frame).await?;
        connection.flush().await?;
        // Section 7.1.1: of two that have said they are leaving, the server goes first.
        if kind & 0x0F == CLOSE {
            return connection.shutdown().await;
        }
    }
}
