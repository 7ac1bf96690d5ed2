//! Whoever is silent, slow or long keeps nobody else out.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use authkeep_testkit::careless_form::CarelessForm;

use super::visitor::{Visitor, send};
use super::{Waiting, inquiry};

fn hold(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect()
}

#[test]
fn idle_sockets_do_not_keep_a_form_from_being_sent() {
    const IDLE: usize = 100;
    let waiting = Waiting::of(&inquiry());
    let before = hold(waiting.address(), IDLE);
    let started = Instant::now();
    let visitor = Visitor::open(&waiting.url);
    let opened = started.elapsed();
    let between = hold(waiting.address(), IDLE);
    let started = Instant::now();
    assert_eq!(visitor.send(&[("field0", "id")]).status, 303);
    let sent = started.elapsed();
    assert!(sent <= Duration::from_secs(1), "{sent:?}");
    waiting.end().0.unwrap();
    drop((before, between));

    let careless = CarelessForm::start("Acme");
    let idle = hold(careless.address(), 1);
    let mut stream = TcpStream::connect(careless.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(1500)))
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let blocked = stream.read(&mut [0; 16]).is_err();
    assert!(blocked, "the control is blocked by a single idle socket");
    drop(idle);
    println!(
        "figure: {IDLE} idle sockets: opened in {opened:?}, sent in {sent:?}; one idle socket blocks a careless form"
    );
}

/// A request that sends the form, with this body and this declared length.
fn post(visitor: &Visitor, length: usize, body: &[u8]) -> Vec<u8> {
    let authority = &visitor.url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: {authority}\r\norigin: http://{authority}\r\ncookie: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n",
        visitor.url.path(),
        visitor.cookie
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

#[test]
fn what_is_too_long_or_too_slow_is_cut_off() {
    let waiting = Waiting::of(&inquiry());
    let visitor = Visitor::open(&waiting.url);
    let address = waiting.address();

    // Declared to be too long: refused before it is read.
    let answer = send(address, &post(&visitor, 64 * 1024 + 1, b"")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // Not declared, and too long: refused while it is read.
    let head = String::from_utf8(post(&visitor, 0, b"")).unwrap();
    let head = head.replace("content-length: 0", "transfer-encoding: chunked");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..65 {
        // The other side may have hung up by now.
        drop(
            stream
                .write_all(b"400\r\n")
                .and_then(|()| stream.write_all(&[b'a'; 1024])),
        );
        drop(stream.write_all(b"\r\n"));
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413 "),
        "{answer}"
    );
    // Just long enough.
    let mark = format!("form_token={}&field1=", visitor.mark);
    let body = format!("{mark}{}", "a".repeat(64 * 1024 - mark.len()));
    let answer = send(address, &post(&visitor, body.len(), body.as_bytes())).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");

    // A head and a body that never end are waited for about five seconds.
    let started = Instant::now();
    let slow = [
        b"GET / HTTP/1.1\r\nx: ".to_vec(),
        post(&visitor, 100, b"form"),
    ];
    let threads: Vec<_> = slow
        .into_iter()
        .map(|request| std::thread::spawn(move || send(address, &request)))
        .collect();
    let answers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let took = started.elapsed();
    assert!((4..8).contains(&took.as_secs()), "{took:?}");
    let body = answers[1].as_ref().unwrap();
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert_eq!(visitor.send(&[("field0", "id")]).status, 303);
    waiting.end().0.unwrap();
    println!("figure: more than 64 KiB is refused, and a request that never ends after {took:?}");
}
