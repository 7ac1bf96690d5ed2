//! The trailers of a request (RFC 9110 section 6.5): fields after the body, which some servers and gateways read as if they
//! had stood in the head.
//!
//! Whatever decides what the request is, and whose, has been looked at in the head, so a trailer may not say it again.
//! Trailers of answers are not its business: they decide nothing, and are looked through with the body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::{Body, Frame, SizeHint};

use crate::hygiene::is_hop_by_hop;
use crate::inject::is_alike;

/// A body whose trailers are only such as may be trailers.
#[derive(Debug)]
pub(crate) struct Trailed<B> {
    body: B,
    /// The headers that the credential is in.
    own: Vec<HeaderName>,
}

impl<B: Body> Trailed<B> {
    /// `body`, whose trailers give no second value to any header of `own`.
    pub(crate) fn new<'a>(body: B, own: impl Iterator<Item = &'a HeaderName>) -> Self {
        // Most requests have no body, and so no trailers.
        let own = match body.is_end_stream() {
            true => Vec::new(),
            false => own.cloned().collect(),
        };
        Self { body, own }
    }

    fn admits(&self, name: &HeaderName) -> bool {
        !belongs_in_the_head(name.as_str()) && !self.own.iter().any(|own| is_alike(own, name))
    }
}

/// Framing, routing, authentication, and what tells the server how to answer (RFC 9110 section 6.5.1).
fn belongs_in_the_head(name: &str) -> bool {
    is_hop_by_hop(name)
        || name.starts_with("authkeep-")
        || name.starts_with("accept")
        || name.starts_with("if-")
        || matches!(
            name,
            "authorization"
                | "cache-control"
                | "content-encoding"
                | "content-length"
                | "content-range"
                | "content-type"
                | "cookie"
                | "expect"
                | "forwarded"
                | "host"
                | "max-forwards"
                | "range"
                | "trailer"
        )
}

impl<B: Body<Data = Bytes> + Unpin> Body for Trailed<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = polled else {
            return Poll::Ready(polled);
        };
        let mut trailers = match frame.into_trailers() {
            Ok(trailers) => trailers,
            Err(frame) => return Poll::Ready(Some(Ok(frame))),
        };
        let out: Vec<HeaderName> = (trailers.keys().filter(|name| !self.admits(name)))
            .cloned()
            .collect();
        for name in out {
            trailers.remove(name);
        }
        // Nothing comes after trailers.
        Poll::Ready(left(trailers).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn left(trailers: HeaderMap) -> Option<Frame<Bytes>> {
    (!trailers.is_empty()).then(|| Frame::trailers(trailers))
}
