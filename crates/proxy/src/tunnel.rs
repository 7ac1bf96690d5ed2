//! Connections that are none of the sidecar's business: bytes in, the same bytes out, never looked into.

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional_with_sizes};
use tokio::net::TcpStream;

/// How many bytes are on their way at most, in each direction.
const BUFFER: usize = 16 * 1024;

/// Copies both ways until both sides have ended, or one has failed.
pub(crate) async fn run(mut client: impl AsyncRead + AsyncWrite + Unpin, mut server: TcpStream) {
    let copied = copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await;
    if let Err(error) = copied {
        tracing::debug!(%error, "a tunnel ended");
    }
}
