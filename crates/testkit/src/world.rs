//! An internet on loopback, for the real binary and the definitions as they are shipped.
//!
//! It is an HTTP proxy (`HTTPS_PROXY`) that ends the TLS of every host it knows with a certificate of its own authority
//! (`SSL_CERT_FILE`), and hands each request to the service that the test has put there. So `github.com` is a closure.
//! Hosts that nobody serves are refused, and [remembered](World::strangers). Nothing ever leaves the machine.
//!
//! ```no_run
//! use authkeep_testkit::message::Reply;
//! use authkeep_testkit::world::World;
//! use serde_json::json;
//!
//! let world = World::start();
//! world.serve("api.example.com", |request| match request.bearer() {
//!     Some("the-key") => Reply::json(200, &json!({ "login": "ada" })),
//!     _ => Reply::json(401, &json!({})),
//! });
//! let mut command = std::process::Command::new("curl");
//! command.envs(world.variables()).arg("https://api.example.com/me");
//! ```

mod proxy;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use url::{Position, Url};

use crate::authority::Authority;
use crate::canary::Scanner;
use crate::message::{Received, Reply, pairs};
use crate::plain_http::Request;

/// More redirects than any login here has.
const REDIRECTS: usize = 10;

/// What a host answers.
type Service = dyn Fn(&Received) -> Reply + Send + Sync;

/// A running world; stops when dropped.
pub struct World {
    address: SocketAddr,
    /// Holds the file of the authority that everybody here trusts.
    folder: TempDir,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    authority: Authority,
    services: Mutex<HashMap<String, Arc<Service>>>,
    acceptors: Mutex<HashMap<String, TlsAcceptor>>,
    seen: Mutex<Vec<Received>>,
    strangers: Mutex<Vec<String>>,
}

impl World {
    /// A world in which nobody serves anything yet.
    ///
    /// Panics when it cannot listen.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        listener
            .set_nonblocking(true)
            .expect("a listener for an event loop");
        let address = listener.local_addr().expect("a bound listener");
        let authority = Authority::new(None);
        let folder = TempDir::with_prefix("authkeep-world-").expect("a temporary directory");
        fs::write(folder.path().join(ROOTS), authority.pem()).expect("the file of roots");
        let state = Arc::new(State {
            authority,
            services: Mutex::default(),
            acceptors: Mutex::default(),
            seen: Mutex::default(),
            strangers: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || proxy::run(listener, served, stopped));
        Self {
            address,
            folder,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Puts a service at `host`, a name without a port for https on its usual one, in place of the one that was there.
    pub fn serve(&self, host: &str, service: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        let service: Arc<Service> = Arc::new(service);
        lock(&self.state.services).insert(host.to_owned(), service);
    }

    /// What a program needs in its environment to live here, the person of
    /// [`fake_open`](crate::browser::fake_open) among them.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let proxy = format!("http://{}", self.address);
        let roots = self.folder.path().join(ROOTS);
        vec![
            ("HTTPS_PROXY", proxy.clone()),
            ("FAKE_OPEN_WORLD", proxy),
            ("SSL_CERT_FILE", roots.display().to_string()),
        ]
    }

    /// All requests so far, in the order in which they came.
    #[must_use]
    pub fn seen(&self) -> Vec<Received> {
        lock(&self.state.seen).clone()
    }

    /// The requests that came to `host` and this path.
    #[must_use]
    pub fn seen_at(&self, host: &str, path: &str) -> Vec<Received> {
        let mut seen = self.seen();
        seen.retain(|request| request.host == host && request.path == path);
        seen
    }

    /// The hosts that somebody wanted to connect to and nobody serves.
    #[must_use]
    pub fn strangers(&self) -> Vec<String> {
        lock(&self.state.strangers).clone()
    }

    /// The hosts at which any of `secrets` arrived, in whatever disguise and part of a request.
    #[must_use]
    pub fn hosts_that_got<S: AsRef<str>>(&self, secrets: &[S]) -> Vec<String> {
        let scanner = Scanner::new(secrets);
        let mut hosts: Vec<String> = lock(&self.state.seen)
            .iter()
            .filter(|request| !scanner.scan(&request.spelled_out()).is_empty())
            .map(|request| request.host.clone())
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// Opens `url` as a browser would, and follows redirects to the first address that nobody here serves, which is
    /// returned: what the address bar would show.
    ///
    /// Errors: a page that leads nowhere, which is where the person would be stuck.
    pub fn visit(&self, url: &str) -> io::Result<String> {
        let mut url = Url::parse(url).map_err(io::Error::other)?;
        for _ in 0..REDIRECTS {
            let Some(reply) = self.state.answer(Received::get(&url)) else {
                return Ok(url.into());
            };
            let location = reply.headers.iter().find(|(name, _)| name == "location");
            let (_, location) = location.ok_or_else(|| {
                let body = String::from_utf8_lossy(&reply.body);
                io::Error::other(format!("{} of {url}: {body}", reply.status))
            })?;
            url = url.join(location).map_err(io::Error::other)?;
        }
        Err(io::Error::other(format!("more than {REDIRECTS} redirects")))
    }
}

/// The same for a program that has the address of the world's proxy.
///
/// Errors: as [`World::visit`], and a proxy that does not answer.
pub fn visit_by(proxy: &str, url: &str) -> io::Result<String> {
    let mut url = url.to_owned();
    while url.starts_with("https://") {
        let page = url.replace("#/", FRAGMENT);
        let answer = Request::get(&format!("{proxy}/{page}")).send()?;
        let to = answer.header("location").map(str::to_owned);
        url = to.ok_or_else(|| io::Error::other(answer.text()))?;
    }
    Ok(url)
}

/// The person agrees at once: the answer of an authorization endpoint (RFC 6749 section 4.1.2) that has a `code`.
#[must_use]
pub fn agreed(request: &Received, code: &str) -> Reply {
    let redirect = request.parameter("redirect_uri").map(Url::parse);
    let Some(Ok(mut redirect)) = redirect else {
        return Reply::error(400, "invalid_request", "no redirect_uri");
    };
    redirect.query_pairs_mut().append_pair("code", code);
    if let Some(state) = request.parameter("state") {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    Reply::redirect(302, redirect.as_str())
}

/// How a path in a fragment is written on the way to the proxy.
const FRAGMENT: &str = "%23/";

const ROOTS: &str = "roots.pem";

impl State {
    /// What the service says that the request is for; `None` where there is none.
    fn answer(&self, request: Received) -> Option<Reply> {
        let service = Arc::clone(lock(&self.services).get(&request.host)?);
        let reply = service(&request);
        lock(&self.seen).push(request);
        Some(reply)
    }

    /// For a host that is served.
    fn acceptor(&self, host: &str) -> Option<TlsAcceptor> {
        if !lock(&self.services).contains_key(host) {
            lock(&self.strangers).push(host.to_owned());
            return None;
        }
        let name = host.split(':').next().unwrap_or_default();
        let mut acceptors = lock(&self.acceptors);
        let made = acceptors.entry(host.to_owned());
        Some(
            made.or_insert_with(|| self.authority.acceptor(name))
                .clone(),
        )
    }
}

impl Received {
    /// What a browser asks for that opens `url`. A path in the fragment is for the script of the page, and the page is
    /// the service too: it stays where it is in the path, and what is asked for in it is the query.
    fn get(url: &Url) -> Self {
        let script = url.fragment().filter(|fragment| fragment.starts_with('/'));
        let (path, query) = match script {
            Some(script) => {
                let (path, query) = script.split_once('?').unwrap_or((script, ""));
                (format!("{}#{path}", url.path()), query)
            }
            None => (url.path().to_owned(), url.query().unwrap_or_default()),
        };
        Self {
            method: "GET".to_owned(),
            host: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            path,
            query: pairs(query.as_bytes()),
            headers: Vec::new(),
            form: Vec::new(),
            body: Vec::new(),
        }
    }

    /// All parts in a row and decoded, for a search.
    #[must_use]
    pub fn spelled_out(&self) -> Vec<u8> {
        let mut all = format!("{}\n", self.path).into_bytes();
        for (name, value) in self.query.iter().chain(&self.headers).chain(&self.form) {
            all.extend(format!("{name}\n{value}\n").into_bytes());
        }
        all.extend(&self.body);
        if let Some((user, password)) = self.basic() {
            all.extend(format!("\n{user}\n{password}\n").into_bytes());
        }
        all
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the test has said so already.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
