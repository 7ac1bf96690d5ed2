//! An API behind TLS, in process, on a loopback port: `https://api.localhost:PORT`, HTTP/1.1 and HTTP/2.
//!
//! It remembers every request and has something to say to each kind of client: JSON, the answers of two language models,
//! event streams, WebSockets, gRPC, a Git repository and package indexes. Nothing is checked: what a client may see is the
//! business of the test, and credentials are looked up among what was [`seen`](TlsOrigin::seen).

mod answer;
mod grpc;
mod stream;
mod web_socket;

use std::fmt;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;

/// The name that the certificate is for. Clients resolve it to loopback, or leave that to their proxy.
const NAME: &str = "api.localhost";

/// A running server; stops when dropped.
pub struct TlsOrigin {
    host: String,
    ca_pem: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request, as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SeenRequest {
    /// Such as `GET`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// Such as `HTTP/2.0`.
    pub version: String,
    /// In the order in which they came; names are in lower case.
    pub headers: Vec<(String, String)>,
}

impl SeenRequest {
    /// The values of all headers of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(known, _)| known == name);
        of_name.map(|(_, value)| value.as_str()).collect()
    }
}

/// Whether a request may be answered.
type Judge = dyn Fn(&SeenRequest) -> bool + Send + Sync;

/// What the connections share.
#[derive(Default)]
struct State {
    seen: Mutex<Vec<SeenRequest>>,
    judge: Option<Box<Judge>>,
    /// Somebody asked for the rest of the event streams.
    go_on: Notify,
}

impl TlsOrigin {
    /// Starts a server; it answers when this returns.
    ///
    /// Panics when it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        Self::with(NAME, Authority::new(None), State::default())
    }

    /// The same, which answers 401 (RFC 9110 section 15.5.2) to what `judge` does not let through.
    ///
    /// Panics when it cannot listen.
    #[must_use]
    pub fn judged_by(judge: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) -> Self {
        let state = State {
            judge: Some(Box::new(judge)),
            ..State::default()
        };
        Self::with(NAME, Authority::new(None), state)
    }

    /// Starts a server whose certificate is for `name`, by an authority that may speak for `permitted` alone.
    ///
    /// Panics when it cannot listen.
    #[must_use]
    pub fn start_constrained(name: &'static str, permitted: &str) -> Self {
        let authority = Authority::new(Some(permitted));
        Self::with(name, authority, State::default())
    }

    fn with(name: &'static str, authority: Authority, state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        listener
            .set_nonblocking(true)
            .expect("a listener for an event loop");
        let address = listener.local_addr().expect("a bound listener");
        let state = Arc::new(state);
        let (stop, stopped) = oneshot::channel();
        let (served, acceptor) = (Arc::clone(&state), authority.acceptor(name));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("an event loop");
            runtime.block_on(serve(listener, acceptor, served, stopped));
        });
        Self {
            host: format!("{name}:{}", address.port()),
            ca_pem: authority.pem(),
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Name and port: `api.localhost:PORT`, unless another name was asked for.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `https://` and the host, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// The certificate that signed the server's, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.state.seen().clone()
    }
}

impl State {
    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<SeenRequest>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TlsOrigin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the test has said so already.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for TlsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOrigin")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    state: Arc<State>,
    mut stopped: oneshot::Receiver<()>,
) {
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
        tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&state)));
    }
}

/// Clients that do not trust the certificate, or leave early, end it with an error: the test sees what they say.
async fn connection(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(move |request: Request<Incoming>| {
        let state = Arc::clone(&state);
        let seen = SeenRequest::of(&request);
        let is_welcome = state.judge.as_ref().is_none_or(|judge| judge(&seen));
        state.seen().push(seen);
        async move {
            match is_welcome {
                true => answer::answer(state, request).await,
                false => Ok(answer::unauthorized()),
            }
        }
    });
    let stream = TokioIo::new(stream);
    if is_http2 {
        let mut server = http2::Builder::new(TokioExecutor::new());
        drop(
            server
                .timer(TokioTimer::new())
                .serve_connection(stream, service)
                .await,
        );
    } else {
        let mut server = http1::Builder::new();
        let server = server
            .timer(TokioTimer::new())
            .serve_connection(stream, service);
        drop(server.with_upgrades().await);
    }
}

impl SeenRequest {
    fn of(request: &Request<Incoming>) -> Self {
        let text = |value: &hyper::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Self {
            method: request.method().to_string(),
            path: request
                .uri()
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            version: format!("{:?}", request.version()),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Whether curl, which is told of the certificate, is content, and what it says.
    fn curl(origin: &TlsOrigin, arguments: &[&str], path: &str) -> (bool, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, origin.ca_pem()).unwrap();
        let mut curl = Command::new("curl");
        curl.env_clear()
            .args(["-sS", "--max-time", "20", "--cacert"]);
        curl.arg(file.path()).args(arguments);
        let output = curl
            .arg(format!("{}{path}", origin.url()))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.success(), text)
    }

    #[test]
    fn it_speaks_both_versions_and_remembers_who_asked() {
        let origin = TlsOrigin::start();
        for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
            let arguments = [option, "-H", "X-Api-Key: a", "-H", "X-Api-Key: b"];
            let (done, text) = curl(&origin, &arguments, "/some?where");
            assert!(done && text.contains(version), "{text}");
            let seen = origin.seen();
            let last = seen.last().unwrap();
            assert_eq!(
                (last.path.as_str(), last.version.as_str()),
                ("/some?where", version)
            );
            assert_eq!(last.header("x-api-key"), ["a", "b"]);
        }
        // The control: who does not know the authority does not get in.
        assert!(!curl(&origin, &["--cacert", "/dev/null"], "/other").0);
        assert_eq!(origin.seen().len(), 2);
    }

    #[test]
    fn bodies_are_what_they_should_be() {
        let origin = TlsOrigin::start();
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(curl(&origin, &["-o", path], "/download?300000").0);
        let (_, text) = curl(&origin, &["-T", path], "/upload");
        assert_eq!(text, r#"{"bytes":300000,"intact":true}"#);
        std::fs::write(path, "something else").unwrap();
        let (_, text) = curl(&origin, &["-T", path], "/upload");
        assert_eq!(text, r#"{"bytes":14,"intact":false}"#);
    }
}
