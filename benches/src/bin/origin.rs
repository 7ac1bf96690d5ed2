//! A server with TLS that answers at once: what every proxy is measured in front of.
//!
//! `origin CERTIFICATE.pem KEY.pem` prints its port and serves until it is killed. `/small` answers 200 bytes, `/auth` the
//! Authorization header it got, backwards, so that no proxy knows it again; `/bytes/N` N zeros, `/events` twenty
//! server-sent events 5 ms apart; `/upload` counts what it is sent.

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;
type Body = UnsyncBoxBody<Bytes, Infallible>;

const CHUNK: usize = 64 * 1024;

fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let mut read = || -> Fallible<Vec<u8>> {
        let path = arguments.next().ok_or("origin CERTIFICATE KEY")?;
        let mut text = Vec::new();
        BufReader::new(File::open(path)?).read_to_end(&mut text)?;
        Ok(text)
    };
    let certificate = CertificateDer::from_pem_slice(&read()?)?;
    let key = PrivateKeyDer::from_pem_slice(&read()?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(TlsAcceptor::from(Arc::new(config))))
}

async fn serve(acceptor: TlsAcceptor) -> Fallible<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Whoever hangs up is no concern of the server's.
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ended = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer))
                    .await;
            }
        });
    }
}

async fn answer(request: Request<Incoming>) -> Fallible<Response<Body>> {
    let path = request.uri().path();
    if let Some(count) = path.strip_prefix("/bytes/") {
        let mut left: usize = count.parse()?;
        let length = left;
        let body = pieces(move |send| async move {
            let chunk = Bytes::from_static(&[0; CHUNK]);
            while left > 0 {
                let part = chunk.slice(..left.min(CHUNK));
                left -= part.len();
                if send.send(part).await.is_err() {
                    break;
                }
            }
        });
        return Ok(Response::builder()
            .header(header::CONTENT_LENGTH, length)
            .body(body)?);
    }
    match path {
        "/auth" => {
            let seen = request.headers().get(header::AUTHORIZATION);
            let seen = seen.map_or(Bytes::new(), |value| {
                value.as_bytes().iter().rev().copied().collect()
            });
            Ok(Response::new(full(seen)))
        }
        "/events" => {
            let body = pieces(|send| async move {
                for at in 0..20 {
                    if send
                        .send(Bytes::from(format!("data: {at}\n\n")))
                        .await
                        .is_err()
                    {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
            Ok(Response::builder()
                .header(header::CONTENT_TYPE, "text/event-stream")
                .body(body)?)
        }
        "/upload" => {
            let mut body = request.into_body();
            let mut count = 0;
            while let Some(frame) = body.frame().await {
                count += frame?.data_ref().map_or(0, Bytes::len);
            }
            Ok(Response::new(full(Bytes::from(count.to_string()))))
        }
        _ => Ok(Response::new(full(Bytes::from_static(&[b'.'; 200])))),
    }
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

/// A body that is sent as it is made.
fn pieces<F>(make: impl FnOnce(mpsc::Sender<Bytes>) -> F) -> Body
where
    F: Future<Output = ()> + Send + 'static,
{
    let (send, receive) = mpsc::channel(4);
    tokio::spawn(make(send));
    Pieces(receive).boxed_unsync()
}

struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        (self.0.poll_recv(context)).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
