//! Response bodies: whole, or made piece by piece while the client reads.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};
use http_body_util::Full;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// What the server sends after the head.
pub(super) enum ServerBody {
    Whole(Full<Bytes>),
    /// Ends when the sender goes away. The channel is short: a reader that stops stops the maker.
    Pieces(mpsc::Receiver<Bytes>),
}

impl ServerBody {
    pub(super) fn whole(bytes: Vec<u8>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }

    pub(super) fn chunks(chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(2);
        tokio::spawn(async move {
            for chunk in chunks {
                if sender.send(chunk).await.is_err() {
                    return;
                }
            }
        });
        Self::Pieces(receiver)
    }

    pub(super) fn drip(bytes: Vec<u8>, pause: Duration) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for byte in bytes {
                if sender.send(Bytes::from(vec![byte])).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        });
        Self::Pieces(receiver)
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(full) => Pin::new(full).poll_frame(context),
            Self::Pieces(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(full) => full.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(full) => full.size_hint(),
            Self::Pieces(_) => hyper::body::SizeHint::default(),
        }
    }
}

const MIB: usize = 1024 * 1024;

/// A valid gzip stream (RFC 1952) of letters that unpacks to `length` bytes, rounded up to 1 MiB;
/// about a thousandth of that on the wire. One block is compressed, and repeated: after a full
/// flush a deflate block depends on nothing before it. So 10 GB cost no more than their output.
pub(super) fn gzip_bomb(length: u64) -> impl Iterator<Item = Bytes> + Send + 'static {
    let letters = vec![b'A'; MIB];
    let mut block = Vec::with_capacity(64 * 1024);
    let mut deflate = Compress::new(Compression::best(), false);
    deflate
        .compress_vec(&letters, &mut block, FlushCompress::Full)
        .expect("a megabyte of one letter compresses");
    let block = Bytes::from(block);

    let mut of_block = Crc::new();
    of_block.update(&letters);
    let mut whole = Crc::new();
    let blocks = length.div_ceil(MIB as u64);
    for _ in 0..blocks {
        whole.combine(&of_block);
    }

    let head = Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    // An empty last block, then checksum and length modulo 2^32, as section 2.3.1 has them.
    let mut tail = vec![0x03, 0x00];
    tail.extend(whole.sum().to_le_bytes());
    tail.extend(whole.amount().to_le_bytes());
    std::iter::once(head)
        .chain((0..blocks).map(move |_| block.clone()))
        .chain(std::iter::once(Bytes::from(tail)))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{MIB, gzip_bomb};

    #[test]
    fn a_bomb_is_valid_gzip_and_a_hundred_times_smaller_than_what_it_holds() {
        for (asked, expected) in [(0, 0), (1, MIB), (3 * MIB as u64, 3 * MIB)] {
            let packed: Vec<u8> = gzip_bomb(asked).flatten().collect();
            assert!(
                packed.len() <= 32 + expected / 100,
                "{} bytes",
                packed.len()
            );
            let mut unpacked = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(&packed[..]);
            reader
                .read_to_end(&mut unpacked)
                .expect("valid gzip, checksum included");
            assert_eq!(unpacked.len(), expected);
        }
    }
}
