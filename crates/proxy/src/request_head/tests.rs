//! Raw bytes of a client that tries to get a second request past the parser. What is refused by mitmproxy's validation is
//! among them, and what its CVE-2021-39214 and CVE-2022-24766 were about.

mod vectors;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

use self::vectors::{GOOD, bad};
use super::*;

/// What the client got, and which requests a proxy would have sent on.
#[derive(Debug)]
struct Outcome {
    answer: String,
    authorised: Vec<String>,
}

/// Everything at once, or byte by byte.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Bytes,
}

async fn serve<IO>(io: IO, authorised: Arc<Mutex<Vec<String>>>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let authorised = Arc::clone(&authorised);
        async move {
            let line = format!("{} {}", request.method(), request.uri());
            let status = match request.into_body().collect().await {
                Ok(body) => {
                    let body = body.to_bytes();
                    let shown = format!("{line} {}", String::from_utf8_lossy(&body));
                    authorised.lock().unwrap().push(shown.trim().to_owned());
                    StatusCode::OK
                }
                Err(_) => StatusCode::BAD_REQUEST,
            };
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    });
    let mut server = http1::Builder::new();
    server.max_buf_size(MAX_HEAD).half_close(true);
    // How it ends is seen by the client.
    drop(server.serve_connection(TokioIo::new(io), service).await);
}

async fn send(mut client: DuplexStream, bytes: Vec<u8>, cut: Cut) -> String {
    let pieces: Vec<&[u8]> = match cut {
        Cut::Whole => vec![&bytes],
        Cut::Bytes => bytes.chunks(1).collect(),
    };
    for piece in pieces {
        if client.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    // It may be closed already.
    drop(client.shutdown().await);
    let mut answer = Vec::new();
    drop(client.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn strict(bytes: &[u8], cut: Cut) -> Outcome {
    let (client, server) = duplex(256 * 1024);
    let authorised = Arc::new(Mutex::new(Vec::new()));
    let served = serve(StrictHead::new(server), Arc::clone(&authorised));
    let (answer, ()) = tokio::join!(send(client, bytes.to_vec(), cut), served);
    let authorised = std::mem::take(&mut *authorised.lock().unwrap());
    Outcome { answer, authorised }
}

/// The control: the parser alone.
async fn tolerant(bytes: &[u8]) -> Outcome {
    let (client, server) = duplex(256 * 1024);
    let authorised = Arc::new(Mutex::new(Vec::new()));
    let served = serve(server, Arc::clone(&authorised));
    let (answer, ()) = tokio::join!(send(client, bytes.to_vec(), Cut::Whole), served);
    let authorised = std::mem::take(&mut *authorised.lock().unwrap());
    Outcome { answer, authorised }
}

#[tokio::test]
async fn what_has_two_readings_is_answered_with_400_and_nothing_after_it_is_read() {
    let vectors = bad();
    assert!(vectors.len() >= 150, "{}", vectors.len());
    let mut seen_by_the_control = 0;
    for vector in &vectors {
        for cut in [Cut::Whole, Cut::Bytes] {
            let Outcome { answer, authorised } = strict(vector, cut).await;
            let shown = String::from_utf8_lossy(&vector[..vector.len().min(200)]).into_owned();
            assert!(
                authorised.is_empty(),
                "{cut:?} {shown:?} became {authorised:?}"
            );
            let is_refused =
                answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 431 ");
            assert!(is_refused, "{cut:?} {shown:?} was answered with {answer:?}");
            assert_eq!(
                answer.matches("HTTP/1.1 ").count(),
                1,
                "{cut:?} {shown:?}: {answer}"
            );
        }
        seen_by_the_control += usize::from(!tolerant(vector).await.authorised.is_empty());
    }
    assert!(
        seen_by_the_control > 30,
        "the parser alone refused all but {seen_by_the_control}"
    );
}

#[tokio::test]
async fn what_has_one_reading_passes() {
    for (bytes, requests) in GOOD {
        for cut in [Cut::Whole, Cut::Bytes] {
            let Outcome { answer, authorised } = strict(bytes.as_bytes(), cut).await;
            assert_eq!(authorised, *requests, "{cut:?} {bytes:?}: {answer}");
        }
    }
}

#[test]
fn after_a_connect_comes_tls_or_another_request() {
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let follow = |next: &[u8]| {
        let mut framing = Framing::default();
        framing.follow(connect.as_bytes()).expect("a CONNECT");
        framing.follow(next)
    };
    assert_eq!(follow(connect.as_bytes()), Ok(()));
    assert_eq!(follow(b"\x16\x03\x01\x00\n\x00"), Ok(()));
    assert!(follow(b"\x15\x03\x01\x00\n\x00").is_err());
}

#[test]
fn a_long_body_is_passed_over() {
    let mut framing = Framing::default();
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n";
    framing.follow(head.as_bytes()).expect("a head");
    let piece = vec![b'\n'; 1_000_000];
    for _ in 0..10_000 {
        framing.follow(&piece).expect("a piece of the body");
    }
    assert!(
        framing.follow(b"\n").is_err(),
        "the next request begins here"
    );
}

#[tokio::test]
async fn after_the_watch_everything_passes() {
    let (mut client, server) = duplex(1024);
    let mut server = StrictHead::new(server);
    server.end_of_watch().now();
    client.write_all(b"\x81\x05hello\n").await.unwrap();
    let mut bytes = [0; 8];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"\x81\x05hello\n");
}
