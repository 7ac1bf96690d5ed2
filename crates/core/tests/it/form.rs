//! The form from outside: who may open it, who may send it, and what it shows.

mod abuse;
mod hosts;
mod once;
mod origins;
mod page;
mod visitor;

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use authkeep_core::{Answers, FieldRequest, Form, FormError, Inquiry, RedirectNote, RedirectPort};
use url::Url;

use crate::fakes::entropy;

pub(crate) fn field(name: &str, label: &str) -> FieldRequest {
    FieldRequest {
        name: name.to_owned(),
        label: label.to_owned(),
        variables: Vec::new(),
        secret: name != "client_id",
        optional: false,
        hint: None,
        pattern: None,
        docs: None,
    }
}

/// A client id, a secret that may be missing, a redirect address, and scopes.
pub(crate) fn inquiry() -> Inquiry {
    let secret = FieldRequest {
        optional: true,
        hint: Some("Made together with the client id.".to_owned()),
        docs: Some("https://acme.example.test/clients".to_owned()),
        ..field("client_secret", "Acme client secret")
    };
    Inquiry {
        provider: "Acme".to_owned(),
        fields: vec![field("client_id", "Acme client id"), secret],
        redirect: Some(RedirectNote {
            address: "http://127.0.0.1/callback".to_owned(),
            port: RedirectPort::Any,
        }),
        scopes: Some(vec!["read".to_owned(), "write".to_owned()]),
    }
}

/// A form that is being waited for, on a thread of its own.
pub(crate) struct Waiting {
    pub(crate) url: Url,
    waiting: JoinHandle<(Result<Answers, FormError>, Instant)>,
}

impl Waiting {
    pub(crate) fn of(inquiry: &Inquiry) -> Self {
        Self::with_patience(inquiry, Duration::from_secs(60))
    }

    pub(crate) fn with_patience(inquiry: &Inquiry, patience: Duration) -> Self {
        let form = Form::bind(inquiry, entropy).unwrap();
        let url = Url::parse(form.url().as_str()).unwrap();
        let waiting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let outcome = runtime.block_on(form.answers(patience));
            (outcome, Instant::now())
        });
        Self { url, waiting }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.url.socket_addrs(|| None).unwrap()[0]
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn authority(&self) -> String {
        self.address().to_string()
    }

    /// What came of it, and when.
    pub(crate) fn end(self) -> (Result<Answers, FormError>, Instant) {
        self.waiting.join().unwrap()
    }
}
