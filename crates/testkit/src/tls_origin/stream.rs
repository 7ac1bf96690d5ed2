//! Bodies that come and go piece by piece.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::channel::Channel;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use serde_json::json;

use super::State;
use super::answer::{Body, json_answer};

const PIECE: usize = 64 * 1024;

/// The first event at once, and the second when somebody asks for it at `/events/go-on`: a client that asks when it has
/// read the first one never gets there through a proxy that holds it back.
pub(super) fn events(state: Arc<State>) -> Response<Body> {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        let go_on = state.go_on.notified();
        let mut go_on = std::pin::pin!(go_on);
        // From here on it is heard, even before it is waited for.
        go_on.as_mut().enable();
        let first = Bytes::from_static(b"data: first\n\n");
        if sender.send_data(first).await.is_ok() {
            go_on.await;
            // The client may have left.
            drop(
                sender
                    .send_data(Bytes::from_static(b"data: second\n\n"))
                    .await,
            );
        }
    });
    let mut response = Response::new(body.boxed());
    let media_type = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// As many bytes as the query says, each with the number of its place, modulo 251.
pub(super) fn bytes(query: Option<&str>) -> Response<Body> {
    let wanted: usize = query
        .and_then(|query| query.parse().ok())
        .unwrap_or_default();
    let (mut sender, body) = Channel::new(4);
    tokio::spawn(async move {
        let mut sent = 0;
        while sent < wanted {
            let end = wanted.min(sent + PIECE);
            let piece: Bytes = (sent..end).map(pattern).collect();
            if sender.send_data(piece).await.is_err() {
                return;
            }
            sent = end;
        }
    });
    Response::new(body.boxed())
}

/// How many bytes came, and whether they were those that `bytes` would send.
pub(super) async fn received(request: Request<Incoming>) -> Response<Body> {
    let mut body = request.into_body();
    let (mut count, mut intact) = (0, true);
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            intact &= data
                .iter()
                .enumerate()
                .all(|(at, byte)| *byte == pattern(count + at));
            count += data.len();
        }
    }
    json_answer(&json!({ "bytes": count, "intact": intact }))
}

fn pattern(place: usize) -> u8 {
    u8::try_from(place % 251).unwrap_or_default()
}
