//! A network of documents. It keeps to the contract, and remembers who was asked.

use std::fmt;
use std::sync::{Arc, Mutex};

use authkeep_core::{BodyCap, BoxFuture, Broker, BrokerParts, HttpClient, HttpError, Reach};
use authkeep_flows::{HttpRequest, HttpResponse};
use serde_json::Value;
use url::Url;

use crate::fakes::World;

/// Status, headers, body.
pub(super) type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// What a server says to whoever asks for this.
pub(super) type Answers = dyn Fn(&Url) -> Answer + Send + Sync;

pub(super) struct Net {
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<Url>>>,
}

impl Net {
    /// A broker in this network, and what it will have asked for.
    pub(super) fn broker(world: &World, answers: Arc<Answers>) -> (Broker, Arc<Mutex<Vec<Url>>>) {
        let asked: Arc<Mutex<Vec<Url>>> = Arc::default();
        let http = Arc::new(Self {
            answers,
            asked: Arc::clone(&asked),
        });
        let broker = Broker::new(BrokerParts {
            http,
            ..world.parts()
        });
        (broker, asked)
    }
}

pub(super) fn document(document: &Value) -> Answer {
    raw(200, document.to_string())
}

pub(super) fn raw(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    (status, Vec::new(), body.into())
}

pub(super) fn with_header(status: u16, name: &str, value: &str) -> Answer {
    (
        status,
        vec![(name.to_owned(), value.to_owned())],
        Vec::new(),
    )
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Net")
    }
}

impl HttpClient for Net {
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        cap: BodyCap,
        reach: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            reach.check(request.url())?;
            self.asked.lock().unwrap().push(request.url().clone());
            let (status, headers, body) = (self.answers)(request.url());
            if body.len() > cap.bytes() {
                let host = request.url().host_str().unwrap().to_owned();
                let cap = cap.bytes();
                return Err(HttpError::TooLarge { host, cap });
            }
            Ok(HttpResponse::new(status, headers, body))
        })
    }
}

/// An error and what is behind it, in words.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        next = cause.source();
    }
    said
}
