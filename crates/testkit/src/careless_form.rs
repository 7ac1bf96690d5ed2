//! A local form as one writes it without thinking of anybody else: the control for tests of a careful one.
//!
//! It answers whatever host is named, on every path, everybody; it takes every `POST` from anywhere, and shows again
//! what was sent.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A form that takes everything. Dropped, it ends.
#[derive(Debug)]
pub struct CarelessForm {
    address: SocketAddr,
    accepted: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How many connections it serves at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One: whoever connects and says nothing keeps all others waiting.
    OneByOne,
    /// All.
    Together,
}

impl CarelessForm {
    /// Serves a page that asks for `text`, which goes into it as it stands, to one visitor after the other.
    #[must_use]
    pub fn start(text: &str) -> Self {
        Self::at(Pace::OneByOne, text)
    }

    /// The same, at the given pace.
    #[must_use]
    pub fn at(pace: Pace, text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let page = format!(
            "<!doctype html><title>{text}</title><h1>{text}</h1><form method=post>\
             <input name=field0 value=\"{text}\"><button>Send</button></form>"
        );
        let (values, ended) = (Arc::clone(&accepted), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                // A visitor who hangs up has lost nothing here.
                let (page, values) = (page.clone(), Arc::clone(&values));
                let serving = move || drop(stream.and_then(|stream| serve(stream, &page, &values)));
                match pace {
                    Pace::OneByOne => serving(),
                    Pace::Together => drop(std::thread::spawn(serving)),
                }
            }
        });
        Self {
            address,
            accepted,
            over,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bodies that it took, in their order.
    #[must_use]
    pub fn accepted(&self) -> Vec<String> {
        let accepted = self.accepted.lock();
        accepted.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for CarelessForm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes it up; should it hang on somebody silent, it is left behind.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take()
            && thread.is_finished()
        {
            drop(thread.join());
        }
    }
}

fn serve(mut stream: TcpStream, page: &str, accepted: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer = if first.starts_with("POST") {
        let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.push(body.clone());
        format!("<p>Thank you for {body}</p>")
    } else {
        page.to_owned()
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{answer}",
        answer.len()
    )
}
