//! A stand-in for a client's loopback listener: where a browser lands after the consent page.
//!
//! It answers any number of requests and keeps their targets. It checks nothing: it is what a
//! test uses to look at a redirect, and no model for the product's own listener.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use url::Url;

/// Long enough for a real browser to start and walk through a login.
const DEADLINE: Duration = Duration::from_secs(90);

/// Listens on `http://127.0.0.1:PORT/callback`; stops on drop.
#[derive(Debug)]
pub struct CallbackListener {
    address: SocketAddr,
    /// Locked so that a test may share the listener between threads.
    arrivals: Mutex<mpsc::Receiver<String>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl CallbackListener {
    /// Listens on a free port.
    ///
    /// Panics when there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let (sender, arrivals) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    break;
                }
                // Pages after the callback, icons, and connections without a request are
                // answered, if they can be, and forgotten.
                if let Ok(target) = answer(stream)
                    && target.starts_with("/callback")
                    && sender.send(target).is_err()
                {
                    break;
                }
            }
        });
        Self {
            address,
            arrivals: Mutex::new(arrivals),
            stop,
            thread: Some(thread),
        }
    }

    /// The redirect URI to register with the authorization request.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("http://{}/callback", self.address)
    }

    /// Waits for the next redirect and returns the URL that was asked for, query included.
    ///
    /// Panics after 90 seconds without one.
    pub fn arrived(&self) -> Url {
        let target = self
            .arrivals()
            .recv_timeout(DEADLINE)
            .expect("a redirect to the callback");
        Url::parse(&format!("http://{}{target}", self.address)).expect("a callback URL")
    }

    /// One query parameter of the next redirect; see [`arrived`](Self::arrived).
    pub fn arrived_with(&self, name: &str) -> Option<String> {
        let url = self.arrived();
        let value = url
            .query_pairs()
            .find(|(found, _)| found == name)?
            .1
            .into_owned();
        Some(value)
    }

    /// Whether a redirect has arrived that nobody has asked for yet; it counts as asked for then.
    #[must_use]
    pub fn has_arrival(&self) -> bool {
        self.arrivals().try_recv().is_ok()
    }

    fn arrivals(&self) -> MutexGuard<'_, mpsc::Receiver<String>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallbackListener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread sits in accept: a connection of our own gets it out.
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            drop(thread.join());
        }
    }
}

/// Reads a request's head, answers it and returns its target.
fn answer(mut stream: TcpStream) -> io::Result<String> {
    // A browser opens spare connections and sends nothing on them.
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let head = if target.starts_with("/callback") {
        "303 See Other\r\nlocation: /done"
    } else if target.starts_with("/done") {
        "200 OK\r\ncontent-type: text/plain; charset=utf-8"
    } else {
        "404 Not Found"
    };
    let body = if head.starts_with("200") {
        "logged in"
    } else {
        ""
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    Ok(target)
}
