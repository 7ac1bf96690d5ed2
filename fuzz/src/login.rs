//! A login that waits for its callback, and another one when it is over.

use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use authkeep_audit::AuditLog;
use authkeep_core::{
    AskError, BodyCap, BoxFuture, Broker, BrokerParts, BrowserUrl, Event, FieldRequest, Home,
    HttpClient, HttpError, Interaction, Launch, LoginRequest, ProfileName, Reach, Replace,
    Supplied, SystemClock,
};
use authkeep_flows::{HttpRequest, HttpResponse};
use authkeep_registry::Registry;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::known_bytes;

/// Logs in again and again on a thread of its own, and announces each redirect address. No login succeeds: nobody
/// answers the token request.
pub fn endless_logins() -> Receiver<Url> {
    let (announce, announced) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let broker = broker(&folder.path().join("home")).expect("a broker");
        let person = Person(announce);
        runtime.block_on(async {
            loop {
                let error = broker.login(&request(), &person).await;
                crate::check(&error.expect_err("no tokens"));
            }
        });
    });
    announced
}

fn request() -> LoginRequest {
    LoginRequest {
        provider: "acme".parse().expect("a name"),
        connection: "default".parse().expect("a name"),
        flow: None,
        scopes: None,
        params: Default::default(),
        client_id: Some("client".to_owned()),
        replace: Replace::Always,
        supplied: Supplied::default(),
        patience: Some(Duration::from_secs(24 * 3600)),
    }
}

fn broker(home: &std::path::Path) -> Result<Broker, Box<dyn Error>> {
    let home = Home::open_or_create(home)?;
    std::fs::create_dir_all(home.providers())?;
    let definition = json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["authorization_code"],
        "hosts": ["api.acme.test"],
        "oauth": {
            "issuer": "https://acme.test", "authorization_url": "https://acme.test/authorize",
            "token_url": "https://acme.test/token", "client_auth": "none",
        },
    });
    std::fs::write(home.providers().join("acme.json"), definition.to_string())?;
    let profile = ProfileName::default();
    Ok(Broker::new(BrokerParts {
        registry: Arc::new(Registry::new(Some(home.providers()))),
        store: Arc::new(home.open_or_create_vault(&profile, known_bytes)?),
        audit: Arc::new(AuditLog::new(home.audit_log())),
        profile,
        clock: Arc::new(SystemClock),
        entropy: known_bytes,
        http: Arc::new(Nobody),
    }))
}

/// Announces where the browser would come back to.
#[derive(Debug)]
struct Person(Sender<Url>);

impl Interaction for Person {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        let url = Url::parse(url.as_str()).expect("an authorization URL");
        let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri");
        let redirect = Url::parse(&redirect.expect("a redirect URI").1).expect("a URL");
        self.0.send(redirect).expect("the target listens");
        Launch::Started
    }

    fn ask<'a>(&'a self, _: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        Box::pin(async { Err(AskError::NotPossible) })
    }

    fn tell(&self, _: &Event) {}
}

/// A network without servers.
#[derive(Debug)]
struct Nobody;

impl HttpClient for Nobody {
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        _: BodyCap,
        _: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let why = "there is no network".to_owned();
        Box::pin(async { Err(HttpError::Connect { host, why }) })
    }
}
