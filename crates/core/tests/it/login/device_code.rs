//! The device code flow, polling scripted servers on a virtual clock.

mod scripted;

use std::sync::Arc;
use std::time::Duration;

use authkeep_core::{Broker, BrokerParts, Event, LoginError, LoginRequest, Replace};
use authkeep_registry::Flow;
use serde_json::{Value, json};

use self::scripted::{Says, ScriptedServer};
use crate::fakes::{FakePerson, World, request};

/// A home where `acme` offers the flow, and a login by it.
fn world() -> (World, LoginRequest) {
    let world = World::new();
    world.define(&world.server.device_definition("acme"));
    let request = LoginRequest {
        flow: Some(Flow::DeviceCode),
        patience: None,
        ..request()
    };
    (world, request)
}

fn broker(world: &World, server: &Arc<ScriptedServer>) -> Broker {
    Broker::new(BrokerParts {
        http: Arc::clone(server) as _,
        ..world.parts()
    })
}

/// What a server says when it is asked for codes; null takes a field away.
fn codes(changes: Value) -> Value {
    let mut codes = json!({
        "device_code": "cnry_00112233445566778899aabbccddeeff",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://as.test/device",
        "expires_in": 900,
        "interval": 5,
    });
    for (name, value) in changes.as_object().unwrap() {
        codes[name] = value.clone();
    }
    codes
}

/// How a login ended, in a word.
fn word(error: &LoginError) -> &'static str {
    match error {
        LoginError::Denied { .. } => "denied",
        LoginError::CodeExpired { .. } => "expired",
        LoginError::NotApproved { .. } => "not approved",
        LoginError::Token { .. } => "no token",
        LoginError::Http(_) => "no answer",
        LoginError::NoDeviceCode { .. } => "no code",
        LoginError::ForbiddenVerificationUrl { .. } => "forbidden address",
        other => panic!("{other:?}"),
    }
}

/// Twelve servers, what each says to the polls, how the login ends and how often it was polled.
fn servers() -> Vec<(&'static str, Value, Vec<Says>, &'static str, usize)> {
    use Says::{Drops, Error, Hangs, OnStatus200, RetryAfter, SlowDown, Status, Tokens};
    let pending = || Error("authorization_pending");
    vec![
        (
            "patient",
            codes(json!({})),
            vec![pending(), pending(), pending(), Tokens],
            "ok",
            4,
        ),
        (
            "names no interval",
            codes(json!({"interval": null, "expires_in": "1800"})),
            vec![pending(), Tokens],
            "ok",
            2,
        ),
        (
            "says slow_down three times",
            codes(json!({})),
            vec![
                SlowDown(None),
                pending(),
                SlowDown(None),
                SlowDown(None),
                pending(),
                Tokens,
            ],
            "ok",
            6,
        ),
        (
            "says it with status 200, and names the interval",
            codes(json!({"interval": "5"})),
            vec![
                OnStatus200("authorization_pending"),
                SlowDown(Some(12)),
                OnStatus200("authorization_pending"),
                Tokens,
            ],
            "ok",
            4,
        ),
        (
            "is refused",
            codes(json!({})),
            vec![pending(), Error("access_denied"), Tokens],
            "denied",
            2,
        ),
        (
            "lets the code expire",
            codes(json!({})),
            vec![pending(), Error("expired_token"), Tokens],
            "expired",
            2,
        ),
        (
            "never decides",
            codes(json!({"expires_in": 61})),
            Vec::new(),
            "expired",
            12,
        ),
        (
            "drops connections",
            codes(json!({})),
            vec![Drops, Drops, pending(), Hangs, Tokens],
            "ok",
            5,
        ),
        (
            "is out of order",
            codes(json!({})),
            vec![
                Status(503),
                RetryAfter(503, 30),
                RetryAfter(429, 40),
                pending(),
                Tokens,
            ],
            "ok",
            5,
        ),
        (
            "answers with garbage",
            codes(json!({})),
            vec![pending(), Says::Garbage, Tokens],
            "no token",
            2,
        ),
        (
            "says invalid_grant",
            codes(json!({})),
            vec![Error("invalid_grant"), Tokens],
            "no token",
            1,
        ),
        (
            "names times that make no sense",
            codes(json!({"expires_in": 1e308, "interval": 0.2})),
            vec![pending(), SlowDown(Some(1)), pending(), Tokens],
            "ok",
            4,
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_server_is_polled_early_or_after_its_last_word() {
    let servers = servers();
    assert_eq!(servers.len(), 12);
    let mut total = 0;
    for (name, codes, says, expected, polls) in servers {
        let (world, request) = world();
        let server = ScriptedServer::new(codes, says);
        let person = FakePerson::idle();
        let outcome = broker(&world, &server).login(&request, &person).await;
        let outcome = outcome.as_ref().map_or_else(word, |_| "ok");
        assert_eq!(outcome, expected, "{name}");
        let seen = server.seen();
        assert_eq!(seen.polls, polls, "{name}");
        assert_eq!((seen.early, seen.after_the_end), (0, 0), "{name}");
        total += seen.polls;
        // What was not approved left nothing behind.
        assert_eq!(world.record().is_null(), expected != "ok", "{name}");
        let codes_shown = |event: &&Event| matches!(event, Event::DeviceCode(_));
        assert_eq!(person.events().iter().filter(codes_shown).count(), 1);
        assert_eq!(person.urls().len(), 0, "no browser is opened");
    }
    println!("figure: 12 servers, {total} polls, 0 early, 0 after the last word");
}

/// The control: the same servers catch a poller that keeps to its first interval and never gives up.
#[tokio::test(start_paused = true)]
async fn a_careless_poller_is_caught() {
    let mut early = 0;
    let mut after_the_end = 0;
    for (_, codes, says, ..) in servers() {
        let server = ScriptedServer::new(codes, says);
        server.obtain_codes();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(server.poll());
        }
        early += server.seen().early;
        after_the_end += server.seen().after_the_end;
    }
    println!(
        "figure: the careless poller: {early} polls early, {after_the_end} after the last word"
    );
    assert!(early > 0, "no early poll was noticed");
    assert!(after_the_end > 0, "no poll after the end was noticed");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_lasts_is_named_at_the_end() {
    for (says, expected) in [(Says::Drops, "no answer"), (Says::Status(502), "no token")] {
        let (world, request) = world();
        let server = ScriptedServer::new(codes(json!({"expires_in": 300})), vec![says; 99]);
        let outcome = broker(&world, &server)
            .login(&request, &FakePerson::idle())
            .await;
        assert_eq!(word(&outcome.unwrap_err()), expected);
        assert!(
            server.seen().polls < 9,
            "it polled as if it had been answered"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends_before_the_code_does() {
    let (world, request) = world();
    let server = ScriptedServer::new(codes(json!({})), Vec::new());
    let request = LoginRequest {
        patience: Some(Duration::from_secs(31)),
        ..request
    };
    let outcome = broker(&world, &server)
        .login(&request, &FakePerson::idle())
        .await;
    assert_eq!(word(&outcome.unwrap_err()), "not approved");
    assert_eq!(server.seen().polls, 6);
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_shown_ends_the_login_unseen() {
    let table = [
        (
            json!({"verification_uri": "http://as.test/device"}),
            "forbidden address",
        ),
        (
            json!({"verification_uri": "javascript:alert(1)"}),
            "forbidden address",
        ),
        (
            json!({"verification_uri": "https://bank.test@as.test/"}),
            "forbidden address",
        ),
        (
            json!({"verification_uri": "file:///etc/passwd"}),
            "forbidden address",
        ),
        (
            json!({"verification_uri_complete": "http://as.test/?c=1"}),
            "forbidden address",
        ),
        (
            json!({"verification_uri": "https://as.test/\u{1b}[2J"}),
            "no code",
        ),
        (json!({"user_code": "\u{1b}]0;x\u{7}"}), "no code"),
        (json!({"user_code": ""}), "no code"),
        (json!({"device_code": null}), "no code"),
    ];
    for (changes, expected) in table {
        let (world, request) = world();
        let server = ScriptedServer::new(codes(changes.clone()), vec![Says::Tokens]);
        let person = FakePerson::idle();
        let outcome = broker(&world, &server).login(&request, &person).await;
        assert_eq!(word(&outcome.unwrap_err()), expected, "{changes}");
        assert!(person.events().is_empty(), "{changes}");
        assert_eq!(server.seen().polls, 0, "{changes}");
    }
    // The controls: https is shown, and so is http on this machine, because the definition is a local one.
    for address in ["https://as.test/device", "http://127.0.0.1:1/device"] {
        let (world, request) = world();
        let changes = json!({"verification_uri": address});
        let server = ScriptedServer::new(codes(changes), vec![Says::Tokens]);
        broker(&world, &server)
            .login(&request, &FakePerson::idle())
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_login_is_stored_like_any_other() {
    let (world, request) = world();
    let server = ScriptedServer::new(codes(json!({})), vec![Says::Tokens]);
    let person = FakePerson::idle();
    let request = LoginRequest {
        scopes: Some(vec!["read".into(), "admin".into()]),
        ..request
    };
    broker(&world, &server)
        .login(&request, &person)
        .await
        .unwrap();
    let record = world.record();
    assert_eq!(record["flow"], "device_code");
    assert_eq!(record["scopes_asked"], json!(["read", "admin"]));
    assert_eq!(record["scopes"], json!(["read"]));
    assert_eq!(record["client"]["client_id"], "test-client");
    let pinned = world.server.url() + "/token";
    assert_eq!(record["pinned"]["token"], json!(pinned));
    assert!(
        !record.to_string().contains("cnry_0011"),
        "the device code was kept"
    );
    let events = person.events();
    let Some(Event::DeviceCode(prompt)) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!(prompt.user_code, "WDJB-MJHT");
    assert_eq!(prompt.client_id, "test-client");
    assert_eq!(prompt.scopes, ["read", "admin"]);
    assert_eq!(prompt.patience, Duration::from_secs(900));
    let missing = matches!(&events[1], Event::FewerScopes { missing } if missing == &["admin"]);
    assert!(missing, "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_browser_it_is_chosen_and_the_reason_told() {
    // Who is asked for, whether there is a browser, and which flow is expected.
    let table = [
        (None, false, "device_code", true),
        (None, true, "authorization_code", false),
        (Some(Flow::DeviceCode), true, "device_code", false),
        (
            Some(Flow::AuthorizationCode),
            false,
            "authorization_code",
            false,
        ),
    ];
    for (flow, browser, expected, told) in table {
        let (world, request) = world();
        let server = ScriptedServer::new(codes(json!({})), vec![Says::Tokens]);
        let request = LoginRequest {
            flow,
            patience: Some(Duration::from_secs(60)),
            ..request
        };
        let person = FakePerson::idle();
        let person = if browser {
            person
        } else {
            person.without_browser("there is no display")
        };
        let outcome = broker(&world, &server).login(&request, &person).await;
        assert_eq!(outcome.is_ok(), expected == "device_code");
        assert_eq!(
            person.urls().len(),
            usize::from(expected == "authorization_code")
        );
        let chosen = person.events().into_iter().find_map(|event| match event {
            Event::FlowChosen {
                flow,
                instead_of,
                why,
            } => Some((flow, instead_of, why)),
            _ => None,
        });
        let reason = (
            Flow::DeviceCode,
            Flow::AuthorizationCode,
            "there is no display".to_owned(),
        );
        assert_eq!(chosen, told.then_some(reason));
    }
    // A definition without the flow is not changed by it.
    let world = World::new();
    let person = FakePerson::idle().without_browser("there is no display");
    let request = LoginRequest {
        patience: Some(Duration::from_secs(1)),
        ..request()
    };
    assert!(world.broker().login(&request, &person).await.is_err());
    assert_eq!(person.urls().len(), 1);
}

/// A secret that was entered for one device endpoint does not go to another that the definition names later.
#[tokio::test(start_paused = true)]
async fn a_saved_secret_goes_only_where_it_was_entered_for() {
    let (world, request) = world();
    let mut definition = world.server.device_definition("acme");
    definition["oauth"]["client_auth"] = "body".into();
    definition["oauth"]["public_client"] = false.into();
    world.define(&definition);
    let login = async |answers: &[&str], replace| {
        let server = ScriptedServer::new(codes(json!({})), vec![Says::Tokens]);
        let person = FakePerson::idle().answering(answers);
        let request = LoginRequest {
            flow: request.flow,
            patience: None,
            replace,
            ..crate::fakes::request()
        };
        broker(&world, &server)
            .login(&request, &person)
            .await
            .unwrap();
        (server.seen().secrets, person.questions().len())
    };
    assert_eq!(login(&["the-secret"], Replace::Always).await, (2, 1));
    // Saved, it is used without asking.
    assert_eq!(login(&[], Replace::Always).await, (2, 0));
    definition["oauth"]["device_authorization_url"] = (world.server.url() + "/elsewhere").into();
    world.define(&definition);
    assert_eq!(login(&[""], Replace::Always).await, (0, 1));
}
