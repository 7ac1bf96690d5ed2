//! Many at once on one login.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authkeep_core::{Broker, BrokerParts, RefreshError, ResolveError};
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::Scripted;
use authkeep_vault::{EntryKey, Store};
use serde_json::json;

use super::stores::{Clobbering, Unguarded};
use crate::fakes::{CONNECTION, FakePerson, World, request, target, token};

fn on(world: &World, store: Arc<dyn Store>) -> Broker {
    Broker::new(BrokerParts {
        store,
        ..world.parts()
    })
}

/// 16 tasks on two handles and 8 threads with a handle and a runtime each ask at the same time. Returns how
/// many of them got a token that the server honours, and how many failed.
async fn everybody(world: &World, open: fn(&World) -> Arc<dyn Store>) -> (usize, usize) {
    let brokers = [on(world, open(world)), on(world, open(world))];
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let broker = on(world, open(world));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let outcome = runtime.block_on(broker.resolve(&target(), None));
                outcome.map(|connection| token(&broker, connection))
            })
        })
        .collect();
    let tasks: Vec<_> = (0..16)
        .map(|i: usize| {
            let broker = brokers[i % 2].clone();
            tokio::spawn(async move {
                let outcome = broker.resolve(&target(), None).await;
                outcome.map(|connection| token(&broker, connection))
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    for thread in threads {
        let joined = tokio::task::spawn_blocking(move || thread.join().unwrap());
        outcomes.push(joined.await.unwrap());
    }
    let good = outcomes
        .iter()
        .flatten()
        .filter(|t| world.server.token_is_active(t))
        .count();
    (good, outcomes.len() - good)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_request_serves_everybody() {
    let started = Instant::now();
    const ROUNDS: usize = 5;
    let world = World::new();
    drop(world.logged_in().await);
    for round in 1..=ROUNDS {
        world.clock.advance(3_600);
        world.script([Scripted::Delay(50)]);
        let outcome = everybody(&world, |world| Arc::new(world.store())).await;
        assert_eq!(outcome, (24, 0), "round {round}");
        assert_eq!(world.token_requests(), 1 + round);
    }
    println!(
        "figure: {ROUNDS} rounds of 24 callers, {ROUNDS} token requests, {:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_lock_the_login_is_lost() {
    // The negative control: the same callers, and locks that lock nothing.
    let world = World::new();
    drop(world.logged_in().await);
    world.clock.advance(3_600);
    // Long enough for the last of them to come before the first is done, on a busy machine too.
    world.script(vec![Scripted::Delay(700); 24]);
    let (good, _) = everybody(&world, |world| Arc::new(Unguarded(world.store()))).await;
    assert!(world.token_requests() > 2);
    assert_eq!(good, 0, "reuse detection ends the whole family");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_waited_learns_of_the_refusal_without_asking_again() {
    let world = World::new();
    drop(world.logged_in().await);
    world.clock.advance(3_600);
    world.server.revoke_everything();
    world.script([Scripted::Delay(100)]);
    let outcome = everybody(&world, |world| Arc::new(world.store())).await;
    assert_eq!(outcome, (0, 24));
    assert_eq!(world.token_requests(), 2, "the login and one refresh");
}

#[tokio::test]
async fn whoever_cannot_get_the_lock_asks_for_nothing() {
    let world = World::new();
    let broker = world
        .logged_in()
        .await
        .with_lock_patience(Duration::from_millis(400));
    let key = EntryKey::new(CONNECTION).unwrap();
    let other = world.store();
    let held = other.lock(&key, Duration::ZERO).unwrap();
    world.clock.advance(3_400);
    // The token is still valid: it is served meanwhile.
    broker.resolve(&target(), None).await.unwrap();
    world.clock.advance(3_600);
    let started = Instant::now();
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::Busy { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert!(broker.logout(&target()).await.is_err());
    assert_eq!(world.token_requests(), 1);
    drop(held);
    broker.resolve(&target(), None).await.unwrap();
    assert_eq!(world.token_requests(), 2);
}

#[tokio::test]
async fn a_caller_that_gives_up_waiting_leaves_nothing_behind() {
    let world = World::new();
    let key = EntryKey::new(CONNECTION).unwrap();
    let other = world.store();
    drop(world.logged_in().await);
    world.clock.advance(3_600);
    let held = other.lock(&key, Duration::ZERO).unwrap();
    let broker = world.broker();
    let started = Instant::now();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_millis(100), broker.resolve(&target(), None)).await
        })
        // The runtime ends here, and waits for every thread that it lent out.
    });
    assert!(thread.join().unwrap().is_err());
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_during_a_refresh_is_the_one_that_stays() {
    for _ in 0..10 {
        let world = World::new();
        let broker = world.logged_in().await;
        world.clock.advance(3_600);
        world.script([Scripted::Delay(60)]);
        let refreshing = tokio::spawn({
            let broker = world.broker();
            async move { broker.resolve(&target(), None).await }
        });
        while world.token_requests() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let person = FakePerson::approving();
        broker.login(&request(), &person).await.unwrap();
        refreshing.await.unwrap().unwrap();
        // The login's exchange came after the refresh, and so did its save.
        let log = world.server.log();
        let exchange = log.iter().rfind(|seen| seen.path == "/token").unwrap();
        assert_eq!(exchange.field("grant_type"), Some("authorization_code"));
        assert_eq!(world.record().get("refreshed_at"), None);
        let stored = world.record()["refresh_token"].as_str().unwrap().to_owned();
        assert!(world.server.token_is_active(&stored));
    }
}

/// Puts somebody else's newer login in place while a refresh is under way, past the lock.
async fn overtaken(world: &World, store: Arc<dyn Store>, newer: serde_json::Value) -> Broker {
    let broker = on(world, store);
    world.clock.advance(3_600);
    world.script([Scripted::Delay(200)]);
    let refreshing = tokio::spawn({
        let broker = broker.clone();
        async move { broker.resolve(&target(), None).await }
    });
    while world.token_requests() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.put(CONNECTION, &newer);
    drop(refreshing.await.unwrap());
    broker
}

#[tokio::test]
async fn a_newer_record_is_never_overwritten_and_is_what_the_caller_gets() {
    let newer = |world: &World| {
        let mut record = world.record();
        record["access_token"] = json!(canary());
        record["obtained_at"] = json!("2027-01-15T09:00:00Z");
        record["expires_at"] = json!("2027-01-15T19:00:00Z");
        record
    };
    let world = World::new();
    drop(world.logged_in().await);
    let theirs = newer(&world);
    let broker = overtaken(&world, Arc::new(world.store()), theirs.clone()).await;
    assert_eq!(world.record(), theirs);
    let served = broker.resolve(&target(), None).await.unwrap();
    assert_eq!(json!(token(&broker, served)), theirs["access_token"]);

    // The negative control: without compare-and-swap theirs would be gone.
    let world = World::new();
    drop(world.logged_in().await);
    let theirs = newer(&world);
    overtaken(&world, Arc::new(Clobbering(world.store())), theirs.clone()).await;
    assert_ne!(world.record(), theirs);
}
