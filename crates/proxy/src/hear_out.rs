//! A connection to a server that may stop listening before it has been heard.
//!
//! A server that refuses a request early says so and hangs up, and what is then written to it fails. What it has said is
//! still there to be read, so the failure is kept from the writer: the reader learns how it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes to nowhere once the other side is gone.
#[derive(Debug)]
pub(crate) struct HearOut<IO> {
    io: IO,
    is_gone: bool,
}

impl<IO> HearOut<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self { io, is_gone: false }
    }
}

impl<IO: AsyncWrite + Unpin> HearOut<IO> {
    /// Does `write`, unless the other side is gone; then `length` bytes are as good as written.
    fn unless_gone(
        &mut self,
        length: usize,
        write: impl FnOnce(Pin<&mut IO>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if !self.is_gone {
            match write(Pin::new(&mut self.io)) {
                Poll::Ready(Err(error)) if is_gone(&error) => self.is_gone = true,
                written => return written,
            }
        }
        Poll::Ready(Ok(length))
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl<IO: AsyncRead + Unpin> AsyncRead for HearOut<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(context, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for HearOut<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = |io: Pin<&mut IO>| io.poll_write(context, bytes);
        self.get_mut().unless_gone(bytes.len(), write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let write = |io: Pin<&mut IO>| io.poll_write_vectored(context, slices);
        self.get_mut().unless_gone(length, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = |io: Pin<&mut IO>| io.poll_flush(context).map_ok(|()| 0);
        self.get_mut().unless_gone(0, flush).map_ok(drop)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}
