//! Ending a login: told to the server, refresh token first; gone here in any case; never back.

use std::sync::Arc;
use std::time::Duration;

use authkeep_core::{Broker, BrokerParts, LogoutError, RemoteRevocation};
use authkeep_testkit::canary::Scanner;
use authkeep_testkit::oauth_server::{Framing, Scripted};
use serde_json::json;

use crate::fakes::{CLIENT, CONNECTION, World, answer, target};
use crate::process::torture;
use crate::refresh::stores::Lockless;

#[tokio::test]
async fn the_refresh_token_is_revoked_first_and_then_the_access_token() {
    let world = World::new();
    let broker = world.logged_in().await;
    let record = world.record();
    let outcome = broker.logout(&target()).await.unwrap();
    assert_eq!(outcome.remote, RemoteRevocation::Revoked);
    let log = world.server.log();
    let sent: Vec<_> = log
        .iter()
        .filter(|seen| seen.path == "/revoke")
        .map(|seen| {
            (
                json!(seen.field("token")),
                seen.field("token_type_hint").unwrap(),
            )
        })
        .collect();
    let expected = [
        (record["refresh_token"].clone(), "refresh_token"),
        (record["access_token"].clone(), "access_token"),
    ];
    assert_eq!(sent, expected);
    for (token, _) in expected {
        assert!(!world.server.token_is_active(token.as_str().unwrap()));
    }
    assert!(world.record().is_null());
    let error = broker.logout(&target()).await.unwrap_err();
    assert!(
        matches!(error, LogoutError::NotLoggedIn { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn whatever_the_server_answers_the_local_copy_goes() {
    let json = "application/json";
    let answers = [
        (answer(200, json, ""), true),
        (answer(204, json, ""), true),
        (answer(400, json, json!({"error": "invalid_token"})), true),
        (
            answer(400, json, json!({"error": "unsupported_token_type"})),
            false,
        ),
        (answer(401, json, json!({"error": "invalid_client"})), false),
        (answer(503, "text/html", "<html>"), false),
        (answer(404, "text/html", "<html>"), false),
        (
            Scripted::Redirect(308, "http://127.0.0.1:1/".to_owned()),
            false,
        ),
        (Scripted::Drop, false),
        (Scripted::Hang, false),
        (Scripted::Huge(10_000_000, Framing::Chunked), false),
        (Scripted::Garbage(vec![0; 1000]), true),
    ];
    let count = answers.len();
    for (fault, revoked) in answers {
        let world = World::new();
        drop(world.logged_in().await);
        let broker = world.impatient_broker();
        world
            .server
            .script("/revoke", vec![fault.clone(), fault.clone()]);
        let outcome = broker.logout(&target()).await.unwrap();
        let told = outcome.remote == RemoteRevocation::Revoked;
        assert_eq!(told, revoked, "{fault:?}: {:?}", outcome.remote);
        assert_eq!(
            world.server.count("/revoke"),
            2,
            "{fault:?}: both are tried"
        );
        assert!(world.record().is_null(), "{fault:?}");
        let said = format!("{outcome:?}");
        assert_eq!(
            Scanner::new(&world.server.secrets()).scan(said.as_bytes()),
            [],
            "{said}"
        );
    }
    println!("figure: {count} answers, 0 local copies left");
}

#[tokio::test]
async fn a_server_that_is_down_does_not_keep_the_login_here() {
    let world = World::new();
    let broker = world.logged_in().await;
    // Nobody listens on port 1; the pinned origin is moved along, as if the server had always been there.
    let nowhere = "http://127.0.0.1:1";
    let mut record = world.record();
    record["pinned"]["revocation"] = json!(nowhere);
    world.put(CONNECTION, &record);
    world.redefine("/oauth/revocation_url", format!("{nowhere}/revoke"));
    let outcome = broker.logout(&target()).await.unwrap();
    assert!(matches!(outcome.remote, RemoteRevocation::Failed(_)));
    assert!(world.record().is_null());
}

#[tokio::test]
async fn revoking_a_provider_ends_all_its_logins_and_forgets_the_client() {
    let world = World::new();
    let broker = world.logged_in().await;
    let mut other = crate::fakes::request();
    other.connection = "work".parse().unwrap();
    broker
        .login(&other, &crate::fakes::FakePerson::approving())
        .await
        .unwrap();
    let outcomes = broker.revoke(&"acme".parse().unwrap()).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.remote == RemoteRevocation::Revoked)
    );
    assert!(world.record().is_null() && world.stored(CLIENT).is_null());
    assert!(
        broker
            .revoke(&"acme".parse().unwrap())
            .await
            .unwrap()
            .is_empty()
    );
}

/// A refresh and a logout at nearly the same time. Returns whether a login was there afterwards, and how many
/// tokens the server still honours.
async fn race(world: &World, round: u64, refreshing: Broker, ending: Broker) -> (bool, usize) {
    drop(world.logged_in().await);
    world.clock.advance(3_600);
    world.script([Scripted::Delay(round % 7)]);
    let refresh = tokio::spawn(async move { refreshing.resolve(&target(), None).await });
    tokio::time::sleep(Duration::from_micros(700 * (round % 11))).await;
    let logout = tokio::spawn(async move { ending.logout(&target()).await });
    drop(refresh.await.unwrap());
    logout.await.unwrap().unwrap();
    let alive = world.server.secrets();
    let alive = alive
        .iter()
        .filter(|token| world.server.token_is_active(token));
    (!world.record().is_null(), alive.count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_refresh_brings_a_login_back() {
    let rounds = if torture() { 500 } else { 50 };
    let world = World::new();
    for round in 0..rounds {
        let outcome = race(&world, round, world.broker(), world.broker()).await;
        assert_eq!(outcome, (false, 0), "round {round}");
    }
    println!("figure: {rounds} interleavings, 0 logins back, 0 tokens alive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_refresh_brings_in_after_the_end_of_the_login_is_revoked() {
    assert_eq!(survivors(2).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_that_tokens_survive_the_logout() {
    // The negative control: the server hears of the logout's own tokens only.
    assert_eq!(survivors(4).await, 4);
}

/// In how many of four rounds the server still honours a token after a logout that did not wait for a refresh
/// which was under way. The server ignores the first few revocations of each round.
async fn survivors(ignored: usize) -> usize {
    let world = World::new();
    let lockless = || {
        Broker::new(BrokerParts {
            store: Arc::new(Lockless(world.store())),
            ..world.parts()
        })
    };
    let mut survived = 0;
    for _ in 0..4 {
        drop(world.logged_in().await);
        world.clock.advance(3_600);
        let ignored = vec![answer(200, "text/plain", ""); ignored];
        world.server.script("/revoke", ignored);
        // Time enough for the logout to be over before the refresh.
        world.script([Scripted::Delay(600)]);
        let refreshing = lockless();
        let refresh = tokio::spawn(async move { refreshing.resolve(&target(), None).await });
        while world.server.log().last().unwrap().field("grant_type") != Some("refresh_token") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lockless().logout(&target()).await.unwrap();
        drop(refresh.await.unwrap());
        let secrets = world.server.secrets();
        survived += usize::from(
            secrets
                .iter()
                .any(|token| world.server.token_is_active(token)),
        );
    }
    survived
}
