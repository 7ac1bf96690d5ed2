//! What a login leaves behind: everything if it succeeded, nothing if it did not.

use std::time::Duration;

use authkeep_core::{Event, LoginError, LoginOutcome, Purpose, Replace};
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::Scripted;
use serde_json::json;

use crate::fakes::{CLIENT, FakePerson, World, answer, request, target, token};

#[tokio::test]
async fn a_login_is_stored_with_what_was_granted_and_where_it_may_go() {
    let world = World::new();
    let broker = world.broker();
    let person = FakePerson::approving();
    let outcome = broker.login(&request(), &person).await.unwrap();
    person.come_back();
    let LoginOutcome::LoggedIn(connection) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(connection.scopes(), ["read", "write"]);
    let lookup = broker.show(&target()).unwrap();
    let secret = token(&broker, lookup);
    assert!(world.server.token_is_active(&secret));
    let record = world.record();
    assert_eq!(record["access_token"], json!(secret));
    assert_eq!(
        record["pinned"]["token"],
        json!(format!("{}/token", world.server.url()))
    );
    let revocation = record["pinned"]["revocation"].as_str().unwrap();
    assert!(
        revocation.contains(&format!("{}/revoke", world.server.url())),
        "{revocation}"
    );
    assert_eq!(world.stored(CLIENT)["client_id"], json!("test-client"));
    assert!(
        matches!(
            person.events()[..],
            [Event::Waiting { .. }, Event::Exchanging]
        ),
        "{:?}",
        person.events()
    );
}

#[tokio::test]
async fn a_login_that_works_is_left_alone_unless_it_is_to_be_replaced() {
    let world = World::new();
    let broker = world.logged_in().await;
    let before = world.record();
    let mut again = request();
    again.replace = Replace::IfBroken;
    let person = FakePerson::approving();
    let outcome = broker.login(&again, &person).await.unwrap();
    assert!(matches!(outcome, LoginOutcome::AlreadyConnected(_)));
    assert!(person.urls().is_empty() && world.record() == before);
    broker
        .login(&request(), &FakePerson::approving())
        .await
        .unwrap();
    assert_ne!(world.record(), before);
}

#[tokio::test]
async fn fewer_scopes_than_asked_for_are_told_and_recorded() {
    let world = World::new();
    let granted = json!({"access_token": canary(), "token_type": "bearer", "scope": "read"});
    world.script([answer(200, "application/json", granted)]);
    let person = FakePerson::approving();
    world.broker().login(&request(), &person).await.unwrap();
    let told = person.events().into_iter().find_map(|event| match event {
        Event::FewerScopes { missing } => Some(missing),
        _ => None,
    });
    assert_eq!(told, Some(vec!["write".to_owned()]));
    assert_eq!(world.record()["scopes"], json!(["read"]));
    assert_eq!(world.record()["scopes_asked"], json!(["read", "write"]));
}

/// Every way to fail after the person was asked.
#[derive(Debug, Clone)]
enum Fault {
    Deny,
    WalkAway,
    Answer(Scripted),
    Audit,
}

#[tokio::test]
async fn a_failed_login_changes_no_byte_of_the_vault() {
    let secret = canary();
    let faults = [
        Fault::Deny,
        Fault::WalkAway,
        Fault::Answer(answer(
            400,
            "application/json",
            json!({"error": "invalid_grant"}),
        )),
        Fault::Answer(answer(
            401,
            "application/json",
            json!({"error": "invalid_client"}),
        )),
        Fault::Answer(answer(
            200,
            "application/json",
            json!({"access_token": format!("{secret}\r\nx: y")}),
        )),
        Fault::Answer(answer(
            200,
            "application/json",
            json!({"token_type": secret}),
        )),
        Fault::Answer(answer(200, "text/html", format!("<html>{secret}"))),
        Fault::Answer(answer(503, "text/plain", &secret)),
        Fault::Answer(Scripted::Redirect(
            307,
            format!("{}/x?{secret}", "http://127.0.0.1:1"),
        )),
        Fault::Answer(Scripted::Drop),
        Fault::Answer(Scripted::Hang),
        Fault::Audit,
    ];
    for stored in [false, true] {
        for fault in &faults {
            let world = World::new();
            if stored {
                drop(world.logged_in().await);
            }
            let before = world.vault_bytes();
            let broker = world.impatient_broker();
            let mut request = request();
            request.client_id = None;
            request.replace = Replace::AlwaysWithNewClient;
            let person = match fault {
                Fault::Deny => FakePerson::browsing(|url| drop(follow(&url, Person::Deny))),
                Fault::WalkAway => FakePerson::browsing(|url| drop(follow(&url, Person::Ignore))),
                _ => FakePerson::approving(),
            };
            let person = person.answering(&["test-client"]);
            match fault {
                Fault::WalkAway => request.patience = Some(Duration::from_millis(200)),
                Fault::Answer(scripted) => world.script([scripted.clone()]),
                Fault::Audit => world.break_audit_log(),
                Fault::Deny => {}
            }
            let error = broker.login(&request, &person).await.unwrap_err();
            person.come_back();
            assert!(
                world.vault_bytes() == before,
                "{fault:?}: the vault was written"
            );
            assert_eq!(
                matches!(error, LoginError::NotRecorded(_)),
                matches!(fault, Fault::Audit)
            );
            let mut secrets = world.server.secrets();
            secrets.push(secret.clone());
            assert_eq!(
                Scanner::new(&secrets).scan(said(&error).as_bytes()),
                [],
                "{fault:?}: {error:?}"
            );
        }
    }
}

/// All that an error says, in every form.
fn said(error: &LoginError) -> String {
    let mut text = format!("{error:?} {error:#?}");
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        text = format!("{text} {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_login_that_succeeds_does_change_the_vault() {
    // The negative control of the comparison above.
    let world = World::new();
    let before = world.vault_bytes();
    let broker = world.logged_in().await;
    assert!(world.vault_bytes() != before);
    let secret = token(&broker, broker.show(&target()).unwrap());
    let leaky = LoginError::NoBrowser {
        why: secret.clone(),
    };
    assert!(
        !Scanner::new(&[secret])
            .scan(said(&leaky).as_bytes())
            .is_empty()
    );
    drop(broker.release(broker.show(&target()).unwrap(), Purpose::Show));
}
