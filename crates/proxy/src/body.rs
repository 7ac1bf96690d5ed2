//! The bodies that pass through, both ways: frame by frame, trailers included, and never gathered.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::awaited::Awaited;
use crate::lingering::Lingering;
use crate::redact::Redacted;
use crate::replay::{Kept, Record};
use crate::sign::Chunks;
use crate::trailers::Trailed;

/// What a client sends, with such trailers as may be sent on.
pub(crate) type Sent = Trailed<Lingering>;

/// Whatever goes wrong with a body on its way ends the connection.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request to a server.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// The client's, as it comes.
    Streamed(Sent),
    /// The client's, kept on its way, should it be needed again.
    Kept(Kept<Sent>),
    /// The client's, who waits to be told to send it.
    Awaited(Awaited<Self>),
    /// The client's, in pieces that are signed one by one.
    Signed(Chunks<Sent>),
    /// One that is here already.
    Given(Full<Bytes>),
}

/// The body of an answer to a client.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The server's, as it comes.
    Streamed(Incoming),
    /// The server's, without the secrets in it.
    Redacted(Redacted<Incoming>),
    /// The sidecar's own.
    Given(Full<Bytes>),
}

impl Answer {
    pub(crate) fn given(bytes: impl Into<Bytes>) -> Self {
        Self::Given(Full::new(bytes.into()))
    }
}

impl Outgoing {
    /// The same, kept on its way, and the record of it.
    pub(crate) fn kept(body: Sent) -> (Self, Arc<Record<Sent>>) {
        let (kept, record) = Kept::new(body);
        (Self::Kept(kept), record)
    }

    pub(crate) fn given(bytes: impl Into<Bytes>) -> Self {
        Self::Given(Full::new(bytes.into()))
    }
}

macro_rules! passes_on {
    ($body:ident: $($variant:ident),+) => {
        impl Body for $body {
            type Data = Bytes;
            type Error = Broken;

            fn poll_frame(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
                match self.get_mut() {
                    $(Self::$variant(body) => Pin::new(body)
                        .poll_frame(context)
                        .map_err(Into::into),)+
                }
            }

            fn is_end_stream(&self) -> bool {
                match self {
                    $(Self::$variant(body) => body.is_end_stream(),)+
                }
            }

            fn size_hint(&self) -> SizeHint {
                match self {
                    $(Self::$variant(body) => body.size_hint(),)+
                }
            }
        }
    };
}

passes_on!(Outgoing: Streamed, Kept, Awaited, Signed, Given);
passes_on!(Answer: Streamed, Redacted, Given);
