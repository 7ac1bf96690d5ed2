//! Clients that nobody entered: registered at the first login, used again while they are good, made anew when not.

mod answers;
mod chosen;
mod forgotten;
mod slots;
mod without_browser;

use authkeep_core::{Broker, LoginRequest, Replace};
use authkeep_testkit::canary::Scanner;
use authkeep_testkit::oauth_server::{ServerOptions, Switch};
use authkeep_vault::Store as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::fakes::{CLIENT, FakePerson, World, request, target, token};

/// What the keys of registered clients of `acme` begin with.
const REGISTRATIONS: &str = "profile:default:acme:registration";

/// The registered clients of `acme` that are stored, with their keys.
fn all_kept(world: &World) -> Vec<(String, Value)> {
    let entries = world.store().list(REGISTRATIONS).unwrap();
    let parsed = entries.into_iter().map(|(key, entry)| {
        let record = serde_json::from_slice(entry.value.expose_secret()).unwrap();
        (key.to_string(), record)
    });
    parsed.collect()
}

/// The one that is stored; null if there is none.
fn kept(world: &World) -> Value {
    let mut all = all_kept(world);
    assert!(all.len() <= 1, "{} clients are kept", all.len());
    all.pop().map_or(Value::Null, |(_, record)| record)
}

/// Puts a record in place of the one that is stored.
fn put_back(world: &World, record: &Value) {
    world.put(&all_kept(world)[0].0, record);
}

/// A server where anybody may register, and whose clients are public.
fn world() -> World {
    World::with(ServerOptions {
        registration: true,
        ..ServerOptions::default()
    })
}

/// The same with confidential clients.
fn confidential() -> World {
    let world = world();
    let mut definition = world.definition();
    definition["oauth"]["public_client"] = false.into();
    definition["oauth"]["client_auth"] = "basic".into();
    world.define(&definition);
    world
}

/// A login for which nobody has a client.
fn anybody() -> LoginRequest {
    LoginRequest {
        client_id: None,
        ..request()
    }
}

async fn log_in(world: &World) -> Broker {
    let broker = world.broker();
    let person = FakePerson::approving();
    broker.login(&anybody(), &person).await.unwrap();
    person.come_back();
    assert!(
        person.questions().is_empty(),
        "nobody is asked for anything"
    );
    broker
}

/// The redirect URIs of every authorization request so far.
fn redirect_uris(world: &World) -> Vec<String> {
    let log = world.server.log();
    let shown = log
        .iter()
        .filter(|seen| seen.path == "/authorize" && seen.method == "GET");
    shown
        .map(|seen| seen.parameter("redirect_uri").unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_registered_once_and_used_again() {
    let world = world();
    let broker = log_in(&world).await;
    let first = kept(&world);
    let connection = broker.resolve(&target(), None).await.unwrap();
    assert!(world.server.token_is_active(&token(&broker, connection)));
    assert!(world.stored(CLIENT).is_null(), "nobody entered a client");

    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 1);
    assert!(kept(&world) == first);
    let uris = redirect_uris(&world);
    assert_eq!(
        uris[0], uris[1],
        "the registered address is listened at again"
    );
    // Another program cannot guess where this login comes back to.
    let secret = uris[0].rsplit('/').next().unwrap();
    assert!(
        secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit()),
        "{uris:?}"
    );
    assert_ne!(redirect_uris(&world_after_login().await), uris);
}

async fn world_after_login() -> World {
    let world = world();
    log_in(&world).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_gave_is_sealed() {
    let world = confidential();
    let broker = log_in(&world).await;
    let secret = kept(&world)["client_secret"].clone();
    let secret = secret.as_str().unwrap().to_owned();
    for (path, bytes) in world.vault_bytes() {
        assert_eq!(Scanner::new(&[&secret]).scan(&bytes), [], "{path:?}");
    }
    // A refresh authenticates the way that was registered, with the client that the token was issued to.
    world.clock.advance(3_600);
    broker.resolve(&target(), None).await.unwrap();
    let log = world.server.log();
    let refresh = log.last().unwrap();
    assert_eq!(refresh.field("grant_type"), Some("refresh_token"));
    assert!(
        refresh
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    // The end of the provider's logins is the end of its client.
    broker.revoke(&target().provider).await.unwrap();
    assert!(kept(&world).is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_makes_a_new_registration() {
    let world = world();
    log_in(&world).await;
    let registered: url::Url = redirect_uris(&world)[0].parse().unwrap();
    let port = registered.port().unwrap();
    let squatter = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 2);
    let uris = redirect_uris(&world);
    assert_ne!(uris[0], uris[1]);
    drop(squatter);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_ends_is_replaced_before_it_does() {
    let world = confidential();
    log_in(&world).await;
    let mut saved = kept(&world);
    let now = world.clock.now();
    for (ends, registrations) in [(now + 86_400, 1), (now + 300, 2)] {
        saved["registration"]["secret_expires_at"] = ends.into();
        put_back(&world, &saved);
        log_in(&world).await;
        assert_eq!(world.server.count("/register"), registrations, "{ends}");
    }
    assert_ne!(kept(&world)["client_id"], saved["client_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_the_server_has_forgotten_is_registered_again() {
    let world = world();
    log_in(&world).await;
    let before = kept(&world)["client_id"].clone();
    // The server still shows its page, and knows the client no more when the code comes.
    let refusal = crate::fakes::answer(401, "application/json", r#"{"error":"invalid_client"}"#);
    world.script([refusal.clone()]);
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 2);
    assert_ne!(kept(&world)["client_id"], before);
    // A client that was made a moment ago is not made again: that would go on for ever.
    world.server.set(Switch::ForgetRegistrations);
    world.script([refusal.clone(), refusal]);
    let reset = LoginRequest {
        replace: Replace::AlwaysWithNewClient,
        ..anybody()
    };
    let login = world.login();
    let person = FakePerson::approving();
    let error = world.broker().login(&reset, &person).await.unwrap_err();
    assert!(format!("{error:?}").contains("invalid_client"), "{error:?}");
    assert_eq!(world.server.count("/register"), 3);
    assert!(world.login() == login, "the old login is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_renewed_by_the_client_that_it_was_issued_to() {
    let world = confidential();
    let broker = log_in(&world).await;
    let issued_to = world.record()["client"]["client_id"].clone();
    // Another login of the same provider registers another client meanwhile.
    let second = LoginRequest {
        connection: "work".parse().unwrap(),
        replace: Replace::AlwaysWithNewClient,
        ..anybody()
    };
    broker
        .login(&second, &FakePerson::approving())
        .await
        .unwrap();
    assert_ne!(kept(&world)["client_id"], issued_to);
    world.clock.advance(3_600);
    broker.resolve(&target(), None).await.unwrap();
    assert_eq!(world.record()["client"]["client_id"], issued_to);

    // The negative control: the newer client gets nothing for the older one's token.
    let mut record = world.record();
    record["client"] = kept(&world);
    world.put(crate::fakes::CONNECTION, &record);
    world.clock.advance(3_600);
    assert!(broker.resolve(&target(), None).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_is_good_at_the_server_that_made_it_and_at_no_other() {
    let (world, other) = (confidential(), confidential());
    log_in(&world).await;
    let ours = kept(&world);
    let key = all_kept(&world)[0].0.clone();
    let secret = ours["client_secret"].as_str().unwrap().to_owned();
    // The definition names another server from now on.
    let mut moved = other.definition();
    moved["oauth"]["public_client"] = false.into();
    moved["oauth"]["client_auth"] = "basic".into();
    world.define(&moved);
    log_in(&world).await;
    assert_eq!(other.server.count("/register"), 1);
    assert_ne!(world.record()["client"]["client_id"], ours["client_id"]);
    assert!(
        world.stored(&key) == ours,
        "it is kept, for whoever goes back"
    );
    // The negative control: where it belongs, the same look finds it.
    let seen = format!("{:?}", world.server.log());
    assert_ne!(Scanner::new(&[&secret]).scan(seen.as_bytes()), []);
    let seen = format!("{:?}", other.server.log());
    assert_eq!(Scanner::new(&[&secret]).scan(seen.as_bytes()), []);
    assert!(!seen.contains(ours["client_id"].as_str().unwrap()));
}
