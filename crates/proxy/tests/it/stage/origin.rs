//! A TLS server that remembers every byte it has read, and every request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use authkeep_core::BoxFuture;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::authority::TestAuthority;

pub(crate) type Body =
    http_body_util::combinators::BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;
pub(crate) type Handler =
    Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

#[derive(Debug, Default)]
struct Log {
    bytes: Vec<u8>,
    requests: Vec<Seen>,
    connections: usize,
}

#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Origin {
    /// A server for `name` that speaks both versions of HTTP and answers 200 with what came.
    pub(crate) async fn start(authority: &TestAuthority, name: &str) -> Self {
        Self::with(authority.server(name, &["h2", "http/1.1"]), echo()).await
    }

    /// A server that is somebody else's: nothing of it is recorded.
    pub(crate) fn elsewhere(address: SocketAddr) -> Self {
        Self {
            address,
            log: Arc::default(),
        }
    }

    pub(crate) async fn with(config: Arc<ServerConfig>, handler: Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let origin = Self {
            address,
            log: Arc::clone(&log),
        };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (config, handler, log) =
                    (Arc::clone(&config), Arc::clone(&handler), Arc::clone(&log));
                tokio::spawn(async move {
                    let connection = {
                        let mut log = log.lock().unwrap();
                        log.connections += 1;
                        log.connections
                    };
                    let Ok(tls) = TlsAcceptor::from(config).accept(stream).await else {
                        return;
                    };
                    let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
                    let recorded = Recorded {
                        io: tls,
                        log: Arc::clone(&log),
                    };
                    let service = service_fn(move |request: Request<Incoming>| {
                        let seen = Seen {
                            method: request.method().to_string(),
                            uri: request.uri().to_string(),
                            headers: request.headers().clone(),
                            connection,
                        };
                        log.lock().unwrap().requests.push(seen);
                        let answer = handler(request);
                        async move { Ok::<_, Infallible>(answer.await) }
                    });
                    let io = TokioIo::new(recorded);
                    if is_http2 {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        drop(server.serve_connection(io, service).await);
                    } else {
                        let server = hyper::server::conn::http1::Builder::new();
                        drop(server.serve_connection(io, service).with_upgrades().await);
                    }
                });
            }
        });
        origin
    }

    /// All that it has read, decrypted; and, as HTTP/2 compresses headers, those once more in plain text.
    pub(crate) fn seen(&self) -> Vec<u8> {
        let log = self.log.lock().unwrap();
        let mut seen = log.bytes.clone();
        for request in &log.requests {
            seen.extend_from_slice(format!("\n{} {}\n", request.method, request.uri).as_bytes());
            for (name, value) in &request.headers {
                seen.extend_from_slice(name.as_str().as_bytes());
                seen.extend_from_slice(b": ");
                seen.extend_from_slice(value.as_bytes());
                seen.push(b'\n');
            }
        }
        seen
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.log.lock().unwrap().requests.clone()
    }

    /// Forgets what it has seen, but for how often it was connected to.
    pub(crate) fn forget(&self) {
        let mut log = self.log.lock().unwrap();
        (log.bytes, log.requests) = (Vec::new(), Vec::new());
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }
}

/// Answers 200 with the method, the target and the body that came.
pub(crate) fn echo() -> Handler {
    Arc::new(|request| {
        Box::pin(async move {
            let start = format!("{} {}\n", request.method(), request.uri().path());
            let body = request.into_body().collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            text([start.as_bytes(), &body].concat())
        })
    })
}

/// An answer 200 with this body.
pub(crate) fn text(body: impl Into<Bytes>) -> Response<Body> {
    Response::new(
        Full::new(body.into())
            .map_err(|never| match never {})
            .boxed(),
    )
}

struct Recorded<IO> {
    io: IO,
    log: Arc<Mutex<Log>>,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Recorded<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        /// Enough to see any head, and little beside a gigabyte.
        const MOST: usize = 1 << 20;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(context, buffer);
        let mut log = self.log.lock().unwrap();
        if log.bytes.len() < MOST {
            log.bytes.extend_from_slice(&buffer.filled()[before..]);
        }
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Recorded<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
