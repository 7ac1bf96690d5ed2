//! Those who open connections and say nothing, those who never finish, and programs that talk to half the world.

use std::time::{Duration, Instant};

use http::StatusCode;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::resources::{alone, peak};
use crate::stage::authority::TestAuthority;
use crate::stage::client::read_head;
use crate::stage::origin::{Origin, echo};
use crate::stage::{Plan, Stage, is_torture};

/// In MiB, for client, sidecar and server together.
const MOST: usize = 100;

#[test]
fn neither_a_crowd_nor_many_hosts_exhaust_it() {
    println!("{}", alone("exhaustion::crowds"));
    println!("{}", alone("exhaustion::hosts"));
}

/// Both ends of each connection are in this process.
fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The 99th percentile of a new connection and a request, one after the other.
async fn p99(stage: &Stage) -> Duration {
    let count = if is_torture() { 300 } else { 30 };
    let (allowed, client) = (stage.allowed(), stage.client());
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let answered = client.get(&allowed, "/", &stage.placeholder).await;
        assert_eq!(answered.status, StatusCode::OK);
        times.push(started.elapsed());
    }
    times.sort();
    times[count * 99 / 100]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures the memory of its process, so it runs in one of its own"]
async fn crowds() {
    raise_limit();
    let count = if is_torture() { 1000 } else { 100 };
    let stage = Stage::new().await;
    let before = open_files();
    let _warm = p99(&stage).await;
    let alone = p99(&stage).await;
    // In turn, because at most 1,024 connections stand at once.
    for kind in ["idle tunnels", "slow heads"] {
        let mut crowd = Vec::new();
        for _ in 0..count {
            crowd.push(if kind == "idle tunnels" {
                let (status, stream) = stage.client().connect(&stage.allowed()).await;
                assert_eq!(status, StatusCode::OK);
                stream
            } else {
                let mut stream = TcpStream::connect(stage.sidecar.address()).await.unwrap();
                stream.write_all(b"CONNECT ").await.unwrap();
                stream
            });
        }
        let crowded = p99(&stage).await;
        // Whoever came after all of them has been served, so all of them are there.
        let files = open_files();
        assert!(files >= before + 2 * count, "{files}");
        let mut ends = "";
        if is_torture() && kind == "slow heads" {
            for stream in &mut crowd {
                let mut said = Vec::new();
                let end = timeout(Duration::from_secs(60), stream.read_to_end(&mut said));
                end.await.expect("it is hung up on").unwrap();
            }
            ends = ", all of them hung up on by the sidecar in the end";
        }
        drop(crowd);
        let all_closed = async {
            while open_files() > before {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(30), all_closed).await.unwrap();
        let memory = peak();
        assert!(memory < MOST, "{memory} MiB");
        println!(
            "figure: {count} {kind}: {files} open files, as few as before ({before}) afterwards{ends}; at most {memory} MiB \
             for both ends; the 99th percentile of a new connection and request is {crowded:?}, {alone:?} without them"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures the memory of its process, so it runs in one of its own"]
async fn hosts() {
    raise_limit();
    let count = if is_torture() { 10_000 } else { 200 };
    let authority = std::sync::Arc::new(TestAuthority::new());
    let config = authority.server("*.many.test", &["http/1.1"]);
    let origin = Origin::with(config, echo()).await;
    let plan = Plan {
        patterns: vec!["*.many.test:{port}".to_owned()],
        ..Plan::default()
    };
    let stage = Stage::around(plan, authority, origin).await;
    let (port, client) = (stage.allowed.address.port(), stage.client());
    let before = open_files();
    let mut memories = Vec::new();
    for host in 0..count {
        if host % (count / 5) == 0 {
            // The record of the requests is not what is measured.
            stage.allowed.forget();
            memories.push(peak());
        }
        let target = format!("h{host}.many.test:{port}");
        let answered = client.get(&target, "/", &stage.placeholder).await;
        assert_eq!(answered.status, StatusCode::OK, "{target}");
    }
    let (memory, files) = (peak(), open_files());
    assert!(memory < MOST, "{memory} MiB");
    // Connections of the last requests may be about to close.
    assert!(files < before + 20, "{files}");
    assert_eq!(stage.tally().minted(), count);
    println!(
        "figure: {count} hosts with a certificate each: at most {memory} MiB for both ends, on the way {memories:?}; {before} open \
         files before, {files} after"
    );
}

/// The control: what is measured above shows in proxies that are careless.
#[tokio::test]
async fn careless_proxies_are_exhausted() {
    // One that reads a head before it accepts the next connection.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = b"HTTP/1.1 200 OK\r\n\r\n";
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_head(&mut stream).await;
            drop(stream.write_all(answer).await);
        }
    });
    let asked = async || {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"CONNECT a:1 HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        timeout(Duration::from_millis(300), read_head(&mut stream)).await
    };
    assert_eq!(asked().await.unwrap(), answer);
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"CONNECT ").await.unwrap();
    assert!(asked().await.is_err(), "it was answered beside a slow one");
    // One that gathers what it passes on, and never closes what it has opened.
    println!("{}", alone("exhaustion::careless"));
}

#[tokio::test]
#[ignore = "it measures the memory of its process, so it runs in one of its own"]
async fn careless() {
    let (before, files) = (peak(), open_files());
    let body = vec![1_u8; 64 << 20];
    let stage = Stage::new().await;
    let mut kept = Vec::new();
    for _ in 0..20 {
        kept.push(stage.client().connect(&stage.allowed()).await);
    }
    let (grown, left) = (peak() - before, open_files() - files);
    assert!(grown >= 64 && left >= 20, "{grown} {left}");
    println!(
        "figure: the control: a body of {} MiB that is gathered is seen as {grown} MiB more, 20 connections that are kept \
         as {left} files more",
        body.len() >> 20
    );
}
