//! Bytes of a client: what is let through to the parser is read by it as by the plainest of readers, wherever it was cut.

#![no_main]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use authkeep_proxy::{Framing, StrictHead};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else {
        return;
    };
    let size = usize::from(size).max(1);
    let whole = Framing::default().follow(bytes).map_err(|v| (v.at, v.why));
    assert_eq!(in_pieces(bytes, size), whole);
    let end = whole.map_or_else(|(at, _)| at, |()| bytes.len());
    // What follows a CONNECT is not for this parser.
    if bytes.windows(7).any(|word| word == b"CONNECT") {
        return;
    }
    let (parsed, plain) = (parsed(bytes, size), read_plainly(&bytes[..end]));
    // The parser may refuse more, such as a target that is not UTF-8, and then it is over.
    assert!(plain.starts_with(&parsed), "{parsed:?} {plain:?}");
});

fn in_pieces(bytes: &[u8], size: usize) -> Result<(), (usize, &'static str)> {
    let mut framing = Framing::default();
    for (count, piece) in bytes.chunks(size).enumerate() {
        let followed = framing.follow(piece);
        followed.map_err(|violation| (count * size + violation.at, violation.why))?;
    }
    Ok(())
}

/// Length of the body of each request.
type Requests = Vec<usize>;

fn parsed(bytes: &[u8], size: usize) -> Requests {
    let seen = Arc::new(Mutex::new(Requests::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            if let Ok(body) = request.into_body().collect().await {
                seen.lock().expect("a list").push(body.to_bytes().len());
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let (mut client, server) = duplex(64 * 1024);
    let exchange = async {
        let client = async move {
            for piece in bytes.chunks(size) {
                if client.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(client.shutdown().await);
            let mut answers = Vec::new();
            drop(client.read_to_end(&mut answers).await);
        };
        let server = TokioIo::new(StrictHead::new(server));
        let server = http1::Builder::new()
            .half_close(true)
            .serve_connection(server, service);
        drop(tokio::join!(client, server));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(exchange);
    let seen = seen.lock().expect("a list");
    seen.clone()
}

/// Reads requests that are known to be in order.
fn read_plainly(mut bytes: &[u8]) -> Requests {
    let mut seen = Requests::new();
    while let Some(end) = find(bytes, b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        bytes = &bytes[end + 4..];
        let value = |name: &str| {
            let mut lines = head.split("\r\n").skip(1);
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let body = if value("transfer-encoding").is_some() {
            chunks(&mut bytes)
        } else {
            let length: usize = value("content-length")
                .map_or(Some(0), |text| text.parse().ok())
                .unwrap_or(usize::MAX);
            let body = (bytes.len() >= length).then_some(length);
            bytes = bytes.get(length..).unwrap_or_default();
            body
        };
        let Some(body) = body else {
            break;
        };
        seen.push(body);
        let connection = value("connection").unwrap_or_default();
        let is_1_0 = head
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("1.0"));
        // Another request is read if the parser keeps the connection, which it says in words of its own.
        if connection.contains("close") || is_1_0 && !connection.contains("keep-alive") {
            break;
        }
    }
    seen
}

fn chunks(bytes: &mut &[u8]) -> Option<usize> {
    let mut total = 0;
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?, 16).ok()?;
        *bytes = &bytes[end + 2..];
        if size == 0 {
            break;
        }
        *bytes = bytes.get(size + 2..)?;
        total += size;
    }
    while !bytes.starts_with(b"\r\n") {
        let end = find(bytes, b"\r\n")?;
        *bytes = &bytes[end + 2..];
    }
    *bytes = &bytes[2..];
    Some(total)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
