use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authkeep_testkit::oauth_server::{Framing, Scripted, ServerOptions};
use authkeep_testkit::plain_http::{Answer, Request};

use crate::client::{Session, text};

/// What one refresh meets under `fault`, and whether it spent the refresh token.
fn refresh_under(fault: Scripted) -> (io::Result<Answer>, bool) {
    let session = Session::start(ServerOptions::default());
    let token = session.server.grant("test-client").refresh_token;
    session.server.script("/token", vec![fault]);
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "test-client"),
        ("refresh_token", &token),
    ];
    let answer = Request::form(&format!("{}/token", session.server.url()), &fields).send();
    (answer, !session.server.token_is_active(&token))
}

#[test]
fn without_a_fault_a_refresh_spends_the_token() {
    // The control for all tests below that find it unspent.
    let session = Session::start(ServerOptions::default());
    let token = session.server.grant("test-client").refresh_token;
    assert_eq!(session.refresh(&token).status, 200);
    assert!(!session.server.token_is_active(&token));
}

#[test]
fn a_status_comes_with_its_headers_and_body_and_nothing_is_spent() {
    let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
    let (answer, spent) = refresh_under(Scripted::Status {
        status: 503,
        headers,
        body: b"<html>".to_vec(),
    });
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("7"))
    );
    assert_eq!(answer.text(), "<html>");
    assert!(!spent);
}

#[test]
fn a_dropped_request_is_not_acted_upon_and_a_lost_answer_is() {
    let (answer, spent) = refresh_under(Scripted::Drop);
    assert!(answer.is_err() && !spent);
    let (answer, spent) = refresh_under(Scripted::Lost);
    assert!(answer.is_err() && spent);
}

#[test]
fn a_delay_is_kept_and_then_the_request_is_handled() {
    let start = Instant::now();
    let (answer, spent) = refresh_under(Scripted::Delay(150));
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(answer.unwrap().status, 200);
    assert!(spent);
}

#[test]
fn a_late_answer_was_acted_upon_even_if_nobody_waits_for_it() {
    let start = Instant::now();
    let (answer, spent) = refresh_under(Scripted::Late(150));
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(answer.unwrap().status, 200);
    assert!(spent);
    // Who hangs up meanwhile has spent the token; under a mere delay it would still be good.
    assert!(hang_up_under(Scripted::Late(60_000)));
    assert!(!hang_up_under(Scripted::Delay(60_000)));
}

/// Whether the token of a client that hangs up as soon as its request is seen is spent.
fn hang_up_under(fault: Scripted) -> bool {
    let session = Session::start(ServerOptions::default());
    let server = &session.server;
    let token = server.grant("test-client").refresh_token;
    server.script("/token", vec![fault]);
    let body = format!("grant_type=refresh_token&client_id=test-client&refresh_token={token}");
    let host = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST /token HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    while server.count("/token") == 0 {
        std::thread::yield_now();
    }
    drop(stream);
    // The server has only one thread: by the time it answers another, it has dealt with this one.
    let other = Request::get(&format!("{}/api/me", server.url())).send();
    assert_eq!(other.unwrap().status, 401);
    !server.token_is_active(&token)
}

#[test]
fn a_drip_sends_each_byte_on_its_own_time() {
    let start = Instant::now();
    let (answer, spent) = refresh_under(Scripted::Drip(b"{\"a\":1}".to_vec(), 20));
    assert_eq!(answer.unwrap().json(), serde_json::json!({ "a": 1 }));
    assert!(start.elapsed() >= Duration::from_millis(6 * 20));
    assert!(!spent);
}

#[test]
fn a_huge_answer_says_its_length_or_does_not() {
    let length = 3_000_000;
    let (answer, _) = refresh_under(Scripted::Huge(length, Framing::ContentLength));
    let answer = answer.unwrap();
    assert_eq!(answer.header("content-length"), Some("3000000"));
    assert_eq!(answer.body.len(), 3_000_000);
    let (answer, _) = refresh_under(Scripted::Huge(length, Framing::Chunked));
    let answer = answer.unwrap();
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(answer.body.len(), 3_000_000);
    assert!(text(&answer.json(), "access_token").len() > 2_900_000);
}

#[test]
fn a_bomb_is_small_on_the_wire() {
    let (answer, _) = refresh_under(Scripted::GzipBomb(100 * 1024 * 1024));
    let answer = answer.unwrap();
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(
        answer.body.len() < 1024 * 1024,
        "{} bytes",
        answer.body.len()
    );
}

#[test]
fn redirects_and_garbage_are_sent_as_told() {
    let elsewhere = "http://127.0.0.1:1/elsewhere";
    let (answer, spent) = refresh_under(Scripted::Redirect(307, elsewhere.to_owned()));
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some(elsewhere))
    );
    assert!(!spent);
    let (answer, spent) = refresh_under(Scripted::Garbage(vec![0xff, 0x00, b'{']));
    assert_eq!(answer.unwrap().body, [0xff, 0x00, b'{']);
    assert!(!spent);
}

#[test]
fn a_hanging_request_gets_no_byte_and_other_requests_are_served_meanwhile() {
    let session = Session::start(ServerOptions::default());
    session.server.script("/api/me", vec![Scripted::Hang]);
    let address = session.server.url().replace("http://", "");
    let mut stuck = TcpStream::connect(&address).unwrap();
    stuck
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    write!(stuck, "GET /api/me HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let error = stuck.read(&mut [0]).unwrap_err();
    assert!(matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    ));
    assert_eq!(session.me("x").status, 401);
    let log = session.server.log();
    assert_eq!((log[0].status, log[1].status), (None, Some(401)));
}

#[test]
fn faults_are_met_in_order_one_request_each_on_their_path_only() {
    let session = Session::start(ServerOptions::default());
    let status = |status| Scripted::Status {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    };
    session
        .server
        .script("/api/me", vec![status(500), status(429)]);
    session.server.script("/api/me", vec![status(408)]);
    let token = session.server.grant("test-client").access_token;
    let echo = Request::get(&format!("{}/api/echo?a=1", session.server.url()))
        .send()
        .unwrap();
    assert_eq!(
        (echo.status, &echo.json()["query"]["a"]),
        (200, &serde_json::json!("1"))
    );
    let statuses: Vec<u16> = (0..4).map(|_| session.me(&token).status).collect();
    assert_eq!(statuses, [500, 429, 408, 200]);
    assert_eq!(session.server.count("/api/me"), 4);
}

#[test]
fn a_stopped_server_answers_nobody() {
    let session = Session::start(ServerOptions::default());
    let url = session.server.url();
    assert_eq!(session.me("x").status, 401);
    drop(session);
    assert!(Request::get(&url).send().is_err());
}
