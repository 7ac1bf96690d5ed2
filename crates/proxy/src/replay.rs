//! Keeping a small body while it is on its way, so that the request can be sent a second time.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The largest body that is kept: 64 KiB.
const MOST: usize = 64 * 1024;
/// How long the rest of a body is waited for, that the server did not.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body that remembers what has passed.
#[derive(Debug)]
pub(crate) struct Kept<B> {
    /// Gone once all of it has passed.
    body: Option<B>,
    record: Arc<Record<B>>,
}

/// What has passed of a body.
#[derive(Debug)]
pub(crate) struct Record<B> {
    passed: Mutex<Passed<B>>,
    changed: Notify,
}

#[derive(Debug)]
enum Passed<B> {
    /// So far.
    Part(Vec<Bytes>),
    /// And this is left of it: the server did not wait for the end.
    Rest(Vec<Bytes>, B),
    Whole(Vec<Bytes>),
    /// Too large, or with trailers, or broken off.
    Lost,
}

impl<B: Body> Kept<B> {
    /// The body, and the record of it.
    pub(crate) fn new(body: B) -> (Self, Arc<Record<B>>) {
        let passed = if body.is_end_stream() {
            Passed::Whole(Vec::new())
        } else if body.size_hint().lower() > MOST as u64 {
            Passed::Lost
        } else {
            Passed::Part(Vec::new())
        };
        let record = Arc::new(Record {
            passed: Mutex::new(passed),
            changed: Notify::new(),
        });
        let kept = Self {
            body: Some(body),
            record: Arc::clone(&record),
        };
        (kept, record)
    }
}

impl<B> Record<B> {
    fn add(&self, data: &Bytes) {
        let mut passed = self.lock();
        if let Passed::Part(parts) = &mut *passed {
            if size(parts) + data.len() > MOST {
                *passed = Passed::Lost;
            } else {
                parts.push(data.clone());
            }
        }
    }

    /// No more will pass; `rest` is what did not.
    fn end(&self, rest: Option<B>) {
        let mut passed = self.lock();
        if let Passed::Part(parts) = &mut *passed {
            let parts = mem::take(parts);
            *passed = match rest {
                None => Passed::Whole(parts),
                Some(rest) => Passed::Rest(parts, rest),
            };
        }
        drop(passed);
        self.changed.notify_one();
    }

    fn lose(&self) {
        *self.lock() = Passed::Lost;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Passed<B>> {
        // Each step leaves a whole value behind, so a panic elsewhere spoils nothing.
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Record<B> {
    /// The whole body, if it is small enough and comes to its end. A server may have answered before it had all of it:
    /// the rest is waited for, for a moment.
    pub(crate) async fn whole(&self) -> Option<Bytes> {
        timeout(PATIENCE, self.gathered()).await.ok().flatten()
    }

    async fn gathered(&self) -> Option<Bytes> {
        loop {
            let passed = mem::replace(&mut *self.lock(), Passed::Lost);
            let (mut parts, rest) = match passed {
                Passed::Whole(parts) => (parts, None),
                Passed::Rest(parts, rest) => (parts, Some(rest)),
                Passed::Lost => return None,
                Passed::Part(parts) => {
                    *self.lock() = Passed::Part(parts);
                    self.changed.notified().await;
                    continue;
                }
            };
            if let Some(mut rest) = rest {
                while let Some(frame) = rest.frame().await {
                    parts.push(frame.ok()?.into_data().ok()?);
                    if size(&parts) > MOST {
                        return None;
                    }
                }
            }
            let mut whole = BytesMut::with_capacity(size(&parts));
            for part in parts {
                whole.extend_from_slice(&part);
            }
            return Some(whole.freeze());
        }
    }
}

fn size(parts: &[Bytes]) -> usize {
    parts.iter().map(Bytes::len).sum()
}

impl<B: Body<Data = Bytes> + Unpin> Body for Kept<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Self { body, record } = self.get_mut();
        let Some(inner) = body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(&mut *inner).poll_frame(context);
        let is_over = match &polled {
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => {
                    record.add(data);
                    inner.is_end_stream()
                }
                None => {
                    record.lose();
                    false
                }
            },
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) => {
                record.lose();
                false
            }
            Poll::Pending => false,
        };
        if is_over {
            *body = None;
            record.end(None);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Kept<B> {
    fn drop(&mut self) {
        if let Some(rest) = self.body.take() {
            self.record.end(Some(rest));
        }
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

    /// What is left of a body of which all passed; and of one of which only the first frame did.
    async fn kept(frames: Vec<Frame<Bytes>>) -> Option<Bytes> {
        let again = frames.iter().map(|frame| match frame.data_ref() {
            Some(data) => Frame::data(data.clone()),
            None => Frame::trailers(HeaderMap::new()),
        });
        let (mut cut, record_of_cut) = Kept::new(Frames(again.collect()));
        let (kept, record) = Kept::new(Frames(frames.into()));
        let passed = kept.collect().await.expect("it does not fail").to_bytes();
        let whole = record.whole().await;
        assert!(whole.as_ref().is_none_or(|whole| *whole == passed));
        let _first = cut.frame().await;
        drop(cut);
        assert_eq!(record_of_cut.whole().await, whole);
        whole
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_to_its_end_is_not_waited_for_in_vain() {
        let (kept, record) = Kept::new(Frames(VecDeque::from([Frame::data(Bytes::from("x"))])));
        assert_eq!(record.whole().await, None);
        drop(kept);
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
