//! The body of a form that a browser sends: what is taken fits the fields that were asked for.

#![no_main]

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, channel};

use authkeep_core::{FieldRequest, Form, Inquiry};
use authkeep_fuzz::{Address, exchange, known_bytes};
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;
use url::Url;

thread_local! {
    static FORM: RefCell<Address> = RefCell::new(begun());
}

fuzz_target!(|data: &[u8]| {
    let body = String::from_utf8_lossy(data);
    FORM.with_borrow_mut(|form| {
        // It was there for five minutes.
        if sent(form, &body).is_none() {
            form.next();
        }
    });
});

/// A form that would be taken if it were filled in: otherwise nothing here is tried.
fn begun() -> Address {
    let mut form = Address::of(endless_forms());
    let good = sent(&mut form, "form_token={mark}&field0=a").expect("an answer");
    assert!(is_taken(&good), "{good}");
    form
}

/// Sends a body, the mark filled in, as the browser that opened the form.
fn sent(form: &mut Address, body: &str) -> Option<String> {
    let url = form.url().clone();
    let address = url.socket_addrs(|| None).expect("a port")[0];
    // With randomness that is none, the address, the cookie and the mark are the same.
    let token = url.path().trim_start_matches('/');
    let body = body.replace("{mark}", token);
    let request = format!(
        "POST /{token} HTTP/1.1\r\nhost: {address}\r\ncookie: authkeep_form={token}\r\n\
         origin: http://{address}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(exchange(address, request.as_bytes())?).expect("text");
    let status: u16 = answer[9..12].parse().expect("a status");
    assert!([303, 400, 403, 413].contains(&status), "{answer}");
    if is_taken(&answer) {
        let head = format!("GET /received HTTP/1.1\r\nhost: {address}\r\n\r\n");
        exchange(address, head.as_bytes());
        form.next();
    }
    Some(answer)
}

fn is_taken(answer: &str) -> bool {
    answer.contains("\r\nlocation: /received\r\n")
}

/// One form after the other, each until it was sent, on a thread of its own.
fn endless_forms() -> Receiver<Url> {
    let (announce, announced) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let inquiry = inquiry();
        runtime.block_on(async {
            loop {
                let form = Form::bind(&inquiry, known_bytes).expect("a form");
                let url = Url::parse(form.url().as_str()).expect("a URL");
                announce.send(url).expect("the target listens");
                let Ok(answers) = form.answers(Form::LIFETIME).await else {
                    continue;
                };
                assert_eq!(answers.values.len(), inquiry.fields.len());
                let value = |index: usize| answers.values[index].as_ref();
                // What has to be filled in is.
                assert!(value(0).is_some_and(|value| !value.expose_secret().trim().is_empty()));
                assert!(answers.scopes.is_none() || inquiry.scopes.is_some());
            }
        });
    });
    announced
}

fn inquiry() -> Inquiry {
    let field = |name: &str, optional| FieldRequest {
        name: name.to_owned(),
        label: format!("Acme {name}"),
        variables: Vec::new(),
        secret: true,
        optional,
        hint: None,
        pattern: Some("^[a-z]+$".to_owned()),
        docs: None,
    };
    Inquiry {
        provider: "Acme".to_owned(),
        fields: vec![field("client_id", false), field("client_secret", true)],
        redirect: None,
        scopes: Some(vec!["read".to_owned()]),
    }
}
