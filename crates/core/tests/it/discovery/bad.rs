//! Metadata as a malicious or broken server may publish it: nothing of it is used, and nobody else is asked.

use std::sync::{Arc, Mutex};

use authkeep_core::{Broker, LoginError};
use serde_json::{Value, json};
use url::Url;

use super::net::{Answers, Net, chain, document, with_header};
use crate::fakes::{FakePerson, World, request};

const ISSUER: &str = "https://as.example.com";

struct Case {
    name: String,
    answers: Arc<Answers>,
    /// What the error says.
    why: &'static str,
    /// Whether somebody who looks at nothing would go on with it.
    tempting: bool,
}

fn good() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example.com/authorize",
        "token_endpoint": "https://as.example.com/token",
        "code_challenge_methods_supported": ["S256"],
    })
}

/// Good metadata with one field changed.
fn changed(field: &'static str, value: Value, why: &'static str) -> Case {
    let mut metadata = good();
    metadata[field] = value;
    Case {
        name: format!("{field}: {}", metadata[field]),
        answers: Arc::new(move |_| document(&metadata)),
        why,
        tempting: true,
    }
}

/// The same answer whatever is asked for.
fn raw(name: &str, status: u16, bytes: Vec<u8>, why: &'static str) -> Case {
    Case {
        name: name.to_owned(),
        answers: Arc::new(move |_| super::net::raw(status, bytes.clone())),
        why,
        tempting: false,
    }
}

/// A redirect to an address where good metadata is.
fn redirected(to: &'static str, why: &'static str) -> Case {
    Case {
        name: format!("redirect to {to}"),
        answers: Arc::new(move |url| {
            if url.as_str().contains("/.well-known/") {
                with_header(302, "location", to)
            } else {
                document(&good())
            }
        }),
        why,
        tempting: true,
    }
}

/// So many redirects within the server, and then good metadata.
fn led_on(times: usize) -> Case {
    Case {
        name: format!("{times} redirects"),
        answers: Arc::new(move |url| {
            let at = url.query().and_then(|at| at.parse().ok()).unwrap_or(0);
            if at < times {
                with_header(307, "location", &format!("?{}", at + 1))
            } else {
                document(&good())
            }
        }),
        why: "redirects more than 3 times",
        tempting: true,
    }
}

fn cases() -> Vec<Case> {
    let (token, authorize) = ("token_endpoint", "authorization_endpoint");
    let mut cases = vec![
        // Another server's.
        changed(
            "issuer",
            json!("https://evil.example"),
            "about another server",
        ),
        changed(
            "issuer",
            json!("https://as.example.com/"),
            "about another server",
        ),
        changed(
            "issuer",
            json!("https://AS.example.com"),
            "about another server",
        ),
        changed(
            "issuer",
            json!("https://as.example.com:443"),
            "about another server",
        ),
        changed(
            "issuer",
            json!("https://as.example.com.evil.example"),
            "about another server",
        ),
        changed("issuer", Value::Null, "has no `issuer`"),
        changed("issuer", json!([ISSUER]), "wrong type"),
        // Addresses that nobody could write into a definition.
        changed(token, json!("http://as.example.com/token"), "must be https"),
        changed(
            token,
            json!("https://user@as.example.com/token"),
            "user name or password",
        ),
        changed(
            token,
            json!("https://as.example.com@evil.example/"),
            "user name or password",
        ),
        changed(
            token,
            json!("https://as.example.com\\@evil.example/"),
            "does not belong in a URL",
        ),
        changed(token, json!("https://as.example.com/token#x"), "fragment"),
        changed(token, json!("https://10.0.0.1/token"), "private address"),
        changed(
            token,
            json!("https://169.254.169.254/latest/meta-data/"),
            "private address",
        ),
        changed(
            token,
            json!("https://[::ffff:127.0.0.1]/token"),
            "private address",
        ),
        changed(token, json!("https://2130706433/token"), "private address"),
        changed(
            token,
            json!("https://metadata.google.internal/token"),
            "local name",
        ),
        changed(token, json!("https://localhost/token"), "local name"),
        changed(token, json!("//evil.example/token"), "is not a URL"),
        changed(token, json!("https:evil.example/token"), "two slashes"),
        changed(token, json!(""), "is not a URL"),
        changed(authorize, json!("javascript:alert(1)"), "must be https"),
        changed(authorize, json!("file:///etc/passwd"), "must be https"),
        changed(authorize, json!("data:text/html,x"), "must be https"),
        changed(
            authorize,
            json!("http://as.example.com/authorize"),
            "must be https",
        ),
        changed(
            "registration_endpoint",
            json!("https://192.168.1.1/register"),
            "private address",
        ),
        changed(
            "revocation_endpoint",
            json!("http://as.example.com/revoke"),
            "must be https",
        ),
        changed(
            "device_authorization_endpoint",
            json!("ftp://as.example.com/"),
            "must be https",
        ),
        changed(
            "registration_endpoint",
            json!(format!("https://as.example.com/{}", "a".repeat(4000))),
            "longer than",
        ),
        // Weak, or of the wrong kind.
        changed("code_challenge_methods_supported", json!(["plain"]), "S256"),
        changed("code_challenge_methods_supported", json!([]), "S256"),
        changed(
            "code_challenge_methods_supported",
            json!("S256"),
            "wrong type",
        ),
        changed("scopes_supported", json!("a b"), "wrong type"),
        changed(
            "authorization_response_iss_parameter_supported",
            json!("yes"),
            "wrong type",
        ),
        // Elsewhere.
        redirected(
            "https://evil.example/metadata",
            "not taken from another server",
        ),
        redirected(
            "http://as.example.com/metadata",
            "not taken from another server",
        ),
        redirected(
            "https://as.example.com:8443/metadata",
            "not taken from another server",
        ),
        redirected("//evil.example/metadata", "not taken from another server"),
        redirected(
            "https://x@as.example.com/metadata",
            "not taken from another server",
        ),
        redirected("https://169.254.169.254/", "not taken from another server"),
        led_on(4),
        led_on(1000),
        // Nothing at all, or something else.
        raw("404", 404, Vec::new(), "nothing is published there"),
        raw("401", 401, b"{}".into(), "nothing is published there"),
        raw("empty", 200, Vec::new(), "it is empty"),
        raw(
            "web page",
            200,
            b"<!doctype html><h1>Hi</h1>".into(),
            "it is a web page",
        ),
        raw("list", 200, b"[]".into(), "not a JSON object"),
        raw(
            "cut off",
            200,
            b"{\"issuer\":\"https://as.ex".into(),
            "not a JSON object",
        ),
        raw(
            "not UTF-8",
            200,
            b"{\"issuer\":\"\xff\"}".into(),
            "not a JSON object",
        ),
        raw("503", 503, b"<html>".into(), "cannot answer now"),
        raw("429", 429, Vec::new(), "cannot answer now"),
    ];
    let mut without = good();
    without["token_endpoint"].take();
    let without = document(&without).2;
    cases.push(raw(
        "no token endpoint",
        200,
        without,
        "has no `token_endpoint`",
    ));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    cases.push(raw(
        "100,000 deep",
        200,
        deep.into_bytes(),
        "not a JSON object",
    ));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    cases.push(raw("100 deep", 200, deep.into_bytes(), "nested too deeply"));
    let mut large = good();
    large["x"] = "a".repeat(2 * 1024 * 1024).into();
    let answer = document(&large);
    cases.push(Case {
        tempting: true,
        ..raw("2 MiB", 200, answer.2, "more than 1048576 bytes")
    });
    cases
}

/// A world with a definition that names the issuer only, and one case for its network.
fn world(case: &Case) -> (World, Broker, Arc<Mutex<Vec<Url>>>) {
    let world = World::new();
    world.define(&json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme",
        "flows": ["authorization_code"],
        "hosts": ["api.example.com"],
        "oauth": { "issuer": ISSUER, "client_auth": "none" },
    }));
    let (broker, asked) = Net::broker(&world, Arc::clone(&case.answers));
    (world, broker, asked)
}

/// The product with the checks off: follows every redirect, and takes what it gets for what it asked for.
fn careless(case: &Case) -> Option<Value> {
    let mut url = Url::parse(ISSUER).unwrap();
    url.set_path("/.well-known/oauth-authorization-server");
    for _ in 0..2000 {
        let (status, headers, body) = (case.answers)(&url);
        match status {
            200 => {
                return serde_json::from_slice(&body)
                    .ok()
                    .filter(|d: &Value| d.is_object());
            }
            300..400 => url = url.join(&headers.first()?.1).ok()?,
            _ => return None,
        }
    }
    None
}

#[tokio::test]
async fn bad_metadata_is_named_and_leads_nowhere() {
    let (mut typed, mut tempted) = (0, 0);
    for case in cases() {
        let (_world, broker, asked) = world(&case);
        let person = FakePerson::idle();
        let error = broker.login(&request(), &person).await.unwrap_err();
        let name = &case.name;
        assert!(
            matches!(&error, LoginError::Discovery { .. } | LoginError::Http(_)),
            "{name}: {error:?}"
        );
        let said = chain(&error);
        assert!(said.contains(case.why), "{name}: {said}");
        assert!(
            !said.contains("\\u{1b}") && said.len() < 1000,
            "{name}: {said}"
        );
        typed += 1;
        let asked = asked.lock().unwrap();
        let own = |url: &Url| url.origin() == Url::parse(ISSUER).unwrap().origin();
        assert!(asked.iter().all(own), "{name}: {asked:?}");
        assert!(asked.len() <= 8, "{name}: {} questions", asked.len());
        assert!(person.urls().is_empty(), "{name}: a browser was opened");
        // The negative control: somebody who does not look is had.
        let is_had = careless(&case).is_some();
        assert!(is_had || !case.tempting, "{name}");
        tempted += usize::from(case.tempting);
    }
    println!(
        "figure: {typed} bad documents: {typed} typed errors, 0 requests to another server, 0 browsers opened; \
         without the checks {tempted} of them are taken"
    );
}

#[tokio::test]
async fn the_same_network_with_good_metadata_leads_to_a_browser() {
    for times in [0, 3] {
        let case = led_on(times);
        let (_world, broker, asked) = world(&case);
        let person = FakePerson::idle();
        let soon = authkeep_core::LoginRequest {
            patience: Some(std::time::Duration::from_millis(20)),
            ..request()
        };
        let error = broker.login(&soon, &person).await.unwrap_err();
        assert!(matches!(error, LoginError::Loopback(_)), "{error:?}");
        assert!(person.urls()[0].starts_with("https://as.example.com/authorize?"));
        assert_eq!(asked.lock().unwrap().len(), times + 1);
    }
}
