//! A body without the secrets, as it streams by.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::{Redactor, Secrets};

/// The body of an answer without the secrets. Trailers are looked through in any case.
#[derive(Debug)]
pub struct Redacted<B> {
    body: B,
    redactor: Redactor,
    /// Whether the body itself is passed on unseen.
    only_trailers: bool,
    /// Trailers that wait for what was held back.
    trailers: Option<HeaderMap>,
    has_ended: bool,
}

impl<B> Redacted<B> {
    /// `body` without `secrets`.
    pub fn new(body: B, secrets: Secrets) -> Self {
        Self {
            body,
            redactor: Redactor::new(secrets),
            only_trailers: false,
            trailers: None,
            has_ended: false,
        }
    }

    /// `body` as it is, with trailers that have no `secrets` in them: what cannot be looked through as it streams still ends
    /// in plain text.
    pub fn only_trailers(body: B, secrets: Secrets) -> Self {
        Self {
            only_trailers: true,
            ..Self::new(body, secrets)
        }
    }
}

impl<B> Body for Redacted<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let redactor = &mut this.redactor;
        if let Some(trailers) = this.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        while !this.has_ended {
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                // What was held back is no secret, or it would have ended.
                None => {
                    this.has_ended = true;
                    let rest = redactor.finish();
                    let rest = (!rest.is_empty()).then(|| Ok(Frame::data(rest)));
                    return Poll::Ready(rest);
                }
                error => return Poll::Ready(error),
            };
            match frame.into_data() {
                Ok(data) if this.only_trailers => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(data) => {
                    let clean = redactor.push(data);
                    if !clean.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(clean))));
                    }
                }
                Err(frame) => {
                    let Ok(mut trailers) = frame.into_trailers() else {
                        continue;
                    };
                    redactor.secrets().redact_headers(&mut trailers);
                    if redactor.held() == 0 {
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                    this.trailers = Some(trailers);
                    return Poll::Ready(Some(Ok(Frame::data(redactor.finish()))));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.redactor.held() == 0 && self.trailers.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.redactor.held() as u64;
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint.set_lower(hint.lower().saturating_add(held));
        hint
    }
}
