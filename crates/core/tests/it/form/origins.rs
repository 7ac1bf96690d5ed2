//! Only the page itself sends the form: not another site's page, and nobody who lacks the cookie or the mark.

use authkeep_testkit::careless_form::CarelessForm;
use authkeep_testkit::plain_http::Request;

use super::visitor::Visitor;
use super::{Waiting, inquiry};

const FORM: &str = "application/x-www-form-urlencoded";

/// One thing after the other is wrong with a request that would do otherwise.
fn forged(visitor: &Visitor, number: usize) -> Request {
    let good = visitor.request(&[("field0", "forged"), ("field1", "forged")]);
    let without = |name: &str| {
        let mut request = good.clone();
        request.headers.retain(|(found, _)| found != name);
        request
    };
    let instead = |name: &str, value: &str| without(name).header(name, value);
    let port = visitor.url.port().unwrap();
    let body = |text: String| Request {
        body: text.into_bytes(),
        ..good.clone()
    };
    let mark = &visitor.mark;
    match number % 30 {
        0 => without("origin"),
        1 => instead("origin", "null"),
        2 => instead("origin", &format!("https://evil{number}.example.test")),
        3 => instead("origin", &format!("http://localhost:{port}")),
        4 => instead("origin", &format!("https://127.0.0.1:{port}")),
        5 => instead("origin", &format!("http://127.0.0.1:{}", port ^ 1)),
        6 => instead("origin", "http://127.0.0.1"),
        7 => instead("origin", &format!("http://127.0.0.1:{port}/")),
        8 => instead("origin", &format!("HTTP://127.0.0.1:{port}")),
        9 => good.clone().header("origin", "https://evil.example.test"),
        10 => instead("sec-fetch-site", "cross-site"),
        11 => instead("sec-fetch-site", "same-site"),
        12 => good.clone().header("sec-fetch-site", "cross-site"),
        13 => without("cookie"),
        14 => instead("cookie", "authkeep_form="),
        15 => instead("cookie", &format!("authkeep_form={mark}")),
        16 => instead("cookie", &format!("other={}", &visitor.cookie[14..])),
        17 => instead("cookie", &visitor.cookie.to_ascii_uppercase()),
        18 => instead("cookie", &visitor.cookie[..visitor.cookie.len() - 1]),
        19 => without("content-type"),
        20 => instead("content-type", "text/plain"),
        21 => instead("content-type", "multipart/form-data; boundary=x"),
        22 => instead("content-type", "application/json"),
        23 => good.clone().header("content-type", FORM),
        24 => body("field0=forged&field1=forged".to_owned()),
        25 => body(format!("form_token={mark}x&field0=forged")),
        26 => body(format!("form_token={}&field0=forged", mark.to_lowercase())),
        27 => body(format!("form_token={mark}&form_token={mark}&field0=forged")),
        28 => body(format!("form_token={mark}&field0=forged&field0=forged")),
        _ => body(format!("form_token={mark}&field0=forged&field9=forged")),
    }
}

#[test]
fn nothing_but_the_page_itself_can_send_the_form() {
    const COUNT: usize = 300;
    let waiting = Waiting::of(&inquiry());
    let visitor = Visitor::open(&waiting.url);
    for number in 0..COUNT {
        let request = forged(&visitor, number);
        let answer = request.send().unwrap();
        assert!(
            [400, 403, 415].contains(&answer.status),
            "{number}: {} {}",
            answer.status,
            answer.text()
        );
        for (name, _) in &answer.headers {
            assert!(!name.starts_with("access-control-"), "{name}");
        }
    }
    for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"] {
        let request = Request {
            method: method.to_owned(),
            ..visitor.request(&[("field0", "forged")])
        };
        assert_eq!(request.send().unwrap().status, 405, "{method}");
    }
    let request = Request {
        url: format!("{}?field0=forged", visitor.url),
        ..visitor.request(&[("field0", "forged")])
    };
    assert_eq!(request.send().unwrap().status, 404);
    // All of them wrong by one thing: without it, the same request is taken.
    assert_eq!(visitor.send(&[("field0", "mine")]).status, 303);
    let answers = waiting.end().0.unwrap();
    let value = answers.values[0].as_ref().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(value), "mine");

    let careless = CarelessForm::start("Acme");
    for number in 0..COUNT {
        let mut request = forged(&visitor, number);
        request.url = format!("http://{}/", careless.address());
        request.send().unwrap();
    }
    let taken = careless.accepted();
    let taken = taken.iter().filter(|body| body.contains("forged")).count();
    assert_eq!(taken, COUNT, "the control takes them all");
    println!("figure: {COUNT} forged requests: 0 values accepted; a careless form accepts {taken}");
}

#[test]
fn the_page_is_no_part_of_another() {
    let waiting = Waiting::of(&inquiry());
    for (dest, mode) in [
        ("iframe", "navigate"),
        ("frame", "navigate"),
        ("embed", "navigate"),
        ("object", "navigate"),
        ("image", "no-cors"),
        ("script", "no-cors"),
        ("style", "no-cors"),
        ("empty", "cors"),
        ("empty", "no-cors"),
        ("document", "no-cors"),
        ("", "navigate"),
    ] {
        let request = Request::get(waiting.url.as_str())
            .header("sec-fetch-dest", dest)
            .header("sec-fetch-mode", mode);
        let answer = request.send().unwrap();
        assert_eq!(answer.status, 403, "{dest} {mode}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    let request = Request::get(waiting.url.as_str())
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "none");
    let answer = request.send().unwrap();
    assert_eq!(answer.status, 200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
}
