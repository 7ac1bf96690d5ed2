//! A server that forgets the clients that it has registered: a new one is made, without a person having to know.

use std::time::Duration;

use authkeep_core::{LoginError, LoginOutcome, LoginRequest, Replace};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{Scripted, Switch};
use serde_json::json;

use super::{all_kept, anybody, confidential, kept, log_in, put_back, world};
use crate::fakes::{FakePerson, World, answer, target};

/// The path at which the client that is kept is looked up.
fn lookup(world: &World) -> String {
    let record = kept(world);
    let place = record["registration"]["management"].as_str().unwrap();
    place.trim_start_matches(&world.server.url()).to_owned()
}

/// Takes away what a client is looked up with, as if the server had never given it.
fn without_lookup(world: &World) {
    let mut record = kept(world);
    let registration = record["registration"].as_object_mut().unwrap();
    registration.remove("management").unwrap();
    registration.remove("access_token").unwrap();
    put_back(world, &record);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_looked_up_before_a_browser_opens() {
    let world = world();
    log_in(&world).await;
    let place = lookup(&world);
    log_in(&world).await;
    assert_eq!(
        (world.server.count(&place), world.server.count("/register")),
        (1, 1)
    );
    let before = kept(&world)["client_id"].clone();
    world.server.set(Switch::ForgetRegistrations);
    // An unknown client would be shown an error page, and the login would wait in vain.
    log_in(&world).await;
    assert_eq!(
        (world.server.count(&place), world.server.count("/register")),
        (2, 2)
    );
    assert_ne!(kept(&world)["client_id"], before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_cannot_be_looked_up_the_time_out_says_what_may_be_wrong() {
    let world = world();
    log_in(&world).await;
    let login = world.login();
    without_lookup(&world);
    let impatient = LoginRequest {
        patience: Some(Duration::from_millis(500)),
        ..anybody()
    };
    let failed = || async {
        let person = FakePerson::approving();
        let error = world.broker().login(&impatient, &person).await.unwrap_err();
        person.come_back();
        error
    };
    world.server.set(Switch::ForgetRegistrations);
    let error = failed().await;
    assert!(
        matches!(error, LoginError::TimedOutAsRegistered { .. }),
        "{error:?}"
    );
    assert!(world.login() == login, "the old login is as it was");
    // What the person is told to do helps.
    let reset = LoginRequest {
        replace: Replace::AlwaysWithNewClient,
        ..anybody()
    };
    world
        .broker()
        .login(&reset, &FakePerson::approving())
        .await
        .unwrap();
    // The negative control: where the client is known to be known, the time-out has another reason.
    let absent = FakePerson::idle();
    let error = world.broker().login(&impatient, &absent).await.unwrap_err();
    assert!(matches!(error, LoginError::Loopback(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclear_answer_to_the_look_changes_nothing() {
    let unclear = [
        Scripted::Drop,
        Scripted::Garbage(b"<html>".to_vec()),
        answer(403, "application/json", r#"{"error":"insufficient_scope"}"#),
        answer(503, "text/plain", "later"),
        answer(
            200,
            "application/json",
            json!({ "client_id": "somebody-else" }),
        ),
        Scripted::Redirect(307, "http://127.0.0.1:9/register".to_owned()),
    ];
    let world = world();
    log_in(&world).await;
    let (place, before) = (lookup(&world), kept(&world));
    let cases = unclear.len();
    for fault in unclear {
        world.server.script(&place, vec![fault]);
        log_in(&world).await;
    }
    assert_eq!(
        (world.server.count(&place), world.server.count("/register")),
        (cases, 1)
    );
    assert!(kept(&world) == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_has_changed_is_kept() {
    let world = confidential();
    log_in(&world).await;
    let (place, before) = (lookup(&world), kept(&world));
    let token = canary();
    let mut changed = json!({ "client_id": before["client_id"], "client_secret": before["client_secret"],
        "client_secret_expires_at": world.clock.now() + 86_400, "registration_access_token": token });
    world.server.script(
        &place,
        vec![answer(200, "application/json", changed.take())],
    );
    log_in(&world).await;
    let after = kept(&world)["registration"].clone();
    assert_eq!(after["access_token"], token);
    assert_eq!(after["secret_expires_at"], world.clock.now() + 86_400);
    for (path, bytes) in world.vault_bytes() {
        assert_eq!(Scanner::new(&[&token]).scan(&bytes), [], "{path:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_says_of_another_client_is_not_taken() {
    let world = confidential();
    log_in(&world).await;
    let (place, before) = (lookup(&world), kept(&world));
    let mut foreign = json!({ "client_id": "somebody-else", "client_secret": canary(),
        "client_secret_expires_at": 0, "registration_access_token": canary() });
    world.server.script(
        &place,
        vec![answer(200, "application/json", foreign.take())],
    );
    log_in(&world).await;
    assert_eq!(world.server.count(&place), 1);
    assert!(kept(&world) == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_a_registration_goes_to_its_server_only() {
    let (world, elsewhere) = (world(), world());
    log_in(&world).await;
    let mut record = kept(&world);
    let token = record["registration"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    // What the answer said of another place is not followed.
    let place = format!("{}/register/x", elsewhere.server.url());
    record["registration"]["management"] = place.into();
    put_back(&world, &record);
    log_in(&world).await;
    assert_eq!(elsewhere.server.log().len(), 0);
    // The negative control: at its own place it is sent.
    record["registration"]["management"] = format!("{}/register/x", world.server.url()).into();
    put_back(&world, &record);
    log_in(&world).await;
    let seen = format!("{:?}", world.server.log());
    assert_ne!(Scanner::new(&[&token]).scan(seen.as_bytes()), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_whose_client_is_forgotten_is_healed_by_the_next_login() {
    let world = confidential();
    log_in(&world).await;
    let first = world.record()["client"]["client_id"].clone();
    world.server.set(Switch::ForgetRegistrations);
    world.clock.advance(3_600);
    let broker = world.broker();
    let refused = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("invalid_client"),
        "{refused:?}"
    );
    // Neither `--force` nor `--reset` is needed.
    let plain = LoginRequest {
        replace: Replace::IfBroken,
        ..anybody()
    };
    let outcome = broker
        .login(&plain, &FakePerson::approving())
        .await
        .unwrap();
    assert!(matches!(outcome, LoginOutcome::LoggedIn(_)), "{outcome:?}");
    assert_ne!(world.record()["client"]["client_id"], first);
    assert_eq!(all_kept(&world).len(), 1);
    world.clock.advance(3_600);
    broker.resolve(&target(), None).await.unwrap();
}
