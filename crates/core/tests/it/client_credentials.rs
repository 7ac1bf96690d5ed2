//! Logins without a person: acquired, kept with their client, renewed as often as need be.

use std::sync::Arc;
use std::time::Duration;

use authkeep_core::{
    Backoff, Broker, BrokerParts, ConnectionStatus, Environment, LoginError, LoginOutcome,
    LoginRequest, RefreshError, Replace, ResolveError, Supplied,
};
use authkeep_registry::Flow;
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::{Client, ClientGrant, Scripted, ServerOptions};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fakes::{
    AT_ONCE, CLIENT, CONNECTION, FakePerson, World, answer, request, target, token,
};

/// A server that gives a client of its own tokens, by this grant.
fn world(grant: ClientGrant) -> (World, String) {
    let secret = canary();
    let world = World::with(ServerOptions {
        clients: vec![Client::basic("robot", &secret)],
        client_grant: Some(grant),
        ..ServerOptions::default()
    });
    (world, secret)
}

fn by_itself() -> LoginRequest {
    LoginRequest {
        flow: Some(Flow::ClientCredentials),
        client_id: None,
        ..request()
    }
}

fn supplied(client_id: &str, secret: &str) -> Supplied {
    let field = |name: &str, value: &str| (name.to_owned(), SecretString::from(value.to_owned()));
    Supplied(
        [
            field("client_id", client_id),
            field("client_secret", secret),
        ]
        .into(),
    )
}

async fn logged_in(world: &World, secret: &str) -> Broker {
    let broker = world.broker();
    let person = FakePerson::idle().answering(&["robot", secret]);
    broker.login(&by_itself(), &person).await.unwrap();
    assert!(person.urls().is_empty(), "no browser is opened");
    broker
}

async fn refused(broker: &Broker) -> RefreshError {
    match broker.resolve(&target(), None).await.unwrap_err() {
        ResolveError::Refresh { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_logs_in_for_itself_and_stays_connected() {
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await;
    let record = world.record();
    assert_eq!(record["flow"], "client_credentials");
    assert_eq!(record.get("refresh_token"), None);
    assert_eq!(record["client"]["client_id"], "robot");
    assert_eq!(
        world.stored(CLIENT),
        Value::Null,
        "a person's client is another matter"
    );

    world.clock.advance(3_601);
    let shown = broker.show(&target()).unwrap();
    assert_eq!(shown.status(broker.now()), ConnectionStatus::Connected);
    assert!(shown.is_refreshable());
    let connection = broker.resolve(&target(), None).await.unwrap();
    let new = token(&broker, connection);
    assert!(world.server.token_is_active(&new));
    assert_eq!(world.token_requests(), 2);
    let log = world.server.log();
    let sent: Vec<_> = log.iter().filter(|seen| seen.path == "/token").collect();
    for seen in sent {
        assert_eq!(seen.field("grant_type"), Some("client_credentials"));
        assert_eq!(seen.field("scope"), Some("read write"));
    }

    // The control: a login of the same age that has neither refresh token nor client has run out.
    let mut lame = world.record();
    lame.as_object_mut().unwrap().remove("client");
    lame["expires_at"] = json!("2001-01-01T01:00:00Z");
    world.put(CONNECTION, &lame);
    let shown = broker.show(&target()).unwrap();
    assert_eq!(shown.status(broker.now()), ConnectionStatus::Expired);
}

#[tokio::test]
async fn a_vendors_grant_needs_its_parameter_and_gets_it_from_the_environment() {
    let (world, secret) = world(ClientGrant::vendor(
        "account_credentials",
        &[("account_id", "acc-1")],
    ));
    let mut definition = world.definition();
    definition["params"] = json!({"account_id": {"label": "Account id", "optional": true}});
    definition["oauth"]["client_credentials"] = json!({
        "params": {"grant_type": "account_credentials", "account_id": "{account_id}"},
        "scopes": []
    });
    definition["oauth"]["client_env"]["account_id"] = json!("ACME_ACCOUNT_ID");
    world.define(&definition);
    let request = LoginRequest {
        supplied: supplied("robot", &secret),
        ..by_itself()
    };

    // Without the parameter nothing is sent, and the error names the variable.
    let error = world.broker().login(&request, &FakePerson::idle()).await;
    match error.unwrap_err() {
        LoginError::ValueNeeded {
            label, variables, ..
        } => {
            assert_eq!(
                (&*label, &*variables[0][0]),
                ("Account id", "ACME_ACCOUNT_ID")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.token_requests(), 0);

    let environment = Environment::new(|name| {
        (name == "ACME_ACCOUNT_ID").then(|| SecretString::from("acc-1".to_owned()))
    });
    let broker = world.broker().with_environment(environment);
    broker.login(&request, &FakePerson::idle()).await.unwrap();
    assert_eq!(world.record()["params"]["account_id"], "acc-1");

    // The renewal needs the environment no more.
    world.clock.advance(3_601);
    let broker = world.broker();
    let connection = broker.resolve(&target(), None).await.unwrap();
    assert!(world.server.token_is_active(&token(&broker, connection)));
    for seen in world
        .server
        .log()
        .iter()
        .filter(|seen| seen.path == "/token")
    {
        assert_eq!(seen.field("grant_type"), Some("account_credentials"));
        assert_eq!(seen.field("account_id"), Some("acc-1"));
        assert_eq!(seen.field("scope"), None);
        assert!(
            seen.header("authorization")
                .is_some_and(|value| value.starts_with("Basic "))
        );
    }
}

#[tokio::test]
async fn the_client_is_asked_for_once() {
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await;
    let nobody = FakePerson::idle();
    for connection in ["default", "other"] {
        let request = LoginRequest {
            connection: connection.parse().unwrap(),
            ..by_itself()
        };
        broker.login(&request, &nobody).await.unwrap();
    }
    assert!(nobody.questions().is_empty());
    let anew = LoginRequest {
        replace: Replace::AlwaysWithNewClient,
        ..by_itself()
    };
    let error = broker.login(&anew, &nobody).await.unwrap_err();
    assert!(matches!(error, LoginError::ValueNeeded { .. }), "{error:?}");
    assert_eq!(nobody.questions()[0].variables, ["ACME_CLIENT_ID"]);
    // A secret goes only where it was entered for.
    world.redefine(
        "/oauth/token_url",
        format!("{}/elsewhere", world.server.url()),
    );
    drop(broker.login(&by_itself(), &nobody).await.unwrap_err());
    assert_eq!(world.server.count("/elsewhere"), 0);
}

#[tokio::test]
async fn a_client_that_was_turned_away_is_an_error_and_not_the_end() {
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await;
    world.clock.advance(3_601);
    // Vendors answer either.
    for word in ["invalid_client", "invalid_grant", "unauthorized_client"] {
        world.script([answer(400, "application/json", json!({ "error": word }))]);
        let error = refused(&broker).await;
        let RefreshError::Rejected { error, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(error, word);
        let shown = broker.show(&target()).unwrap();
        assert_eq!(shown.status(broker.now()), ConnectionStatus::Connected);
        assert!(!shown.is_in_doubt());
        world.clock.advance(60);
    }
    // Once the client is right again, so is the login.
    broker.resolve(&target(), None).await.unwrap();

    // The control: where a refresh token is refused, a person has to log in again.
    let world = World::new();
    let broker = world.logged_in().await;
    world.clock.advance(3_601);
    world.script([answer(
        400,
        "application/json",
        json!({"error": "invalid_grant"}),
    )]);
    assert!(matches!(
        refused(&broker).await,
        RefreshError::Refused { .. }
    ));
    let shown = broker.show(&target()).unwrap();
    assert_eq!(shown.status(broker.now()), ConnectionStatus::ReauthRequired);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_at_once() {
    let brisk = Backoff {
        tries: 3,
        first_pause: Duration::from_millis(1),
        ..AT_ONCE
    };
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await.with_backoff(brisk);
    world.clock.advance(3_601);
    world.script([Scripted::Lost, Scripted::Drop]);
    let connection = broker.resolve(&target(), None).await.unwrap();
    assert!(connection.trouble().is_none() && !connection.is_in_doubt());
    assert_eq!(world.token_requests(), 1 + 3);
    assert_eq!(world.record().get("refresh_intent"), None);

    // The control: a refresh token may have been used up by the request whose answer was lost.
    let world = World::new();
    let broker = world.logged_in().await.with_backoff(brisk);
    world.clock.advance(3_601);
    world.script([Scripted::Lost]);
    assert!(matches!(
        refused(&broker).await,
        RefreshError::NoAnswer { .. }
    ));
    assert_eq!(world.token_requests(), 1 + 1);
    assert!(broker.show(&target()).unwrap().is_in_doubt());
}

#[tokio::test]
async fn what_the_grant_says_is_pinned() {
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await;
    world.clock.advance(3_601);
    world.redefine(
        "/oauth/client_credentials",
        json!({"params": {"audience": "https://elsewhere.example"}}),
    );
    assert!(matches!(refused(&broker).await, RefreshError::Moved { .. }));
    assert_eq!(world.token_requests(), 1);
    // The control: as it was, it is renewed.
    world.define(&world.definition());
    broker.resolve(&target(), None).await.unwrap();
    assert_eq!(world.token_requests(), 2);
}

#[tokio::test]
async fn a_refresh_token_that_nobody_asked_for_is_not_kept() {
    let (world, secret) = world(ClientGrant::standard());
    let body = || json!({"access_token": canary(), "refresh_token": canary(), "expires_in": 60});
    world.script([
        answer(200, "application/json", body()),
        answer(200, "application/json", body()),
    ]);
    let broker = logged_in(&world, &secret).await;
    assert_eq!(world.record().get("refresh_token"), None);
    world.clock.advance(61);
    broker.resolve(&target(), None).await.unwrap();
    assert_eq!(world.record().get("refresh_token"), None);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_before_anything_is_sent() {
    // A field that is none.
    let (acme, _) = world(ClientGrant::standard());
    let request = LoginRequest {
        supplied: Supplied([("tokne".to_owned(), SecretString::from("x".to_owned()))].into()),
        ..by_itself()
    };
    let error = acme.broker().login(&request, &FakePerson::idle()).await;
    assert!(matches!(
        error.unwrap_err(),
        LoginError::UnknownField { .. }
    ));
    // A provider whose clients have no secret.
    acme.redefine("/oauth/client_auth", "none");
    let error = acme.broker().login(&by_itself(), &FakePerson::idle()).await;
    assert!(matches!(
        error.unwrap_err(),
        LoginError::FlowNotAvailable { .. }
    ));
    assert_eq!(acme.token_requests(), 0);
}

#[tokio::test]
async fn a_login_that_works_is_left_alone() {
    let (world, secret) = world(ClientGrant::standard());
    let broker = logged_in(&world, &secret).await;
    world.clock.advance(3_601);
    let request = LoginRequest {
        replace: Replace::IfBroken,
        ..by_itself()
    };
    let outcome = broker.login(&request, &FakePerson::idle()).await.unwrap();
    assert!(matches!(outcome, LoginOutcome::AlreadyConnected(_)));
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_costs_one_request() {
    let (world, secret) = world(ClientGrant::standard());
    drop(logged_in(&world, &secret).await);
    let on = || {
        Broker::new(BrokerParts {
            store: Arc::new(world.store()),
            ..world.parts()
        })
    };
    for round in 1..=3 {
        world.clock.advance(3_601);
        world.script([Scripted::Delay(50)]);
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let broker = on();
                tokio::spawn(async move {
                    let connection = broker.resolve(&target(), None).await.unwrap();
                    token(&broker, connection)
                })
            })
            .collect();
        let mut tokens = Vec::new();
        for caller in callers {
            tokens.push(caller.await.unwrap());
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        assert_eq!(world.token_requests(), 1 + round);
    }
}
