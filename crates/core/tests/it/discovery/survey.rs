//! Addresses that no definition speaks of: what is made of what is found there.

use std::collections::BTreeMap;
use std::sync::Arc;

use authkeep_core::{Address, DiscoveryError, Reach, Survey, known_at, name_for};
use authkeep_registry::{OnConflict, Registry};
use serde_json::{Value, json};
use url::Url;

use super::net::{Answer, Net, chain, document, raw, with_header};
use crate::fakes::World;

const MCP: &str = "https://mcp.example.com/mcp";

type Pages = BTreeMap<&'static str, Answer>;

/// What an authorization server says of itself.
fn server(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": "https://login.example.com/authorize",
        "token_endpoint": "https://tokens.example.com/token",
        "registration_endpoint": "https://as.example.com/register",
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
        "scopes_supported": ["admin", "offline_access", "openid"],
    })
}

fn resource(identifier: &str, issuer: &str) -> Answer {
    document(&json!({
        "resource": identifier,
        "authorization_servers": [issuer, "https://second.example.com"],
        "scopes_supported": ["files:read", "not a scope"],
    }))
}

/// An MCP server with everything where the standard wants it.
fn pages() -> Pages {
    BTreeMap::from([
        (
            "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
            resource(MCP, "https://as.example.com"),
        ),
        (
            "https://as.example.com/.well-known/oauth-authorization-server",
            document(&server("https://as.example.com")),
        ),
    ])
}

/// What is found at an address, and who was asked for it.
async fn survey(
    world: &World,
    address: &str,
    pages: Pages,
) -> (Result<Survey, DiscoveryError>, Vec<Url>) {
    let answers = move |url: &Url| {
        let found = pages.get(url.as_str()).cloned();
        found.unwrap_or_else(|| raw(404, Vec::new()))
    };
    let (broker, asked) = Net::broker(world, Arc::new(answers));
    let address = Address::parse(address, Reach::Public).unwrap();
    let found = broker.survey(&address).await;
    let asked = asked.lock().unwrap().clone();
    (found, asked)
}

async fn found(address: &str, pages: Pages) -> Survey {
    survey(&World::new(), address, pages).await.0.unwrap()
}

#[tokio::test]
async fn a_resource_leads_to_its_server_and_to_a_definition() {
    let world = World::new();
    let (survey, asked) = survey(&world, MCP, pages()).await;
    let survey = survey.unwrap();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(survey.issuer(), "https://as.example.com");
    assert_eq!(survey.resource(), Some(MCP));
    assert!(survey.registers_clients());
    assert_eq!(
        survey.origins(),
        [
            "https://as.example.com",
            "https://login.example.com",
            "https://tokens.example.com"
        ]
    );
    let name = "mcp.example.com".parse().unwrap();
    let definition = survey.definition(&name);
    assert_eq!(
        definition,
        json!({
            "schema_version": 2,
            "name": "mcp.example.com",
            "display_name": "mcp.example.com",
            "flows": ["authorization_code"],
            "hosts": ["mcp.example.com/mcp"],
            "oauth": {
                "issuer": "https://as.example.com",
                "resource": MCP,
                "scopes": ["files:read", "offline_access"],
                "client_auth": "body",
                "public_client": true,
            },
            "env": {"MCP_EXAMPLE_COM_ACCESS_TOKEN": "{token}"},
        })
    );
    // It is one that the registry takes, and it is found again.
    let registry = Registry::new(Some(world.home.providers()));
    let address = Address::parse(MCP, Reach::Public).unwrap();
    assert_eq!(known_at(&registry, &address).unwrap(), None);
    let text = definition.to_string();
    registry.register(&text, MCP, OnConflict::Refuse).unwrap();
    assert_eq!(known_at(&registry, &address).unwrap(), Some(name.clone()));
    assert_eq!(survey.known_in(&registry).unwrap(), Some(name));
    let other = Address::parse("https://mcp.example.com/other", Reach::Public).unwrap();
    assert_eq!(known_at(&registry, &other).unwrap(), None);
}

#[tokio::test]
async fn the_address_itself_may_lead_to_its_metadata() {
    let place = "https://docs.example.net/metadata.json";
    let challenge = format!("Bearer scope=\"mcp:use\", resource_metadata=\"{place}\"");
    let mut pages = pages();
    pages.remove("https://mcp.example.com/.well-known/oauth-protected-resource/mcp");
    pages.insert(MCP, with_header(401, "www-authenticate", &challenge));
    pages.insert(
        "https://docs.example.net/metadata.json",
        resource(MCP, "https://as.example.com"),
    );
    let survey = found(MCP, pages).await;
    assert_eq!(survey.resource(), Some(MCP));
    let definition = survey.definition(&"mcp".parse().unwrap());
    // What access needs counts more than what the resource knows.
    assert_eq!(
        definition["oauth"]["scopes"],
        json!(["mcp:use", "offline_access"])
    );
}

#[tokio::test]
async fn the_host_may_speak_for_all_of_itself() {
    let root = "https://mcp.example.com/.well-known/oauth-protected-resource";
    let challenge = format!("Bearer resource_metadata=\"{root}\"");
    for led in [true, false] {
        let mut pages = pages();
        pages.remove("https://mcp.example.com/.well-known/oauth-protected-resource/mcp");
        if led {
            pages.insert(MCP, with_header(401, "www-authenticate", &challenge));
        }
        // With or without the slash at the end.
        let identifier = if led {
            "https://mcp.example.com/"
        } else {
            "https://mcp.example.com"
        };
        pages.insert(
            "https://mcp.example.com/.well-known/oauth-protected-resource",
            resource(identifier, "https://as.example.com"),
        );
        let survey = found(MCP, pages).await;
        assert_eq!(survey.resource(), Some(identifier));
        let definition = survey.definition(&"mcp".parse().unwrap());
        assert_eq!(definition["hosts"], json!(["mcp.example.com"]));
    }
}

#[tokio::test]
async fn an_address_may_be_that_of_the_server() {
    for (address, issuer, place, hosts) in [
        (
            "https://as.example.com",
            "https://as.example.com",
            "https://as.example.com/.well-known/openid-configuration",
            "as.example.com",
        ),
        // An issuer that ends in a slash, typed without.
        (
            "https://as.example.com",
            "https://as.example.com/",
            "https://as.example.com/.well-known/oauth-authorization-server",
            "as.example.com",
        ),
        (
            "https://as.example.com/realms/a",
            "https://as.example.com/realms/a",
            "https://as.example.com/realms/a/.well-known/openid-configuration",
            "as.example.com/realms/a",
        ),
        // A server from before RFC 9728: its host says who gives access.
        (
            "https://as.example.com/mcp",
            "https://as.example.com",
            "https://as.example.com/.well-known/oauth-authorization-server",
            "as.example.com",
        ),
    ] {
        let pages = BTreeMap::from([(place, document(&server(issuer)))]);
        let survey = found(address, pages).await;
        assert_eq!((survey.issuer(), survey.resource()), (issuer, None));
        let definition = survey.definition(&"as".parse().unwrap());
        assert_eq!(definition["hosts"], json!([hosts]), "{address}");
        assert_eq!(
            definition["oauth"]["scopes"],
            json!(["openid", "offline_access"])
        );
    }
}

#[tokio::test]
async fn nobody_speaks_for_what_is_not_theirs() {
    let inserted = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    let metadata = "https://as.example.com/.well-known/oauth-authorization-server";
    let good = "https://as.example.com";
    let mut lies = server(good);
    lies["issuer"] = "https://evil.example".into();
    let mut inside = server(good);
    inside["token_endpoint"] = "https://10.0.0.1/token".into();
    let mut weak = server(good);
    weak["code_challenge_methods_supported"] = json!(["plain"]);
    let led = |to: &str| {
        let challenge = format!("Bearer resource_metadata=\"{to}\"");
        with_header(401, "www-authenticate", &challenge)
    };
    let elsewhere = "https://docs.example.net/metadata.json";
    // What is published, and what is said of it.
    let cases: Vec<(Vec<(&str, Answer)>, &str)> = vec![
        (
            vec![(inserted, resource("https://mcp.example.com", good))],
            "about another server",
        ),
        (
            vec![(inserted, resource("https://evil.example/mcp", good))],
            "about another server",
        ),
        (
            vec![(inserted, resource("https://mcp.example.com/mcp2", good))],
            "about another server",
        ),
        (
            vec![(inserted, document(&json!({"resource": MCP})))],
            "has no `authorization_servers`",
        ),
        (
            vec![(inserted, resource(MCP, "http://as.example.com"))],
            "must be https",
        ),
        (
            vec![(inserted, resource(MCP, "https://127.0.0.1"))],
            "private address",
        ),
        (
            vec![(inserted, resource(MCP, "https://169.254.169.254"))],
            "private address",
        ),
        (
            vec![(inserted, resource(MCP, "javascript:alert(1)"))],
            "must be https",
        ),
        (
            vec![(inserted, resource(MCP, "https://user@as.example.com"))],
            "user name",
        ),
        (
            vec![(inserted, resource(MCP, "https://nobody.example.com"))],
            "nothing is published",
        ),
        (vec![(metadata, document(&lies))], "about another server"),
        (vec![(metadata, document(&inside))], "private address"),
        (vec![(metadata, document(&weak))], "S256"),
        (vec![(metadata, raw(503, Vec::new()))], "cannot answer now"),
        (
            vec![(
                metadata,
                with_header(302, "location", "https://evil.example/"),
            )],
            "another server",
        ),
        // One tenant of a host does not speak for the host, wherever its document is.
        (
            vec![
                (inserted, raw(404, "")),
                (MCP, led(elsewhere)),
                (elsewhere, resource("https://mcp.example.com", good)),
            ],
            "about another server",
        ),
        (
            vec![
                (inserted, raw(404, "")),
                (MCP, led("http://docs.example.net/")),
            ],
            "must be https",
        ),
        (
            vec![
                (inserted, raw(404, "")),
                (MCP, led("https://169.254.169.254/")),
            ],
            "private address",
        ),
        (
            vec![
                (inserted, raw(404, "")),
                (MCP, led("https://metadata.google.internal/")),
            ],
            "local name",
        ),
        (
            vec![(inserted, raw(404, "")), (MCP, raw(200, "{}"))],
            "nothing is published there",
        ),
    ];
    let count = cases.len();
    for (changes, why) in cases {
        let mut pages = pages();
        for (place, answer) in &changes {
            let place: &'static str = Box::leak((*place).to_owned().into_boxed_str());
            pages.insert(place, answer.clone());
        }
        let world = World::new();
        let (found, asked) = survey(&world, MCP, pages).await;
        let said = chain(&found.unwrap_err());
        assert!(said.contains(why), "{why}: {said}");
        let known = [
            "mcp.example.com",
            "as.example.com",
            "docs.example.net",
            "nobody.example.com",
        ];
        let strangers = asked
            .iter()
            .filter(|url| !known.contains(&url.host_str().unwrap()) || url.scheme() != "https");
        assert_eq!(strangers.count(), 0, "{why}: {asked:?}");
    }
    // The negative control: unchanged, the same pages are good.
    assert!(survey(&World::new(), MCP, pages()).await.0.is_ok());
    println!(
        "figure: {count} lies of a resource or its server: 0 believed, 0 requests to a stranger"
    );
}

#[test]
fn only_this_machine_is_private_without_being_said() {
    for (text, reach, local) in [
        ("https://mcp.example.com", Reach::Public, Some(false)),
        ("http://127.0.0.1:8080/mcp", Reach::Public, Some(true)),
        ("http://localhost:3000", Reach::Public, Some(true)),
        ("https://[::1]/", Reach::Public, Some(true)),
        ("https://10.0.0.1/mcp", Reach::Public, None),
        ("https://10.0.0.1/mcp", Reach::Anywhere, Some(true)),
        ("https://intranet/mcp", Reach::Public, None),
        ("https://intranet/mcp", Reach::Anywhere, Some(true)),
        ("https://169.254.169.254/", Reach::Public, None),
        ("http://mcp.example.com/", Reach::Public, None),
        ("http://10.0.0.1/", Reach::Anywhere, None),
        ("https://me:secret@mcp.example.com/", Reach::Public, None),
        ("file:///etc/passwd", Reach::Public, None),
        (
            "https://mcp.example.com\\@evil.example/",
            Reach::Public,
            None,
        ),
    ] {
        let address = Address::parse(text, reach);
        let is_local = address.as_ref().ok().map(Address::is_local);
        assert_eq!(is_local, local, "{text}: {address:?}");
    }
}

#[test]
fn a_name_is_the_host_until_that_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(folder.path().to_owned()));
    let address = Address::parse("https://mcp.example.com:8443/a/b%20c/", Reach::Public).unwrap();
    for expected in [
        "mcp.example.com",
        "mcp.example.com-8443",
        "mcp.example.com-8443-a-b-20c",
        "mcp.example.com-8443-2",
        "mcp.example.com-8443-3",
    ] {
        let name = name_for(&registry, &address).unwrap();
        assert_eq!(name.as_str(), expected);
        // One that cannot be read takes its name all the same.
        std::fs::write(folder.path().join(format!("{name}.json")), "broken").unwrap();
    }
    let six = Address::parse("http://[::1]:8080/", Reach::Public).unwrap();
    assert_eq!(name_for(&registry, &six), None);
    let long = format!("https://{}.example.com/", "a".repeat(60));
    let long = Address::parse(&long, Reach::Public).unwrap();
    assert_eq!(name_for(&registry, &long), None);
}
