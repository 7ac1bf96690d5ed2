//! A body that a test writes piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc::{Receiver, Sender, channel};

#[derive(Debug)]
pub(crate) struct Piped(Receiver<Frame<Bytes>>);

impl Piped {
    pub(crate) fn new() -> (Sender<Frame<Bytes>>, Self) {
        let (sender, receiver) = channel(1);
        (sender, Self(receiver))
    }
}

impl Body for Piped {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
