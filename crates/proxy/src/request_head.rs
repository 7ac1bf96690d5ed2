//! HTTP/1 requests that have exactly one reading, or none at all.
//!
//! The parser behind this is a tolerant one, and so may be the server. Where the two differ about the end of a request,
//! what one of them takes for a body is a request to the other, which nobody has looked at. So [`StrictHead`] watches
//! the bytes of a connection on their way to the parser, and breaks off what RFC 9112 does not allow: the parser then
//! gets a byte that it answers with 400, and nothing after it.

mod framing;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use self::framing::{Framing, MAX_HEAD, Violation};

/// A connection that lets through only requests with one reading.
///
/// After an upgrade or a CONNECT it is to be taken apart, or the watch to be ended: what comes then is not HTTP.
#[derive(Debug)]
pub struct StrictHead<IO> {
    io: IO,
    framing: Framing,
    is_over: Arc<AtomicBool>,
    /// After a violation: what is left to say to the parser.
    last_words: Option<&'static [u8]>,
}

impl<IO> StrictHead<IO> {
    /// Watches a connection from its first byte.
    pub fn new(io: IO) -> Self {
        Self {
            io,
            framing: Framing::default(),
            is_over: Arc::default(),
            last_words: None,
        }
    }

    /// Ends the watch when it is told to, after the parser has taken the connection away.
    pub fn end_of_watch(&self) -> EndOfWatch {
        EndOfWatch(Arc::clone(&self.is_over))
    }

    /// The connection itself.
    pub fn into_inner(self) -> IO {
        self.io
    }
}

/// Lets everything through that comes from now on.
#[derive(Debug, Clone)]
pub struct EndOfWatch(Arc<AtomicBool>);

impl EndOfWatch {
    /// The connection is no HTTP any more.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for StrictHead<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_over.load(Ordering::Relaxed) {
            return Pin::new(&mut this.io).poll_read(context, buffer);
        }
        if this.last_words.is_none() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(context, buffer))?;
            if let Err(violation) = this.framing.follow(&buffer.filled()[before..]) {
                tracing::debug!(why = violation.why, "a request was refused for its form");
                buffer.set_filled(before + violation.at);
                this.last_words = Some(unreadable(&this.framing));
            }
        }
        if let Some(words) = &mut this.last_words {
            let (now, later) = words.split_at(words.len().min(buffer.remaining()));
            buffer.put_slice(now);
            *words = later;
        }
        Poll::Ready(Ok(()))
    }
}

/// What makes the parser give up, whatever came before it.
fn unreadable(framing: &Framing) -> &'static [u8] {
    if framing.is_in_head() {
        // It looks at a head only once that seems to be complete.
        b"\0\r\n\r\n"
    } else {
        // Nothing that could complete a body.
        b"\0"
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for StrictHead<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
