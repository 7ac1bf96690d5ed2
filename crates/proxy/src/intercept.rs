//! Connections to hosts of a login: TLS ends here, each request is looked at, and a TLS connection of the sidecar's own
//! leads on.
//!
//! The server is connected to first, with what the client offers, and the client gets what the server chose. A server
//! that cannot be reached or trusted does not end the connection: the client's TLS is completed, and each request is
//! answered with the reason.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use authkeep_core::Reach;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::alpn::{Offer, Protocol};
use crate::authority::Authority;
use crate::dial::Scope;
use crate::exchange::{Destination, Exchange};
use crate::gate::Admission;
use crate::link::{BUFFER, HEAD, Link};
use crate::probe::PROBE_HOST;
use crate::refusal::{Code, Refusal};
use crate::request_head::StrictHead;
use crate::sidecar::Shared;
use crate::upgrade::Afterwards;

/// For the client's part of the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 256;

/// Serves `client`, who has asked for a connection to `authority`, until the end.
pub(crate) async fn run<IO>(
    shared: Arc<Shared>,
    client: IO,
    authority: Authority,
    admission: Admission,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The handshakes take more memory than what comes after them, and are over soon.
    let opened = Box::pin(open(shared, client, authority, admission)).await?;
    let (tls, protocol, exchange) = opened;
    let served = if protocol.is_http2() {
        Box::pin(serve_http2(tls, exchange)).await
    } else {
        serve_http1(tls, exchange).await
    };
    served.map_err(io::Error::other)
}

/// Completes both TLS handshakes.
async fn open<IO>(
    shared: Arc<Shared>,
    client: IO,
    authority: Authority,
    admission: Admission,
) -> io::Result<(TlsStream<IO>, Protocol, Arc<Exchange>)>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let deadline = Instant::now() + HANDSHAKE;
    let start = timeout_at(
        deadline,
        LazyConfigAcceptor::new(Acceptor::default(), client),
    )
    .await??;
    let hello = start.client_hello();
    let offer = Offer::of(hello.alpn()).ok_or_else(no_common_protocol)?;
    // A client without SNI, as for an address, gets the certificate of the host it has asked for.
    let is_named_otherwise = hello.server_name().is_some_and(|name| {
        !name
            .trim_end_matches('.')
            .eq_ignore_ascii_case(authority.host())
    });
    let (destination, protocol) = if is_named_otherwise {
        let refusal = Refusal::new(
            Code::Misdirected,
            format!("the TLS handshake names another host than {authority}"),
        );
        (Destination::Nowhere(refusal), offer.preferred())
    } else if authority.host() == PROBE_HOST {
        (Destination::Probe(admission), offer.preferred())
    } else {
        let reach = match shared.routes.is_local(&authority) {
            true => Reach::Anywhere,
            false => Reach::Public,
        };
        let upstreams = Arc::clone(&shared.upstreams);
        let scope = Scope::Credential(reach);
        match Link::connect(upstreams, authority.clone(), scope, offer).await {
            Ok(link) => {
                let protocol = link.protocol();
                (Destination::Server(link), protocol)
            }
            Err(refusal) => (Destination::Nowhere(refusal), offer.preferred()),
        }
    };
    let config = shared
        .certificates
        .server_config(&authority, protocol)
        .map_err(io::Error::other)?;
    let deadline = Instant::now() + HANDSHAKE;
    let tls = timeout_at(deadline, start.into_stream(config)).await??;
    let exchange = Exchange::new(shared, authority, destination).map_err(io::Error::other)?;
    Ok((tls, protocol, Arc::new(exchange)))
}

async fn serve_http2<IO>(tls: TlsStream<IO>, exchange: Arc<Exchange>) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let afterwards = Afterwards::default();
    let service = service_fn(|request| {
        let (exchange, afterwards) = (Arc::clone(&exchange), afterwards.clone());
        async move { Ok::<_, Infallible>(exchange.answer(request, &afterwards).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_header_list_size(HEAD)
        .max_concurrent_streams(STREAMS)
        .serve_connection(TokioIo::new(tls), service);
    let mut connection = pin!(connection);
    tokio::select! {
        served = connection.as_mut() => return served,
        () = exchange.end() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn serve_http1<IO>(tls: TlsStream<IO>, exchange: Arc<Exchange>) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let afterwards = Afterwards::default();
    let service = service_fn(|request| {
        let (exchange, afterwards) = (Arc::clone(&exchange), afterwards.clone());
        async move { Ok::<_, Infallible>(exchange.answer(request, &afterwards).await) }
    });
    let tls = StrictHead::new(tls);
    let watch = tls.end_of_watch();
    // No deadline for heads: the client has shown who it is, and a timer for each request is not for free.
    hyper::server::conn::http1::Builder::new()
        .auto_date_header(false)
        .max_header_size(HEAD as usize)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(tls), service)
        .with_upgrades()
        .await?;
    watch.now();
    afterwards.finish().await;
    Ok(())
}

fn no_common_protocol() -> io::Error {
    io::Error::other("the client offers no version of HTTP that is spoken here")
}
