//! One address that nobody guesses, one browser, one set of answers, and an end.

use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use authkeep_core::FormError;
use authkeep_testkit::careless_form::CarelessForm;
use authkeep_testkit::plain_http::Request;
use secrecy::ExposeSecret as _;
use url::Url;

use super::visitor::{Visitor, send};
use super::{Waiting, inquiry};

/// Paths that are not the form's: some by chance, some nearly it.
fn guess(path: &str, number: usize) -> String {
    let token = &path[1..];
    let place = number % token.len();
    let mut close: Vec<u8> = token.bytes().collect();
    close[place] = if close[place] == b'x' { b'y' } else { b'x' };
    let close = String::from_utf8(close).unwrap();
    match number % 8 {
        0 => format!("/{close}"),
        1 => format!("/{}", &token[..place]),
        2 => format!("/{token}{number}"),
        3 => format!("/{token}/{number}"),
        4 => format!("//{token}?{number}"),
        5 => format!("/{token}?{number}"),
        6 => format!("/{number:043}"),
        _ => format!("/%{:02x}{}", token.as_bytes()[0], &close[1..]),
    }
}

#[test]
fn nobody_guesses_the_address() {
    const COUNT: usize = 10_000;
    let waiting = Waiting::of(&inquiry());
    let (address, authority) = (waiting.address(), waiting.authority());
    let path = waiting.url.path().to_owned();
    assert!(path.len() > 43, "256 bits: {}", path.len());
    let threads: Vec<_> = (0..4)
        .map(|part| {
            let (path, authority) = (path.clone(), authority.clone());
            std::thread::spawn(move || {
                let guesses = (part..COUNT).step_by(4).map(|number| guess(&path, number));
                let hits = guesses.filter(|guess| {
                    let request = format!("GET {guess} HTTP/1.1\r\nhost: {authority}\r\n\r\n");
                    let answer = send(address, request.as_bytes()).unwrap();
                    !answer.starts_with("HTTP/1.1 404 ") || answer.contains("Acme")
                });
                hits.count()
            })
        })
        .collect();
    let hits: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!(hits, 0);
    Visitor::open(&waiting.url);
    println!("figure: {COUNT} guesses, {hits} hits; the address itself hits");
}

/// How many of 64 who come at the same moment get the form.
fn openers(url: &Url) -> (usize, usize) {
    const OPENERS: usize = 64;
    let start = Arc::new(Barrier::new(OPENERS));
    let threads: Vec<_> = (0..OPENERS)
        .map(|_| {
            let (start, url) = (Arc::clone(&start), url.clone());
            std::thread::spawn(move || {
                start.wait();
                Request::get(url.as_str()).send().unwrap()
            })
        })
        .collect();
    let answers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let let_in = answers.iter().filter(|answer| answer.status == 200);
    let gone = answers.iter().filter(|answer| answer.status == 410);
    (let_in.count(), gone.count())
}

#[test]
fn one_browser_gets_the_form_and_all_others_find_it_gone() {
    let waiting = Waiting::of(&inquiry());
    let (let_in, gone) = openers(&waiting.url);
    assert_eq!((let_in, gone), (1, 63));
    let careless = CarelessForm::start("Acme");
    let url = Url::parse(&format!("http://{}/", careless.address())).unwrap();
    let (control, _) = openers(&url);
    assert_eq!(control, 64);
    println!("figure: 64 openers: {let_in} got the form; of a careless form {control}");
}

#[test]
fn one_form_is_sent_and_then_the_port_is_closed() {
    let waiting = Waiting::of(&inquiry());
    let visitor = Visitor::open(&waiting.url);
    assert_eq!(visitor.reload().status, 200, "its own browser may reload");
    assert_eq!(
        Request::get(waiting.url.as_str()).send().unwrap().status,
        410
    );
    let address = waiting.address();
    assert_eq!(
        Request::get(&format!("http://{address}/received"))
            .send()
            .unwrap()
            .status,
        404,
        "there is no last page before the answers"
    );
    let answer = visitor.send(&[("field0", "id"), ("field1", "s3"), ("scopes", "a, b\r\nc")]);
    let sent = Instant::now();
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/received"))
    );
    assert_eq!(visitor.reload().status, 410);
    assert_eq!(visitor.send(&[("field0", "other")]).status, 410);
    let last = Request::get(&format!("http://{address}/received"));
    assert_eq!(last.send().unwrap().status, 200);
    while TcpStream::connect(address).is_ok() {
        assert!(
            sent.elapsed() < Duration::from_secs(1),
            "the port stays open"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    println!(
        "figure: the port was closed {:?} after the form was sent",
        sent.elapsed()
    );
    let answers = waiting.end().0.unwrap();
    let values: Vec<_> = answers
        .values
        .iter()
        .map(|value| value.as_ref().unwrap().expose_secret())
        .collect();
    assert_eq!(values, ["id", "s3"]);
    assert_eq!(answers.scopes.unwrap(), ["a", "b", "c"]);
}

#[test]
fn without_its_last_page_the_port_is_closed_as_well() {
    let waiting = Waiting::of(&inquiry());
    let visitor = Visitor::open(&waiting.url);
    visitor.send(&[("field0", "id")]);
    let sent = Instant::now();
    let address = waiting.address();
    waiting.end().0.unwrap();
    assert!(TcpStream::connect(address).is_err());
    assert!(
        sent.elapsed() < Duration::from_secs(1),
        "{:?}",
        sent.elapsed()
    );
}

#[test]
fn what_is_missing_is_asked_for_again_and_nothing_is_shown() {
    let waiting = Waiting::of(&inquiry());
    let visitor = Visitor::open(&waiting.url);
    let answer = visitor.send(&[
        ("field0", " "),
        ("field1", "cnry_1f"),
        ("scopes", "cnry_2f"),
    ]);
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some(waiting.url.path()));
    assert!(!answer.text().contains("cnry_"));
    let again = visitor.reload().text();
    assert!(!again.contains("cnry_"), "{again}");
    assert!(again.contains("Still missing: Acme client id."), "{again}");
    assert_eq!(again.matches("Received. Leave").count(), 2, "{again}");
    // What was received stays, unless it is replaced.
    assert_eq!(
        visitor
            .send(&[("field0", "id"), ("field1", ""), ("scopes", "")])
            .status,
        303
    );
    let answers = waiting.end().0.unwrap();
    assert_eq!(
        answers.values[1].as_ref().unwrap().expose_secret(),
        "cnry_1f"
    );
    assert_eq!(answers.scopes.unwrap(), ["cnry_2f"]);
}

#[test]
fn a_form_that_nobody_sends_ends() {
    let waiting = Waiting::with_patience(&inquiry(), Duration::from_millis(300));
    let address = waiting.address();
    let (outcome, _) = waiting.end();
    assert!(
        matches!(outcome, Err(FormError::TimedOut(_))),
        "{outcome:?}"
    );
    assert!(TcpStream::connect(address).is_err());
    assert!(authkeep_core::Form::LIFETIME <= Duration::from_secs(300));
}
