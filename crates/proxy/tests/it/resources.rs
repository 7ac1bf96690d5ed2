//! What many connections and large bodies cost.

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stage::authority::TestAuthority;
use crate::stage::client::get;
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage, is_torture};

/// Runs one ignored test in a process of its own, whose memory is its own, and returns what it found.
pub(crate) fn alone(test: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures = said.lines().filter(|line| line.starts_with("figure: "));
    figures.collect::<Vec<_>>().join("\n")
}

/// The most memory that this process has had at once, in MiB.
pub(crate) fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: usize = line
        .split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn large_bodies_and_many_connections_take_little_memory() {
    println!("{}", alone("resources::gigabytes"));
    println!("{}", alone("resources::idlers"));
}

const CHUNK: &[u8] = &[0; 64 * 1024];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures the memory of its process, so it runs in one of its own"]
async fn gigabytes() {
    let total: usize = if is_torture() { 1 << 30 } else { 1 << 26 };
    let handler: Handler = std::sync::Arc::new(move |request| {
        Box::pin(async move {
            let mut body = request.into_body();
            let mut came = 0;
            while let Some(Ok(frame)) = body.frame().await {
                came += frame.data_ref().map_or(0, Bytes::len);
            }
            if came > 0 {
                return text(came.to_string());
            }
            let (sender, body) = Piped::new();
            tokio::spawn(async move {
                for _ in 0..total / CHUNK.len() {
                    sender
                        .send(Frame::data(Bytes::from_static(CHUNK)))
                        .await
                        .unwrap();
                }
            });
            http::Response::new(body.map_err(|never| match never {}).boxed())
        })
    });
    let authority = std::sync::Arc::new(TestAuthority::new());
    let origin = Origin::with(authority.server(ALLOWED, &["http/1.1"]), handler).await;
    let stage = Stage::around(Plan::default(), authority, origin).await;
    let allowed = stage.allowed();
    let before = peak();
    let started = Instant::now();
    let mut client = stage.client().http1(&allowed).await;
    let answer = client
        .send_request(get(&allowed, "/", &stage.placeholder))
        .await
        .unwrap();
    let mut body = answer.into_body();
    let mut came = 0;
    while let Some(frame) = body.frame().await {
        came += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    assert_eq!(came, total);
    let (sender, body) = Piped::new();
    tokio::spawn(async move {
        for _ in 0..total / CHUNK.len() {
            sender
                .send(Frame::data(Bytes::from_static(CHUNK)))
                .await
                .unwrap();
        }
    });
    let request = Request::post("/")
        .header("host", &allowed)
        .header("authorization", &stage.placeholder);
    let mut client = stage.client().http1(&allowed).await;
    let answer = client
        .send_request(request.body(body).unwrap())
        .await
        .unwrap();
    let said = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(said, total.to_string());
    let grown = peak() - before;
    assert!(grown < 32, "{grown} MiB");
    println!(
        "figure: {} MiB each way in {:?}: {grown} MiB of memory for client, sidecar and server together",
        total >> 20,
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures the memory of its process, so it runs in one of its own"]
async fn idlers() {
    let count = if is_torture() { 500 } else { 100 };
    let stage = Stage::new().await;
    let (allowed, client) = (stage.allowed(), stage.client());
    let median = async || {
        let mut times = Vec::new();
        for _ in 0..51 {
            let started = Instant::now();
            let answered = client.get(&allowed, "/", &stage.placeholder).await;
            assert_eq!(answered.status, StatusCode::OK);
            times.push(started.elapsed());
        }
        times.sort();
        times[25]
    };
    let alone = median().await;
    let (before, mut kept) = (peak(), Vec::new());
    for _ in 0..count {
        kept.push(client.connect(&allowed).await.1);
        let mut slow = TcpStream::connect(stage.sidecar.address()).await.unwrap();
        slow.write_all(b"CONNECT ").await.unwrap();
        kept.push(slow);
    }
    let crowded = median().await;
    let grown = peak() - before;
    assert!(grown < 64, "{grown} MiB");
    println!(
        "figure: {count} idle tunnels and {count} half requests: {grown} MiB for both ends; a new connection and request \
         takes {crowded:?}, {alone:?} without them"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn one_connection_too_many_is_told_so() {
    println!("{}", alone("resources::few_files"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it lowers the limits of its process, so it runs in one of its own"]
async fn few_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    // Both ends of a connection are in this process: there would be room for less than 300.
    const FILES: u64 = 600;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(FILES);
    setrlimit(Resource::Nofile, limit).unwrap();
    let stage = Stage::new().await;
    let client = stage.client();
    let mut kept = Vec::new();
    let said = loop {
        assert!(kept.len() < 290, "nobody was turned away");
        let mut stream = TcpStream::connect(&client.address).await.unwrap();
        let mut said = Vec::new();
        let early = timeout(Duration::from_millis(20), stream.read_to_end(&mut said));
        if early.await.is_ok() {
            break String::from_utf8(said).unwrap();
        }
        kept.push(stream);
    };
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.contains("\"error\":\"overloaded\""), "{said}");
    let places = kept.len();
    drop(kept);
    let answered = async {
        while client.connect(&stage.allowed()).await.0 != StatusCode::OK {}
        client.get(&stage.allowed(), "/", &stage.placeholder).await
    };
    let answered = timeout(Duration::from_secs(5), answered).await.unwrap();
    assert_eq!(answered.status, StatusCode::OK);
    println!(
        "figure: with {FILES} files, {places} connections are served and the next is told that it is too many"
    );
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let stage = Stage::new().await;
    let allowed = stage.allowed();
    // The first is as much as servers of HTTP/2 take, too.
    for (size, is_taken) in [(10 << 10, true), (64 << 10, false), (1 << 20, false)] {
        let mut request = get(&allowed, "/", &stage.placeholder);
        let filler = "x".repeat(size);
        let filler = filler.parse().unwrap();
        request.headers_mut().insert("x-large", filler);
        let mut sender = stage.client().http1(&allowed).await;
        let answer = sender.send_request(request.clone()).await;
        assert_eq!(is_ok(answer), is_taken, "{size}");
        request.headers_mut().remove("host");
        *request.uri_mut() = format!("https://{allowed}/").parse().unwrap();
        let mut sender = stage.client().http2(&allowed).await;
        let answer = sender.send_request(request).await;
        assert_eq!(is_ok(answer), is_taken, "{size}");
    }
    assert_eq!(stage.allowed.requests().len(), 2);
}

fn is_ok(answer: hyper::Result<http::Response<hyper::body::Incoming>>) -> bool {
    answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
}
