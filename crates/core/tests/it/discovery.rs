//! Logins whose definition names an issuer and leaves the endpoints to it.

mod bad;
mod net;
mod nowhere;
mod survey;

use authkeep_core::{Broker, HttpError, LoginError, LoginRequest, Replace};
use authkeep_registry::Flow;
use authkeep_testkit::oauth_server::{
    Client, ClientGrant, Framing, IssParam, Pkce, Scripted, ServerOptions, Switch,
};
use serde_json::{Value, json};

use crate::fakes::{FakePerson, World, answer, request, target, token};

const PLACE: &str = "/.well-known/oauth-authorization-server";

/// A server whose definition names the issuer and nothing else.
fn world_with(options: ServerOptions) -> World {
    let world = World::with(options);
    world.define(&world.server.issuer_definition("acme"));
    world
}

fn world() -> World {
    world_with(ServerOptions::default())
}

async fn log_in(world: &World, request: &LoginRequest) -> Result<Broker, LoginError> {
    let broker = world.broker();
    let person = FakePerson::approving();
    let outcome = broker.login(request, &person).await;
    person.come_back();
    outcome.map(|_| broker)
}

/// What `GET`s of metadata there were.
fn discoveries(world: &World) -> usize {
    let log = world.server.log();
    let asked = |path: &str| path.starts_with("/.well-known/");
    log.iter().filter(|seen| asked(&seen.path)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_issuer_is_asked_once_and_never_again() {
    let world = world();
    let broker = log_in(&world, &request()).await.unwrap();
    assert_eq!(discoveries(&world), 1);
    let connection = broker.show(&target()).unwrap();
    assert!(world.server.token_is_active(&token(&broker, connection)));

    // Whoever takes the metadata over later gets nothing that was stored before.
    let evil = World::new();
    let lie = json!({
        "issuer": world.server.url(),
        "authorization_endpoint": format!("{}/authorize", evil.server.url()),
        "token_endpoint": format!("{}/token", evil.server.url()),
        "revocation_endpoint": format!("{}/revoke", evil.server.url()),
    });
    let lie = Scripted::Garbage(lie.to_string().into_bytes());
    world.server.script(PLACE, vec![lie; 9]);
    world.clock.advance(3_600);
    let connection = broker.resolve(&target(), None).await.unwrap();
    let live = token(&broker, connection);
    assert!(world.server.token_is_active(&live));
    broker.logout(&target()).await.unwrap();
    assert!(
        !world.server.token_is_active(&live),
        "revoked where it was issued"
    );
    assert_eq!(evil.server.log(), []);
    assert_eq!(discoveries(&world), 1);

    // The negative control: who logs in anew asks anew, and goes where it says.
    let person = FakePerson::idle();
    let soon = LoginRequest {
        patience: Some(std::time::Duration::from_millis(50)),
        ..request()
    };
    broker.login(&soon, &person).await.unwrap_err();
    assert!(person.urls()[0].starts_with(&evil.server.url()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_definition_names_wins() {
    let world = world();
    let mut definition = world.server.issuer_definition("acme");
    let elsewhere = "http://127.0.0.1:9/elsewhere";
    definition["oauth"]["authorization_url"] = elsewhere.into();
    world.define(&definition);
    let person = FakePerson::idle();
    let soon = LoginRequest {
        patience: Some(std::time::Duration::from_millis(50)),
        ..request()
    };
    world.broker().login(&soon, &person).await.unwrap_err();
    assert!(
        person.urls()[0].starts_with(elsewhere),
        "{:?}",
        person.urls()
    );
    // With its token endpoint nothing is left to ask for.
    definition["oauth"]["token_url"] = format!("{}/token", world.server.url()).into();
    world.define(&definition);
    let before = discoveries(&world);
    world.broker().login(&soon, &person).await.unwrap_err();
    assert_eq!((before, discoveries(&world)), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_is_edited_later_redirects_nothing() {
    let world = world();
    let broker = log_in(&world, &request()).await.unwrap();
    let evil = World::new();
    let mut edited = world.server.issuer_definition("acme");
    edited["oauth"]["token_url"] = format!("{}/token", evil.server.url()).into();
    world.define(&edited);
    world.clock.advance(3_600);
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(format!("{error:?}").contains("Moved"), "{error:?}");
    assert_eq!(evil.server.log(), []);
    // Another issuer changes nothing for this login: it is renewed where it was made.
    let mut edited = world.server.issuer_definition("acme");
    edited["oauth"]["issuer"] = evil.server.url().into();
    world.define(&edited);
    broker.renew(&target()).await.unwrap();
    assert_eq!(evil.server.log(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_names_itself_is_held_to_it() {
    // Advertised, sent, whether the login succeeds.
    for (advertised, sent, good) in [
        (Some(true), IssParam::Right, true),
        (Some(true), IssParam::Absent, false),
        (Some(true), IssParam::Wrong, false),
        (Some(false), IssParam::Absent, true),
        (Some(false), IssParam::Wrong, false),
        (None, IssParam::Absent, true),
    ] {
        let world = world_with(ServerOptions {
            issuer_param: sent,
            issuer_param_advertised: advertised,
            ..ServerOptions::default()
        });
        let outcome = log_in(&world, &request()).await;
        assert_eq!(outcome.is_ok(), good, "{advertised:?} {sent:?}");
        if let Err(error) = outcome {
            assert!(matches!(error, LoginError::WrongIssuer { .. }), "{error:?}");
            assert_eq!(world.token_requests(), 0, "the code went nowhere");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_s256_is_not_logged_in_to() {
    let world = world();
    world.server.set(Switch::Pkce(Pkce::PlainOnly));
    let person = FakePerson::idle();
    let error = world.broker().login(&request(), &person).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("PkceUnsupported"),
        "{error:?}"
    );
    assert!(person.urls().is_empty(), "no browser was opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_metadata_will_do() {
    let world = world();
    let issuer = world.server.url();
    let metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
    });
    for nothing in [
        answer(404, "text/html", "<h1>404</h1>"),
        answer(200, "text/html", "<!doctype html>"),
        Scripted::Redirect(302, "https://www.example.com/".to_owned()),
    ] {
        world.server.script(PLACE, vec![nothing]);
        let document = answer(200, "application/json", metadata.clone());
        let openid = "/.well-known/openid-configuration";
        world.server.script(openid, vec![document]);
        log_in(&world, &request()).await.unwrap();
    }
    // Up to three redirects lead on within the server.
    let moved = |to: &str| Scripted::Redirect(308, to.to_owned());
    world.server.script(PLACE, vec![moved("/one")]);
    world.server.script("/one", vec![moved("/two?x=1")]);
    world.server.script("/two", vec![moved(PLACE)]);
    log_in(&world, &request()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_may_be_larger_than_a_token_and_not_without_end() {
    let world = world();
    let issuer = world.server.url();
    let padded = |length: usize| {
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "x-padding": "a".repeat(length),
        });
        answer(200, "application/json", metadata)
    };
    for endless in [
        padded(1024 * 1024),
        Scripted::Huge(1 << 30, Framing::Chunked),
        Scripted::Huge(1 << 30, Framing::ContentLength),
    ] {
        world.server.script(PLACE, vec![endless.clone()]);
        let error = log_in(&world, &request()).await.unwrap_err();
        assert!(
            matches!(
                error,
                LoginError::Http(HttpError::TooLarge { cap: 1_048_576, .. })
            ),
            "{endless:?}: {error:?}"
        );
    }
    // The negative control: four times what a token response may have, and it is taken.
    world.server.script(PLACE, vec![padded(256 * 1024)]);
    log_in(&world, &request()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_finds_its_endpoint_and_names_the_resource() {
    let options = ServerOptions {
        resource: Some("/mcp".to_owned()),
        registration: true,
        clients: vec![Client::post(
            "machine",
            "cnry_5e4d0c8fd7b94bd0a7c6ff1ddbb05d3a",
        )],
        client_grant: Some(ClientGrant::standard()),
        device_interval: 1,
        ..ServerOptions::default()
    };
    let world = world_with(options);
    let mut definition = world.server.issuer_definition("acme");
    let flows = ["authorization_code", "device_code", "client_credentials"];
    definition["flows"] = json!(flows);
    definition["oauth"]["public_client"] = true.into();
    world.define(&definition);
    let asked = |flow: Option<Flow>, machine: bool| LoginRequest {
        flow,
        client_id: machine.then(|| "machine".to_owned()),
        supplied: authkeep_core::Supplied(
            machine
                .then(|| {
                    let secret = "cnry_5e4d0c8fd7b94bd0a7c6ff1ddbb05d3a";
                    ("client_secret".to_owned(), secret.to_owned().into())
                })
                .into_iter()
                .collect(),
        ),
        replace: Replace::Always,
        ..request()
    };
    for request in [
        asked(None, false),
        asked(Some(Flow::ClientCredentials), true),
    ] {
        let broker = log_in(&world, &request).await.unwrap();
        world.clock.advance(3_600);
        broker.resolve(&target(), None).await.unwrap();
    }
    let resource = format!("{}/mcp", world.server.url());
    let log = world.server.log();
    let tokens: Vec<_> = log.iter().filter(|seen| seen.path == "/token").collect();
    assert_eq!(tokens.len(), 4, "two logins, two renewals");
    assert!(
        tokens
            .iter()
            .all(|seen| seen.field("resource") == Some(&resource))
    );
    let shown = log
        .iter()
        .find(|seen| seen.path == "/authorize" && seen.method == "GET");
    assert_eq!(shown.unwrap().parameter("resource"), Some(&*resource));
    // The device grant: the request for codes names it too.
    let person = FakePerson::idle();
    let impatient = LoginRequest {
        patience: Some(std::time::Duration::from_millis(1)),
        ..asked(Some(Flow::DeviceCode), true)
    };
    let error = world.broker().login(&impatient, &person).await;
    assert!(
        matches!(error, Err(LoginError::NotApproved { .. })),
        "{error:?}"
    );
    let log = world.server.log();
    let codes = log.iter().find(|seen| seen.path == "/device_authorization");
    assert_eq!(codes.unwrap().field("resource"), Some(&*resource));

    // The negative control: without it this server gives no token.
    definition["oauth"]["resource"] = Value::Null;
    world.define(&definition);
    let without = asked(Some(Flow::ClientCredentials), true);
    let error = log_in(&world, &without).await.unwrap_err();
    assert!(format!("{error:?}").contains("invalid_target"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resource_that_changes_needs_a_new_login() {
    let world = world_with(ServerOptions {
        resource: Some("/mcp".to_owned()),
        ..ServerOptions::default()
    });
    let broker = log_in(&world, &request()).await.unwrap();
    let mut edited = world.server.issuer_definition("acme");
    edited["oauth"]["resource"] = "https://other.example.com/".into();
    world.define(&edited);
    world.clock.advance(3_600);
    let before = world.token_requests();
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(format!("{error:?}").contains("Moved"), "{error:?}");
    assert_eq!(world.token_requests(), before);
}
