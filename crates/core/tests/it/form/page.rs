//! What is on the page: all that a person needs, and a provider's text only as text.

use authkeep_core::{FieldRequest, Inquiry, RedirectNote, RedirectPort};
use authkeep_testkit::careless_form::CarelessForm;
use authkeep_testkit::plain_http::Request;

use super::visitor::Visitor;
use super::{Waiting, field, inquiry};

#[test]
fn the_page_has_all_that_a_person_needs() {
    let waiting = Waiting::of(&inquiry());
    let answer = Request::get(waiting.url.as_str()).send().unwrap();
    for (name, value) in [
        ("cache-control", "no-store"),
        // With `no-referrer` a browser would not say where the form itself comes from.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.contains("form-action 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let page = answer.text();
    for part in [
        "<title>Connect Acme · authkeep</title>",
        "<label for=\"field0\">Acme client id</label>",
        "<label for=\"field1\">Acme client secret <span class=\"extra\">(if there is one)</span></label>",
        "Made together with the client id.",
        "href=\"https://acme.example.test/clients\" target=\"_blank\" rel=\"noopener noreferrer\"",
        "readonly value=\"http://127.0.0.1/callback\"",
        "read write</textarea>",
        "type=\"password\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        !page.contains("<script") && !page.contains("style=\""),
        "{page}"
    );
    assert_eq!(page.matches("autocomplete=\"off\"").count(), 4);
}

const WAYS_OUT: [&str; 20] = [
    "<script>MARK</script>",
    "\"><img src=x onerror=MARK>",
    "' onmouseover='MARK",
    "\" autofocus onfocus=\"MARK",
    "</title><svg/onload=MARK>",
    "</textarea><script>MARK</script>",
    "</style><script>MARK</script>",
    "</form><form action=https://evil.example.test/MARK>",
    "<!--MARK--><b>",
    "]]><![CDATA[<MARK>",
    "javascript:MARK",
    "data:text/html,<script>MARK</script>",
    "<a href=https://evil.example.test/MARK>",
    "<base href=//evil.example.test/MARK>",
    "<meta http-equiv=refresh content=0;url=MARK>",
    "`MARK`",
    "\u{202e}<MARK>\u{0}\u{7f}",
    "\r\nset-cookie: MARK\r\n\r\n<b>",
    "<ſcript>MARK</ſcript>",
    "+ADw-script+AD4-MARK<i>",
];

/// A provider all of whose text is hostile.
fn hostile(text: &str) -> Inquiry {
    let field = FieldRequest {
        hint: Some(text.to_owned()),
        pattern: Some(text.to_owned()),
        docs: Some(text.to_owned()),
        ..field(text, text)
    };
    let linked = FieldRequest {
        docs: Some(format!("https://docs.example.test/{text}")),
        ..field.clone()
    };
    Inquiry {
        provider: text.to_owned(),
        fields: vec![field, linked],
        redirect: Some(RedirectNote {
            address: text.to_owned(),
            port: RedirectPort::Fixed,
        }),
        scopes: Some(vec![text.to_owned()]),
    }
}

/// Tags and attributes that no page of ours has, with a mark in them.
fn raw(page: &str, mark: &str) -> bool {
    // Everything of a provider's is between tags or in quotes; there, none of these stands for itself.
    let hostile = [
        "<script", "<img", "<svg/", "<base", "<i>", "<b>", "<!--", "<ſ",
    ];
    let tags = page
        .split('<')
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap_or_default());
    let out_of_quotes = tags.map(|tag| tag.split('"').step_by(2).collect::<String>());
    hostile.iter().any(|word| page.contains(word))
        || out_of_quotes.into_iter().any(|tag| tag.contains(mark))
        || page.contains("href=\"javascript:")
        || page.contains("href=\"data:")
        || page.contains("href=\"http:")
}

#[test]
fn text_of_a_provider_is_only_text() {
    const COUNT: usize = 500;
    let payloads: Vec<_> = (0..COUNT)
        .map(|number| {
            let mark = format!("mrk{number:04}z");
            let text = WAYS_OUT[number % WAYS_OUT.len()].replace("MARK", &mark);
            (mark, text)
        })
        .collect();
    let threads: Vec<_> = payloads
        .chunks(COUNT / 4)
        .map(<[_]>::to_vec)
        .map(|part| {
            std::thread::spawn(move || {
                let raw = part.iter().filter(|(mark, text)| {
                    let waiting = Waiting::of(&hostile(text));
                    let visitor = Visitor::open(&waiting.url);
                    assert!(visitor.page.contains(mark), "it is shown: {text}");
                    let sent = visitor.send(&[("field0", "a"), ("field1", "b")]);
                    assert!(!sent.text().contains(mark), "{}", sent.text());
                    raw(&visitor.page, mark)
                });
                raw.count()
            })
        })
        .collect();
    let count: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!(count, 0);

    // The control: the same look at a page that takes text as it comes. Three payloads hurt only as an address.
    let mut control = 0;
    for (mark, text) in payloads.iter().take(WAYS_OUT.len()) {
        let careless = CarelessForm::start(text);
        let url = format!("http://{}/", careless.address());
        control += usize::from(raw(&Request::get(&url).send().unwrap().text(), mark));
    }
    assert!(control >= 14, "{control}");
    println!(
        "figure: {COUNT} payloads: {count} raw; of {} on a careless page: {control}",
        WAYS_OUT.len()
    );
}
