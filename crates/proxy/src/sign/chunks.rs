//! Bodies that are signed in pieces, as they come (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`): each piece is signed anew, with
//! the signature before it, and so are the trailers behind the last one. Nothing changes its length.
//!
//! A piece is held back until it has come whole, for its signature stands before it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use memchr::memmem;

use super::MOST;
use super::key::{SigningKey, hash};

/// The longest line before a piece: a length, a name and a signature.
const LONGEST_LINE: usize = 128;
/// The most that trailers may have.
const MOST_TRAILERS: usize = 16 * 1024;
const SIGNATURE: &str = ";chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";
const ENDING: &[u8] = b"\r\n";

/// A body whose pieces are signed anew.
#[derive(Debug)]
pub(crate) struct Chunks<B> {
    body: B,
    pieces: Pieces,
    is_over: bool,
}

/// What has come of the pieces, and is not yet passed on.
#[derive(Debug)]
struct Pieces {
    key: SigningKey,
    /// The signature before the next one: the request's own before the first.
    previous: String,
    held: BytesMut,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Another piece.
    Piece,
    /// The trailers, and the end.
    Trailers,
    /// Nothing.
    End,
}

/// The body is not what its head says.
#[derive(Debug, thiserror::Error)]
#[error("the body is not made of signed pieces of at most {MOST} bytes")]
struct NotPieces;

impl<B> Chunks<B> {
    /// `body`, signed with `key`; `signature` is the one of the request's head.
    pub(crate) fn new(body: B, key: SigningKey, signature: String) -> Self {
        Self {
            body,
            pieces: Pieces {
                key,
                previous: signature,
                held: BytesMut::new(),
                then: Then::Piece,
            },
            is_over: false,
        }
    }
}

impl Pieces {
    /// The next that can be passed on; `None` where more has to come first.
    fn next(&mut self) -> Result<Option<Bytes>, NotPieces> {
        if self.then != Then::Piece {
            let most = if self.then == Then::End {
                0
            } else {
                MOST_TRAILERS
            };
            return if self.held.len() > most {
                Err(NotPieces)
            } else {
                Ok(None)
            };
        }
        let start = &self.held[..self.held.len().min(LONGEST_LINE)];
        let Some(line_end) = memmem::find(start, ENDING) else {
            return if start.len() < LONGEST_LINE {
                Ok(None)
            } else {
                Err(NotPieces)
            };
        };
        let line = std::str::from_utf8(&start[..line_end]).map_err(|_| NotPieces)?;
        let (size, old) = line.split_once(SIGNATURE).ok_or(NotPieces)?;
        let length = size.len();
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex(size) || !is_hex(old) || old.len() != 64 {
            return Err(NotPieces);
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| NotPieces)?;
        if size > MOST {
            return Err(NotPieces);
        }
        let data = line_end + ENDING.len();
        if size == 0 {
            // What follows is the end of the trailers, of which there may be none.
            self.then = Then::Trailers;
        } else if self.held.len() < data + size + ENDING.len() {
            self.held
                .reserve(data + size + ENDING.len() - self.held.len());
            return Ok(None);
        } else if &self.held[data + size..data + size + ENDING.len()] != ENDING {
            return Err(NotPieces);
        }
        let whole = data + if size == 0 { 0 } else { size + ENDING.len() };
        let mut piece = self.held.split_to(whole);
        let lines = [
            &*self.previous,
            &hash(b""),
            &hash(&piece[data..data + size]),
        ];
        self.previous = self.key.sign("AWS4-HMAC-SHA256-PAYLOAD", &lines);
        let at = length + SIGNATURE.len();
        piece[at..at + 64].copy_from_slice(self.previous.as_bytes());
        Ok(Some(piece.freeze()))
    }

    /// What comes at the end of the body.
    fn end(&mut self) -> Result<Bytes, NotPieces> {
        if self.then != Then::Trailers {
            return Err(NotPieces);
        }
        self.then = Then::End;
        let mut trailers = self.held.split();
        let text = std::str::from_utf8(&trailers).map_err(|_| NotPieces)?;
        let mut signed = String::new();
        let mut signature = None;
        let mut from = 0;
        for line in text.split_inclusive('\n') {
            let start = from;
            from += line.len();
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(NotPieces)?;
            if signature.is_some() {
                return Err(NotPieces);
            }
            if name.trim_ascii().eq_ignore_ascii_case(TRAILER_SIGNATURE) {
                let value = value.trim_ascii();
                let at = memmem::find(&text.as_bytes()[start..from], value.as_bytes());
                signature = at.filter(|_| value.len() == 64).map(|at| start + at);
                signature.ok_or(NotPieces)?;
            } else {
                let (name, value) = (name.trim_ascii().to_ascii_lowercase(), value.trim_ascii());
                signed.push_str(&format!("{name}:{value}\n"));
            }
        }
        if let Some(at) = signature {
            let lines = [&*self.previous, &hash(signed.as_bytes())];
            let new = self.key.sign("AWS4-HMAC-SHA256-TRAILER", &lines);
            trailers[at..at + 64].copy_from_slice(new.as_bytes());
        }
        Ok(trailers.freeze())
    }
}

impl<B: Body<Data = Bytes, Error: Into<crate::body::Broken>> + Unpin> Body for Chunks<B> {
    type Data = Bytes;
    type Error = crate::body::Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self {
            body,
            pieces,
            is_over,
        } = self.get_mut();
        loop {
            match pieces.next() {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
                Ok(None) if *is_over => return Poll::Ready(None),
                Ok(None) => {}
            }
            match ready!(Pin::new(&mut *body).poll_frame(context)) {
                None => {
                    *is_over = true;
                    let end = pieces.end().map(Frame::data);
                    return Poll::Ready(Some(end.map_err(Into::into)));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => {
                    // Trailers of HTTP itself are none of these, and nothing is signed of them.
                    if let Ok(mut data) = frame.into_data() {
                        pieces.held.reserve(data.remaining());
                        pieces.held.extend_from_slice(&data);
                        data.clear();
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    /// The length is in the head.
    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
