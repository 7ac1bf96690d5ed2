//! A gRPC service that echoes messages, in the four modes, without knowing what is in them.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};

use super::answer::Body;

/// A message is preceded by a byte that says whether it is compressed, and its length in four.
const PREFIX: usize = 5;

/// `Unary` and `ClientStream` answer with the last message, `ServerStream` with it three times, and `Duplex` with each as
/// it comes.
pub(super) fn answer(request: Request<Incoming>) -> Response<Body> {
    let method = request
        .uri()
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let (sender, body) = Channel::new(4);
    tokio::spawn(echo(method, request.into_body(), sender));
    let mut response = Response::new(body.boxed());
    let media_type = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

async fn echo(method: String, mut body: Incoming, mut sender: Sender<Bytes>) {
    let mut unread = BytesMut::new();
    let mut last = Bytes::new();
    while let Some(Ok(frame)) = body.frame().await {
        unread.extend_from_slice(&frame.into_data().unwrap_or_default());
        while let Some(message) = take(&mut unread) {
            if method == "Duplex" && sender.send_data(message.clone()).await.is_err() {
                return;
            }
            last = message;
        }
    }
    let times = match method.as_str() {
        "Duplex" => 0,
        "ServerStream" => 3,
        _ => 1,
    };
    for _ in 0..times {
        if sender.send_data(last.clone()).await.is_err() {
            return;
        }
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers.insert("echoed", HeaderValue::from_static("yes"));
    // The client may have left.
    drop(sender.send_trailers(trailers).await);
}

/// A whole message with its prefix, if there is one.
fn take(unread: &mut BytesMut) -> Option<Bytes> {
    let length = unread
        .get(1..PREFIX)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)?;
    let whole = PREFIX + usize::try_from(length).ok()?;
    (unread.len() >= whole).then(|| unread.split_to(whole).freeze())
}
