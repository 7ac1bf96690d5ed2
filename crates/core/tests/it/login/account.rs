//! Whose login it is: asked once, of the right server, and never a reason to fail.

use std::time::Duration;

use authkeep_core::{Event, LoginOutcome, LoginRequest, Replace, Supplied};
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::{OAuthServer, Scripted, ServerOptions};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fakes::{FakePerson, World, answer, request, target, token};

const WHOAMI: &str = "/api/me";

/// Logs in once more, and returns the account that the outcome names and what was told of it.
async fn login(world: &World, request: &LoginRequest) -> (Option<String>, Vec<String>) {
    let person = FakePerson::approving();
    let broker = world.impatient_broker();
    let outcome = broker.login(request, &person).await.unwrap();
    person.come_back();
    let LoginOutcome::LoggedIn(connection) = outcome else {
        panic!("{outcome:?}");
    };
    // What is stored is what was said, and the credential works whatever it is.
    let stored = world.record()["account"].as_str().map(str::to_owned);
    assert_eq!(connection.account(), stored.as_deref());
    let told = person.events().into_iter().filter(|event| {
        matches!(
            event,
            Event::AccountUnknown { .. } | Event::OtherAccount { .. }
        )
    });
    (stored, told.map(|event| format!("{event:?}")).collect())
}

fn named(name: impl Into<Value>) -> Scripted {
    answer(200, "application/json", json!({ "login": name.into() }))
}

/// An API key of two fields, put into requests in this way.
fn keyed(world: &World, injection: &Value) -> Value {
    let mut definition = world.definition();
    let host = definition["hosts"][0].clone();
    definition["flows"] = json!(["api_key"]);
    definition["api_key"] = json!({
        "fields": [{ "name": "user", "secret": false }, { "name": "token" }],
    });
    let mut rule = injection.clone();
    rule["host"] = host;
    definition["hosts"] = json!([rule]);
    definition["env"] = json!({});
    definition
}

fn with_key(key: &str) -> LoginRequest {
    let fields = [("user", "ada"), ("token", key)];
    let fields = fields.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    LoginRequest {
        client_id: None,
        supplied: Supplied(fields.into()),
        ..request()
    }
}

#[tokio::test]
async fn the_service_is_asked_once_and_its_answer_is_kept() {
    let world = World::new();
    assert_eq!(
        login(&world, &request()).await,
        (Some("ada".to_owned()), vec![])
    );
    let log = world.server.log();
    let asked: Vec<_> = log.iter().filter(|seen| seen.path == WHOAMI).collect();
    assert_eq!(asked.len(), 1);
    let broker = world.broker();
    let secret = token(&broker, broker.show(&target()).unwrap());
    assert_eq!(
        asked[0].header("authorization"),
        Some(&*format!("Bearer {secret}"))
    );
    // It outlives a refresh, and a login that is there already is not asked about again.
    broker.renew(&target()).await.unwrap();
    let again = LoginRequest {
        replace: Replace::IfBroken,
        ..request()
    };
    let there = broker.login(&again, &FakePerson::idle()).await.unwrap();
    assert!(matches!(there, LoginOutcome::AlreadyConnected(it) if it.account() == Some("ada")));
    assert_eq!(world.server.count(WHOAMI), 1);
}

#[tokio::test]
async fn a_service_that_does_not_say_is_no_reason_to_fail() {
    let world = World::new();
    let elsewhere = OAuthServer::start(ServerOptions::default());
    let faults = [
        answer(401, "application/json", "{}"),
        answer(500, "text/html", "<html>"),
        answer(200, "application/json", "[]"),
        named(" \u{200b} "),
        named(json!(["ada"])),
        Scripted::Drop,
        Scripted::Hang,
        Scripted::Garbage(b"\xff\xfe{".to_vec()),
        Scripted::Redirect(302, format!("{}{WHOAMI}", elsewhere.url())),
        Scripted::Redirect(307, format!("{}{WHOAMI}", world.server.url())),
        Scripted::Huge(1 << 20, authkeep_testkit::oauth_server::Framing::Chunked),
    ];
    let count = faults.len();
    for fault in faults {
        let shown = format!("{fault:?}");
        world.server.script(WHOAMI, vec![fault]);
        let (account, told) = login(&world, &request()).await;
        assert_eq!(account, None, "{shown}");
        assert!(
            told.len() == 1 && told[0].starts_with("AccountUnknown"),
            "{shown}: {told:?}"
        );
        let broker = world.broker();
        let secret = token(&broker, broker.show(&target()).unwrap());
        assert!(world.server.token_is_active(&secret), "{shown}");
    }
    assert_eq!(
        (world.server.count(WHOAMI), elsewhere.log().len()),
        (count, 0)
    );
    // The negative control: the same login with a service that says.
    assert_eq!(login(&world, &request()).await.0.as_deref(), Some("ada"));
    // Where there is nothing to ask for, nothing is asked and nothing is told.
    world.redefine("/whoami/label", json!([]));
    assert_eq!(login(&world, &request()).await, (None, vec![]));
    assert_eq!(world.server.count(WHOAMI), count + 1);
}

#[tokio::test]
async fn another_account_than_before_is_told() {
    let world = World::new();
    let mut told = Vec::new();
    for name in ["ada", "ada", "bob", "bob"] {
        world.server.script(WHOAMI, vec![named(name)]);
        told.extend(login(&world, &request()).await.1);
    }
    assert_eq!(told, ["OtherAccount { before: \"ada\", now: \"bob\" }"]);
}

#[tokio::test]
async fn a_slow_answer_is_not_kept_with_a_login_that_came_after() {
    let world = World::new();
    let slow = vec![Scripted::Late(1_000), named("bob")];
    world.server.script(WHOAMI, slow);
    // By the clock, both are made in the same second.
    let first = login_as(&world);
    let second = async {
        while world.server.count(WHOAMI) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        login_as(&world).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(
        (first.as_deref(), second.as_deref()),
        (Some("ada"), Some("bob"))
    );
    assert_eq!(world.record()["account"], "bob");
}

/// Logs in, and returns whose login it says that it is.
async fn login_as(world: &World) -> Option<String> {
    let person = FakePerson::approving();
    let broker = world.broker();
    let outcome = broker.login(&request(), &person).await.unwrap();
    match outcome {
        LoginOutcome::LoggedIn(connection) => connection.account().map(str::to_owned),
        LoginOutcome::AlreadyConnected(_) => None,
    }
}

#[tokio::test]
async fn a_key_goes_where_and_as_the_definition_says() {
    let world = World::new();
    let key = canary();
    let cases = [
        (
            json!({ "headers": { "X-Key": "{token}", "X-No": "{absent}" } }),
            "header",
        ),
        (json!({ "query": { "key": "{token}" } }), "query"),
        (json!({ "basic": ["{user}", "{token}"] }), "basic"),
        (json!({ "path": "/bot{token}" }), "path"),
    ];
    for (mut injection, place) in cases {
        if place == "header" {
            injection["headers"].as_object_mut().unwrap().remove("X-No");
        }
        world.define(&keyed(&world, &injection));
        let path = if place == "path" {
            format!("/bot{key}{WHOAMI}")
        } else {
            WHOAMI.to_owned()
        };
        world.server.script(&path, vec![named("ada")]);
        let (account, told) = login(&world, &with_key(&key)).await;
        assert_eq!((account.as_deref(), told), (Some("ada"), vec![]), "{place}");
        let log = world.server.log();
        let seen = log.last().unwrap();
        assert_eq!(seen.path, path);
        match place {
            "header" => assert_eq!(seen.header("x-key"), Some(&*key)),
            "query" => assert_eq!(seen.parameter("key"), Some(&*key)),
            "basic" => assert!(seen.header("authorization").unwrap().starts_with("Basic ")),
            _ => {}
        }
        assert_eq!(
            seen.header("authorization").is_some(),
            place == "basic",
            "{place}"
        );
    }
}

#[tokio::test]
async fn a_credential_is_not_taken_for_a_name() {
    let world = World::new();
    let key = canary();
    let injection = json!({ "headers": { "X-Key": "{token}" } });
    world.define(&keyed(&world, &injection));
    for echoed in [key.clone(), format!("key {key}")] {
        world.server.script(WHOAMI, vec![named(echoed)]);
        let (account, told) = login(&world, &with_key(&key)).await;
        assert_eq!(account, None);
        assert!(told.len() == 1 && !told[0].contains(&key), "{told:?}");
    }
    // The negative control: a field that is no secret is a name, and so is another service's key.
    for name in ["ada", &canary()] {
        world.server.script(WHOAMI, vec![named(name)]);
        assert_eq!(
            login(&world, &with_key(&key)).await.0.as_deref(),
            Some(name)
        );
    }
}
