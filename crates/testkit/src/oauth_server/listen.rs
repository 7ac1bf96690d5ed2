//! The server's thread: accepts connections, reads requests, applies faults, sends answers.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;

use super::body::ServerBody;
use super::options::ServerOptions;
use super::script::Fate;
use super::state::Shared;
use super::{api, authorize, device, key_login, metadata, register, resource, revoke, token};
use crate::message::{Received, Reply};

/// Binds before the thread starts, so that a client may connect as soon as this returns.
pub(super) fn start(options: ServerOptions) -> (Arc<Shared>, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    listener
        .set_nonblocking(true)
        .expect("a listener for an event loop");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    let shared = Arc::new(Shared::new(format!("http://{address}"), options));
    let (stop, stopped) = oneshot::channel();
    let served = Arc::clone(&shared);
    let thread = thread::Builder::new()
        .name("test-oauth-server".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("an event loop");
            // Dropping the runtime closes every connection that is still open.
            runtime.block_on(serve(listener, served, stopped));
        })
        .expect("a thread for the server");
    (shared, stop, thread)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a non-blocking listener");
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The client was gone before it was served.
                Err(_) => continue,
            },
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // Without it the first answer on a connection may wait for an acknowledgement.
            if stream.set_nodelay(true).is_err() {
                return;
            }
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // Scripted faults end connections with an error on purpose.
            drop(connection.await);
        });
    }
}

/// An error closes the connection without an answer.
async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<ServerBody>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes()
        .to_vec();
    let received = Received::from_parts(&head, body);
    let (index, fault) = shared.arrived(&received);
    let fate = match fault {
        Some(fault) => fault.meet().await,
        None => Fate::Handle,
    };
    let (reply, streamed) = match fate {
        Fate::Handle => (route(&shared, &received), None),
        Fate::HandleAndHold(pause) => {
            let reply = route(&shared, &received);
            tokio::time::sleep(pause).await;
            (reply, None)
        }
        Fate::HandleAndClose => {
            drop(route(&shared, &received));
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Fate::Close => return Err(io::ErrorKind::ConnectionAborted.into()),
        Fate::Answer(reply) => (reply, None),
        Fate::Stream(head, body) => (head, Some(body)),
    };
    shared.answered(index, reply.status);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = streamed.unwrap_or_else(|| ServerBody::whole(reply.body));
    response.body(body).map_err(io::Error::other)
}

fn route(shared: &Shared, received: &Received) -> Reply {
    let issuer = &shared.url;
    let state = &mut *shared.state();
    if let Some(reply) = resource::answer(state, issuer, received) {
        return reply;
    }
    match (received.method.as_str(), received.path.as_str()) {
        ("GET", "/authorize") => authorize::show(state, issuer, received),
        ("POST", "/authorize") => authorize::decide(state, issuer, received),
        ("POST", "/device_authorization") => device::authorize(state, issuer, received),
        ("GET", "/device") => device::show(state, received),
        ("POST", "/device") => device::decide(state, received),
        ("POST", "/token") => token::token(state, received),
        (_, "/login") => key_login::exchange(state, received),
        ("POST", "/revoke") => revoke::revoke(state, received),
        ("POST", "/introspect") => revoke::introspect(state, received),
        ("POST", "/register") if state.options.registration => {
            register::register(state, issuer, received)
        }
        ("GET", path) if path.starts_with("/register/") && state.options.registration => {
            register::look_up(&state.options, issuer, received)
        }
        ("GET", "/.well-known/oauth-authorization-server") => {
            Reply::json(200, &metadata::metadata(issuer, &state.options))
        }
        ("GET", "/api/me") => api::me(state, received),
        (_, "/api/echo") => api::echo(state, received),
        (
            _,
            "/authorize"
            | "/device"
            | "/device_authorization"
            | "/token"
            | "/revoke"
            | "/introspect"
            | "/api/me",
        ) => Reply::error(405, "invalid_request", "this method is not offered here"),
        _ => Reply::error(404, "not_found", "nothing is served here"),
    }
}
