//! Twenty thousand broken documents of servers and resources, and as many broken challenges.

use authkeep_flows::HttpResponse;
use authkeep_flows::metadata::{
    read_resource_challenge, read_resource_metadata, read_server_metadata,
};
use serde_json::{Value, json};
use url::Url;

use crate::random::Random;

const EACH: usize = 10_000;
const ISSUER: &str = "https://as.test/tenant";
const RESOURCE: &str = "https://rs.test/mcp";

fn server() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.test/authorize",
        "token_endpoint": "https://as.test/token",
        "registration_endpoint": "https://as.test/register",
        "revocation_endpoint": "https://as.test/revoke",
        "code_challenge_methods_supported": ["S256", "plain"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": ["a", "b"],
    })
}

fn resource() -> Value {
    json!({"resource": RESOURCE, "authorization_servers": [ISSUER], "scopes_supported": ["a"]})
}

/// The document with a value put in place of another, or bytes of its text changed.
fn broken(random: &mut Random, document: &Value) -> Vec<u8> {
    let values = [
        json!(null),
        json!(true),
        json!(7),
        json!([]),
        json!({}),
        json!(["plain"]),
        json!([null]),
        json!("https://evil.test/x"),
        json!("http://as.test/x"),
        json!("javascript:alert(1)"),
        json!("https://as.test/tenant/"),
        json!("\u{202e}\u{1b}[2J"),
        json!("a".repeat(5_000)),
    ];
    let mut document = document.clone();
    let names: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
    for _ in 0..random.below(3) {
        document[random.pick(&names)] = random.pick(&values);
    }
    let mut text = document.to_string().into_bytes();
    for _ in 0..random.below(3) {
        let at = random.below(text.len());
        match random.below(3) {
            0 => text[at] = random.pick(b"\"{}[],:\\\0\xff/x"),
            1 if text.len() > 1 => drop(text.remove(at)),
            _ => text.truncate(at.max(1)),
        }
    }
    text
}

fn rule(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let good = url.scheme() == "https" && url.host_str() == Some("as.test");
    good.then_some(url).ok_or_else(|| "is not good".to_owned())
}

#[test]
fn no_broken_document_gets_past_the_checks() {
    let mut random = Random::new(8414);
    let (mut taken, mut careless) = (0, 0);
    for _ in 0..EACH {
        let body = broken(&mut random, &server());
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        // Who would look at nothing would take these too.
        careless += usize::from(parsed.is_some_and(|document| document["issuer"] != ISSUER));
        let response = HttpResponse::new(200, Vec::new(), body);
        if let Ok(metadata) = read_server_metadata(&response, &[ISSUER], &rule) {
            taken += 1;
            assert_eq!(metadata.issuer, ISSUER);
            let endpoints = [
                metadata.authorization_endpoint,
                metadata.registration_endpoint,
                metadata.revocation_endpoint,
                Some(metadata.token_endpoint),
            ];
            for endpoint in endpoints.into_iter().flatten() {
                assert!(rule(endpoint.as_str()).is_ok(), "{endpoint}");
            }
        }
    }
    assert!(
        taken > EACH / 10 && careless > EACH / 100,
        "{taken} {careless}"
    );
    println!(
        "figure: {EACH} broken documents of a server: {taken} still in order, {careless} about another server, none of those taken"
    );
    for _ in 0..EACH {
        let body = broken(&mut random, &resource());
        let response = HttpResponse::new(200, Vec::new(), body);
        if let Ok(metadata) = read_resource_metadata(&response, &[RESOURCE]) {
            assert_eq!(metadata.resource, RESOURCE);
            assert!(!metadata.authorization_servers.is_empty());
        }
    }
}

#[test]
fn no_challenge_makes_the_reader_panic() {
    let mut random = Random::new(9728);
    let good =
        format!("Basic realm=\"a \\\" b\", Bearer scope=\"a b\", resource_metadata=\"{RESOURCE}\"");
    let mut found = 0;
    for _ in 0..EACH {
        let mut header: Vec<char> = good.chars().collect();
        for _ in 0..random.below(4) {
            let at = random.below(header.len());
            match random.below(3) {
                0 => header[at] = random.pick(&['"', '\\', ',', '=', ' ', '\t', '\u{e9}', '\0']),
                1 if header.len() > 1 => drop(header.remove(at)),
                _ => header.truncate(at.max(1)),
            }
        }
        let header: String = header.into_iter().collect();
        let headers = vec![("www-authenticate".to_owned(), header)];
        let challenge = read_resource_challenge(&HttpResponse::new(401, headers, Vec::new()));
        found += usize::from(challenge.metadata.as_deref() == Some(RESOURCE));
    }
    assert!(found > EACH / 10, "{found}");
}
