//! Keeping a small body while it is on its way, so that the request can be sent a second time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// The largest body that is kept: 64 KiB.
const MOST: usize = 64 * 1024;

/// A body that remembers what has passed.
#[derive(Debug)]
pub(crate) struct Kept<B> {
    body: B,
    record: Record,
}

/// What has passed of a body.
#[derive(Debug, Clone)]
pub(crate) struct Record(Arc<Mutex<Passed>>);

#[derive(Debug)]
enum Passed {
    Part(Vec<Bytes>, usize),
    Whole(Vec<Bytes>),
    /// Too large, or with trailers, or broken off.
    Lost,
}

impl<B: Body> Kept<B> {
    /// The body, and the record of it.
    pub(crate) fn new(body: B) -> (Self, Record) {
        let passed = if body.is_end_stream() {
            Passed::Whole(Vec::new())
        } else if body.size_hint().lower() > MOST as u64 {
            Passed::Lost
        } else {
            Passed::Part(Vec::new(), 0)
        };
        let record = Record(Arc::new(Mutex::new(passed)));
        let kept = Self {
            body,
            record: record.clone(),
        };
        (kept, record)
    }
}

impl Record {
    /// The whole body, if it has passed and was small enough.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        match &*self.lock() {
            Passed::Whole(parts) => {
                let mut whole = BytesMut::new();
                for part in parts {
                    whole.extend_from_slice(part);
                }
                Some(whole.freeze())
            }
            Passed::Part(..) | Passed::Lost => None,
        }
    }

    fn add(&self, data: &Bytes) {
        let mut passed = self.lock();
        if let Passed::Part(parts, size) = &mut *passed {
            *size += data.len();
            if *size > MOST {
                *passed = Passed::Lost;
            } else {
                parts.push(data.clone());
            }
        }
    }

    fn end(&self) {
        let mut passed = self.lock();
        if let Passed::Part(parts, _) = &mut *passed {
            *passed = Passed::Whole(std::mem::take(parts));
        }
    }

    fn lose(&self) {
        *self.lock() = Passed::Lost;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Passed> {
        // Each step leaves a whole value behind, so a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Kept<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Self { body, record } = self.get_mut();
        let polled = Pin::new(&mut *body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => {
                    record.add(data);
                    if body.is_end_stream() {
                        record.end();
                    }
                }
                None => record.lose(),
            },
            Poll::Ready(None) => record.end(),
            Poll::Ready(Some(Err(_))) => record.lose(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use http::HeaderMap;
    use http_body_util::BodyExt as _;

    use super::*;

    #[derive(Debug)]
    struct Frames(VecDeque<Frame<Bytes>>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    async fn kept(frames: Vec<Frame<Bytes>>) -> Option<Bytes> {
        let (kept, record) = Kept::new(Frames(frames.into()));
        assert_eq!(record.whole(), None, "it has not passed yet");
        let passed = kept.collect().await.expect("it does not fail").to_bytes();
        let whole = record.whole();
        assert!(whole.as_ref().is_none_or(|whole| *whole == passed));
        whole
    }

    #[tokio::test]
    async fn a_small_body_is_kept_whole_or_not_at_all() {
        let data = |size: usize| Frame::data(Bytes::from(vec![b'x'; size]));
        assert_eq!(kept(vec![]).await.expect("it is empty"), "");
        assert_eq!(
            kept(vec![data(1), data(2)]).await.expect("it is small"),
            "xxx"
        );
        assert!(kept(vec![data(MOST)]).await.is_some());
        assert!(kept(vec![data(MOST), data(1)]).await.is_none());
        assert!(
            kept(vec![data(1), Frame::trailers(HeaderMap::new())])
                .await
                .is_none()
        );
    }
}
