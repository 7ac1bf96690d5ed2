//! Registration endpoints that answer anything but what was asked for.

use authkeep_core::{HttpError, LoginError};
use authkeep_flows::RegistrationError;
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{Client, Framing, Scripted};
use serde_json::{Value, json};

use super::{anybody, confidential, kept, log_in, world};
use crate::fakes::{CONNECTION, FakePerson, World, answer};

/// What one answer leads to, when it may lead to no login.
async fn refused_by(world: &World, fault: Scripted) -> LoginError {
    world.server.script("/register", vec![fault]);
    let person = FakePerson::approving();
    let error = world.broker().login(&anybody(), &person).await.unwrap_err();
    assert_eq!(person.urls(), [] as [String; 0], "no browser is opened");
    assert_eq!(world.server.count("/register"), 1, "asked once: {error:?}");
    assert!(kept(world).is_null() && world.stored(CONNECTION).is_null());
    error
}

fn created(body: Value) -> Scripted {
    answer(201, "application/json", body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_registration_ends_the_login_before_a_browser_opens() {
    let secret = canary();
    let malformed: [(Scripted, &str); 8] = [
        (
            created(json!({ "client_id": "a", "redirect_uris": ["https://evil.test/callback"] })),
            "other redirect URIs",
        ),
        (
            created(
                json!({ "client_id": "a", "token_endpoint_auth_method": "client_secret_basic" }),
            ),
            "got none",
        ),
        (
            created(
                json!({ "client_id": "a", "client_secret": secret, "client_secret_expires_at": 1 }),
            ),
            "run out already",
        ),
        (
            created(json!({ "client_id": "a", "token_endpoint_auth_method": "private_key_jwt" })),
            "not supported",
        ),
        (
            created(json!({ "client_id": "a\r\nx: y" })),
            "not plain text",
        ),
        (created(json!({})), "no client id"),
        (answer(200, "text/html", "<html>"), "not a JSON object"),
        (
            created(json!({ "client_id": "a", "grant_types": ["implicit"] })),
            "the grant that was asked for",
        ),
    ];
    let figures = malformed.len() + 5;
    for (fault, why) in malformed {
        let error = refused_by(&world(), fault).await;
        let LoginError::Registration { source, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().contains(why), "{source}");
        assert_eq!(
            Scanner::new(&[&secret]).scan(format!("{error:?}").as_bytes()),
            []
        );
    }
    let huge = refused_by(&world(), Scripted::Huge(10 * 1024 * 1024, Framing::Chunked)).await;
    assert!(
        matches!(huge, LoginError::Http(HttpError::TooLarge { .. })),
        "{huge:?}"
    );

    let elsewhere = world();
    let to = format!("{}/register", elsewhere.server.url());
    let redirected = refused_by(&world(), Scripted::Redirect(307, to)).await;
    assert!(
        matches!(redirected, LoginError::Registration { .. }),
        "{redirected:?}"
    );
    assert_eq!(
        elsewhere.server.log().len(),
        0,
        "redirects are not followed"
    );

    let silent = refused_by(&world(), Scripted::Drop).await;
    assert!(
        matches!(silent, LoginError::Http(HttpError::Exchange { .. })),
        "{silent:?}"
    );

    let busy = refused_by(&world(), answer(503, "text/plain", "later")).await;
    let passing = matches!(&busy, LoginError::Registration { source, .. } if source.may_pass());
    assert!(passing, "{busy:?}");

    let closed = json!({ "error": "access_denied", "error_description": "ask us first" });
    let closed = refused_by(&world(), answer(403, "application/json", closed)).await;
    assert!(
        matches!(
            &closed,
            LoginError::Registration {
                source: RegistrationError::Refused { status: 403, .. },
                ..
            }
        ),
        "{closed:?}"
    );
    println!("figure: {figures} of {figures} odd answers end the login, 0 browsers, 0 records");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_not_https_or_not_public_is_never_asked() {
    let world = world();
    let mut definition = world.definition();
    definition["local"] = false.into();
    definition["hosts"] = json!(["api.acme.test"]);
    definition["whoami"] = Value::Null;
    for (name, url) in [
        ("authorization_url", "https://acme.test/authorize"),
        ("token_url", "https://acme.test/token"),
        ("revocation_url", "https://acme.test/revoke"),
        ("issuer", "https://acme.test"),
    ] {
        definition["oauth"][name] = url.into();
    }
    let tls = world.server.url().replace("http:", "https:");
    let endpoints = [
        format!("{}/register", world.server.url()),
        format!("{tls}/register"),
        "http://acme.test/register".to_owned(),
        "https://user@acme.test/register".to_owned(),
        "https://169.254.169.254/register".to_owned(),
    ];
    for endpoint in &endpoints {
        definition["oauth"]["registration_url"] = endpoint.as_str().into();
        world.define(&definition);
        let person = FakePerson::approving();
        let error = world.broker().login(&anybody(), &person).await.unwrap_err();
        let named = matches!(&error, LoginError::Registry(why) if format!("{why:?}").contains("registration_url"));
        assert!(named, "{endpoint}: {error:?}");
    }
    assert_eq!(world.server.log().len(), 0);
    // The negative control: the first of them, where the definition is marked local.
    world.define(&world.definition());
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 1);
    println!(
        "figure: {} of {} forbidden endpoints are never asked",
        endpoints.len(),
        endpoints.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_clients_id_takes_that_clients_secret_nowhere() {
    // An honest server, where a client with a secret is registered …
    let honest = confidential();
    log_in(&honest).await;
    let theirs = kept(&honest);
    let id = theirs["client_id"].as_str().unwrap();
    let secret = theirs["client_secret"].as_str().unwrap();
    // … and one that answers with that client's id, as a provider of the same profile.
    let world = world();
    world.put("profile:default:honest:registration", &theirs);
    world.server.script(
        "/register",
        vec![created(
            json!({ "client_id": id, "token_endpoint_auth_method": "none" }),
        )],
    );
    let person = FakePerson::idle();
    let impatient = authkeep_core::LoginRequest {
        patience: Some(std::time::Duration::from_millis(300)),
        ..anybody()
    };
    drop(world.broker().login(&impatient, &person).await.unwrap_err());
    let seen = format!("{:?}{:?}", world.server.log(), person.urls());
    assert!(
        person.urls()[0].contains(id),
        "the id is used, for it is what was answered"
    );
    assert_eq!(Scanner::new(&[secret]).scan(seen.as_bytes()), []);
    assert!(world.stored("profile:default:honest:registration") == theirs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_authenticate_is_the_one_that_was_answered() {
    // Public clients are asked for, and the server makes one with a secret.
    let secret = canary();
    let options = authkeep_testkit::oauth_server::ServerOptions {
        registration: true,
        clients: vec![Client::post("made", &secret)],
        ..Default::default()
    };
    let world = World::with(options);
    let mut definition = world.definition();
    definition["oauth"]["client_auth"] = "none".into();
    definition["oauth"]["public_client"] = true.into();
    world.define(&definition);
    world.server.script(
        "/register",
        vec![created(json!({
            "client_id": "made", "client_secret": secret, "client_secret_expires_at": 0,
            "token_endpoint_auth_method": "client_secret_post", "registration_access_token": canary(),
        }))],
    );
    let broker = log_in(&world).await;
    world.clock.advance(3_600);
    broker.resolve(&crate::fakes::target(), None).await.unwrap();
    let log = world.server.log();
    let requests: Vec<_> = log.iter().filter(|seen| seen.path == "/token").collect();
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|seen| seen.field("client_secret") == Some(&secret))
    );
}
