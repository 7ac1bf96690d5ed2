//! A body that is not sent before the server wants it (RFC 9110 section 10.1.1): to ask the client for it is to tell the
//! client to go on.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::{Sleep, sleep};

/// How long a server is waited for that may not know the question.
const PATIENCE: Duration = Duration::from_secs(1);

/// A body that waits to be asked for.
#[derive(Debug)]
pub(crate) struct Awaited<B> {
    body: Box<B>,
    /// Ends with the word of the server; gone once the body is on its way.
    word: Option<(Receiver<()>, Pin<Box<Sleep>>)>,
}

/// Whether a client waits to be told to go on.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::EXPECT).iter();
    values.any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

impl<B> Awaited<B> {
    /// `body`, and whom to tell that it is wanted.
    pub(crate) fn new(body: B) -> (Self, Sender<()>) {
        let (wanted, word) = channel();
        let awaited = Self {
            body: Box::new(body),
            word: Some((word, Box::pin(sleep(PATIENCE)))),
        };
        (awaited, wanted)
    }
}

/// Has `wanted` told when the server that `request` goes to says to go on.
pub(crate) fn listen<B>(request: &mut Request<B>, wanted: Sender<()>) {
    let wanted = std::sync::Mutex::new(Some(wanted));
    hyper::ext::on_informational(request, move |informational| {
        if informational.status() == StatusCode::CONTINUE
            && let Ok(mut wanted) = wanted.lock()
        {
            // Whoever hears it sends the body; it is said once.
            drop(wanted.take());
        }
    });
}

impl<B: Body<Data = Bytes> + Unpin> Body for Awaited<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if let Some((word, patience)) = &mut this.word {
            if Pin::new(word).poll(context).is_pending() {
                ready!(patience.as_mut().poll(context));
            }
            this.word = None;
        }
        Pin::new(&mut *this.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
