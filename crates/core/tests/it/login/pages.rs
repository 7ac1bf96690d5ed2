//! The pages of the callback port: constants with tight headers, whatever was asked.

use std::collections::BTreeSet;
use std::sync::mpsc;

use authkeep_core::LoginError;
use authkeep_testkit::plain_http::Request;
use url::form_urlencoded;

use super::attack::Target;
use crate::fakes::{FakePerson, World, request};

const COUNT: usize = 5_000;

/// The usual ways out of a page's text, each around a mark of its own.
fn payload(i: usize) -> (String, String) {
    let mark = format!("mrk{i:05}z");
    let text = match i % 16 {
        0 => format!("<script>{mark}</script>"),
        1 => format!("\"><img src=x onerror={mark}>"),
        2 => format!("'-{mark}-'"),
        3 => format!("javascript:{mark}"),
        4 => format!("</title><svg/onload={mark}>"),
        5 => format!("{{{{{mark}}}}}${{{mark}}}"),
        6 => format!("<!--{mark}--><b>"),
        7 => format!("]]>{mark}<![CDATA["),
        8 => format!("%3Cscript%3E{mark}"),
        9 => format!("\u{2028}{mark}\u{0}"),
        10 => format!("\r\nx-{mark}: y\r\n\r\n<b>"),
        11 => format!("&lt;{mark}&gt;"),
        12 => format!("<a href=data:text/html;base64,{mark}>"),
        13 => format!("\\x3c{mark}\\u003e"),
        14 => format!("<style>{mark}{{}}</style>"),
        _ => format!("+ADw-{mark}+AD4-"),
    };
    (mark, text)
}

fn attack(target: &Target, i: usize) -> (String, String) {
    let (mark, text) = payload(i);
    let quoted: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    // As it stands where a request line can carry it, and encoded.
    let bare: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() && *c != '#')
        .collect();
    let callback = &target.path;
    let path = match i % 5 {
        0 => format!("{callback}?code={quoted}&state={quoted}&iss={quoted}"),
        1 => format!(
            "{callback}?error={quoted}&error_description={quoted}&error_uri={quoted}&state={bare}"
        ),
        2 => format!("/{quoted}"),
        3 => format!("/{bare}?{bare}={bare}"),
        _ => format!("{callback}?{quoted}={quoted}&code={bare}"),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {bare}\r\nreferer: {bare}\r\nuser-agent: {mark}\r\n\r\n"
    );
    (mark, target.send(request.as_bytes()).unwrap())
}

const HEADERS: [&str; 4] = [
    "content-security-policy: default-src 'none'; style-src 'sha256-",
    "cache-control: no-store",
    "referrer-policy: no-referrer",
    "x-content-type-options: nosniff",
];

#[tokio::test]
async fn nothing_that_was_asked_is_ever_in_an_answer() {
    let world = World::new();
    let (sender, answers) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let target = Target::of(&url);
        let threads: Vec<_> = (0..4)
            .map(|part| {
                let target = target.clone();
                std::thread::spawn(move || {
                    (part..COUNT)
                        .step_by(4)
                        .map(|i| attack(&target, i))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let all: Vec<_> = threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        sender.send(all).unwrap();
        // The end: the server's own refusal, with the right state and a script in every other place.
        let text: String = form_urlencoded::byte_serialize(b"<script>mrk</script>").collect();
        let refusal = format!(
            "http://{}{}?error={text}&error_description={text}&error_uri={text}&state={}",
            target.address, target.path, target.state
        );
        let answer = Request::get(&refusal).send().unwrap();
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/denied"))
        );
        let page = Request::get(&format!("http://{}/denied", target.address))
            .send()
            .unwrap();
        assert!(
            page.status == 200 && !page.text().contains("mrk"),
            "{page:?}"
        );
    });
    let error = world.broker().login(&request(), &person).await.unwrap_err();
    person.come_back();
    assert!(matches!(error, LoginError::Denied { .. }), "{error:?}");
    let answers = answers.recv().unwrap();
    assert_eq!(answers.len(), COUNT);
    let mut distinct = BTreeSet::new();
    let mut without_page = 0;
    for (mark, answer) in answers {
        assert!(!answer.contains(&mark), "{answer}");
        if answer.ends_with("\r\n\r\n") {
            // A request that is no HTTP gets a bare status from the HTTP library: nothing to frame or to sniff.
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            without_page += 1;
        } else {
            for header in HEADERS {
                assert!(answer.contains(header), "{header} is missing: {answer}");
            }
        }
        let lines = answer.lines().filter(|line| !line.starts_with("date: "));
        distinct.insert(lines.collect::<Vec<_>>().join("\n"));
    }
    assert!(distinct.len() <= 4, "{distinct:#?}");
    println!(
        "figure: {COUNT} payloads, 0 reflected, {} distinct answers, {without_page} bare 400",
        distinct.len()
    );
}

#[tokio::test]
async fn the_callback_leads_to_a_page_without_parameters() {
    let world = World::new();
    let (sender, trail) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let visit = authkeep_testkit::browser::follow(&url, Default::default()).unwrap();
        sender.send(visit.trail).unwrap();
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    let trail = trail.recv().unwrap();
    let [.., callback, last] = trail.as_slice() else {
        panic!("{trail:?}");
    };
    assert!(callback.url.contains("/callback/") && callback.answer.status == 303);
    assert!(
        last.url.ends_with("/received") && last.answer.status == 200,
        "{}",
        last.url
    );
    for hop in [callback, last] {
        for header in HEADERS {
            let (name, value) = header.split_once(": ").unwrap();
            let found = hop.answer.header(name).unwrap();
            assert!(found.starts_with(value), "{name}: {found}");
        }
        assert_eq!(hop.answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn a_request_for_the_last_page_before_the_answer_does_not_cost_the_browser_its_own() {
    for _ in 0..5 {
        let world = World::new();
        let person = FakePerson::browsing(move |url| {
            let target = Target::of(&url);
            for page in ["/received", "/denied"] {
                assert!(target.get(page).unwrap().starts_with("HTTP/1.1 200 "));
            }
            let visit = authkeep_testkit::browser::follow(&url, Default::default()).unwrap();
            assert_eq!(visit.status(), 200);
        });
        world.broker().login(&request(), &person).await.unwrap();
        person.come_back();
    }
}
