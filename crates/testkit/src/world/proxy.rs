//! The world's one listener: a proxy for programs, and a page of pages for the person's browser.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::{FRAGMENT, State};
use crate::message::{Received, Reply};

/// Serves until `stopped`.
pub(super) fn run(listener: TcpListener, state: Arc<State>, mut stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            let stream = tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    // The client was gone before it was served.
                    Err(_) => continue,
                },
            };
            tokio::spawn(connection(stream, Arc::clone(&state)));
        }
    });
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let reply = at_the_proxy(&state, request);
        async { Ok::<_, Infallible>(reply) }
    });
    let mut server = http1::Builder::new();
    let server = server.timer(TokioTimer::new());
    let server = server.serve_connection(TokioIo::new(stream), service);
    drop(server.with_upgrades().await);
}

fn at_the_proxy(state: &Arc<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::CONNECT {
        let page = request.uri().path_and_query().and_then(|to| {
            let url = to.as_str().strip_prefix('/')?;
            Url::parse(&url.replacen(FRAGMENT, "#/", 1)).ok()
        });
        let reply = page.and_then(|url| state.answer(Received::get(&url)));
        return sent(reply.unwrap_or_else(nobody));
    }
    let authority = request.uri().authority().map(ToString::to_string);
    let authority = authority.unwrap_or_default();
    let host = authority.strip_suffix(":443").unwrap_or(&authority);
    let Some(acceptor) = state.acceptor(host) else {
        return sent(nobody());
    };
    let state = Arc::clone(state);
    tokio::spawn(async move {
        if let Ok(stream) = hyper::upgrade::on(request).await {
            tunnel(TokioIo::new(stream), acceptor, state).await;
        }
    });
    Response::new(Full::default())
}

/// Clients that do not trust the certificate, or leave early, end it with an error: the test sees what they say.
async fn tunnel(
    stream: TokioIo<hyper::upgrade::Upgraded>,
    acceptor: TlsAcceptor,
    state: Arc<State>,
) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request: Request<Incoming>| {
        let state = Arc::clone(&state);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            let reply = state.answer(Received::from_parts(&head, body));
            Ok::<_, hyper::Error>(sent(reply.unwrap_or_else(nobody)))
        }
    });
    let stream = TokioIo::new(stream);
    if is_http2 {
        let mut server = http2::Builder::new(TokioExecutor::new());
        let server = server.timer(TokioTimer::new());
        drop(server.serve_connection(stream, service).await);
    } else {
        let mut server = http1::Builder::new();
        let server = server.timer(TokioTimer::new());
        drop(server.serve_connection(stream, service).await);
    }
}

fn nobody() -> Reply {
    Reply::error(502, "no_service", "nobody serves this host")
}

fn sent(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(reply.body));
    response.body(body).expect("an answer that can be sent")
}
