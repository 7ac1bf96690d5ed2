//! Faults on demand: what one request meets instead of, or on top of, the normal answer.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;

use super::body::{ServerBody, gzip_bomb};
use crate::message::Reply;

/// One fault for one request. Unless said otherwise the server does not act on the request: a
/// refresh token in it stays unspent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scripted {
    /// This answer.
    Status {
        /// The status code.
        status: u16,
        /// Headers; a `content-type` if one is wanted.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection is closed without an answer.
    Drop,
    /// The request is acted upon, then the connection is closed: the client never learns of it.
    Lost,
    /// So many milliseconds pass, then the request is handled as usual. A client that is gone by then was never
    /// heard.
    Delay(u64),
    /// The request is acted upon at once, and so many milliseconds pass before the answer is sent.
    Late(u64),
    /// The connection stays open and nothing is ever said.
    Hang,
    /// 200 and this JSON body, one byte each so many milliseconds.
    Drip(Vec<u8>, u64),
    /// 200 and a JSON document of so many bytes with one endless `access_token`.
    Huge(u64, Framing),
    /// 200 and `content-encoding: gzip`: few bytes that unpack to so many (rounded up to 1 MiB).
    GzipBomb(u64),
    /// A redirect: status and `Location`.
    Redirect(u16, String),
    /// 200, labelled JSON, and these bytes.
    Garbage(Vec<u8>),
}

/// How the end of a long body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Announced in `Content-Length`.
    ContentLength,
    /// Chunked: the length is unknown until it ends.
    Chunked,
}

/// What becomes of a request that met a fault.
pub(super) enum Fate {
    /// Handle it as if there had been no fault.
    Handle,
    /// Handle it, then close the connection.
    HandleAndClose,
    /// Handle it, then hold the answer back.
    HandleAndHold(Duration),
    /// Close the connection.
    Close,
    /// Send this.
    Answer(Reply),
    /// Send this head and stream this body.
    Stream(Reply, ServerBody),
}

impl Scripted {
    pub(super) async fn meet(self) -> Fate {
        match self {
            Self::Status {
                status,
                headers,
                body,
            } => Fate::Answer(Reply {
                status,
                headers,
                body,
            }),
            Self::Drop => Fate::Close,
            Self::Lost => Fate::HandleAndClose,
            Self::Delay(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Fate::Handle
            }
            Self::Late(milliseconds) => Fate::HandleAndHold(Duration::from_millis(milliseconds)),
            Self::Hang => pending().await,
            Self::Drip(bytes, milliseconds) => {
                let pause = Duration::from_millis(milliseconds);
                Fate::Stream(json_head(), ServerBody::drip(bytes, pause))
            }
            Self::Huge(length, framing) => {
                let head = match framing {
                    Framing::ContentLength => {
                        json_head().with_header("content-length", &length.to_string())
                    }
                    Framing::Chunked => json_head(),
                };
                Fate::Stream(head, ServerBody::chunks(huge_document(length)))
            }
            Self::GzipBomb(length) => {
                let head = json_head().with_header("content-encoding", "gzip");
                Fate::Stream(head, ServerBody::chunks(gzip_bomb(length)))
            }
            Self::Redirect(status, location) => Fate::Answer(Reply::redirect(status, &location)),
            Self::Garbage(body) => Fate::Answer(Reply {
                body,
                ..json_head()
            }),
        }
    }
}

fn json_head() -> Reply {
    let headers = vec![("content-type".into(), "application/json".into())];
    Reply {
        status: 200,
        headers,
        body: Vec::new(),
    }
}

/// `{"access_token":"AAAA…"}` of exactly `length` bytes; too short for that, only the letters.
fn huge_document(length: u64) -> impl Iterator<Item = Bytes> + Send + 'static {
    const CHUNK: u64 = 64 * 1024;
    let (open, close) = (
        Bytes::from_static(b"{\"access_token\":\""),
        Bytes::from_static(b"\"}"),
    );
    let frame = (open.len() + close.len()) as u64;
    let (frames, letters) = if length < frame {
        (0, length)
    } else {
        (1, length - frame)
    };
    let chunk = Bytes::from(vec![b'A'; CHUNK as usize]);
    let rest = chunk.slice(..(letters % CHUNK) as usize);
    let whole = (0..letters / CHUNK).map(move |_| chunk.clone());
    let rest = std::iter::once(rest).filter(|rest| !rest.is_empty());
    std::iter::once(open)
        .take(frames)
        .chain(whole)
        .chain(rest)
        .chain(std::iter::once(close).take(frames))
}

#[cfg(test)]
mod tests {
    use super::huge_document;

    #[test]
    fn a_huge_document_has_the_length_asked_for_and_is_json() {
        for length in [0, 5, 17, 18, 19, 65_536, 65_554, 200_000] {
            let document: Vec<u8> = huge_document(length).flatten().collect();
            assert_eq!(document.len() as u64, length);
            let parsed = serde_json::from_slice::<serde_json::Value>(&document);
            assert_eq!(parsed.is_ok(), length >= 19, "{length}");
        }
    }
}
