//! When a stored token is good enough, and when it has to be renewed.

use std::time::Duration;

use authkeep_core::ResolveError;
use authkeep_testkit::oauth_server::{Rotation, Scripted, ServerOptions, Switch};
use serde_json::json;

use crate::fakes::{World, answer, target, token};

/// A login whose token lives for `ttl` seconds, `age` seconds ago.
async fn aged(ttl: u64, age: i64) -> (World, authkeep_core::Broker) {
    let world = World::with(ServerOptions {
        access_token_ttl: Some(ttl),
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await;
    world.clock.advance(age);
    (world, broker)
}

#[tokio::test]
async fn a_token_is_renewed_when_a_tenth_of_its_life_is_left_and_at_most_five_minutes() {
    for (ttl, age, requests) in [
        (3_600, 0, 1),
        (3_600, 3_299, 1),
        (3_600, 3_300, 2),
        (3_600, 3_600, 2),
        (3_600, 1_000_000, 2),
        (86_400, 86_099, 1),
        (86_400, 86_100, 2),
        (1_000, 899, 1),
        (1_000, 900, 2),
        (60, 53, 1),
        (60, 54, 2),
        (10, 8, 1),
        (10, 9, 2),
        (1, 0, 1),
        (1, 1, 2),
    ] {
        let (world, broker) = aged(ttl, age).await;
        for _ in 0..3 {
            // However often it is asked for: once at most.
            broker.resolve(&target(), None).await.unwrap();
        }
        assert_eq!(world.token_requests(), requests, "life {ttl}, age {age}");
    }
}

#[tokio::test]
async fn a_caller_may_ask_for_more_life() {
    let (world, broker) = aged(3_600, 1_000).await;
    let minutes = |m: u64| Some(Duration::from_secs(60 * m));
    broker.resolve(&target(), minutes(43)).await.unwrap();
    assert_eq!(world.token_requests(), 1);
    broker.resolve(&target(), minutes(44)).await.unwrap();
    assert_eq!(world.token_requests(), 2);
    assert!(
        broker
            .resolve_from_vault(&target(), minutes(59))
            .unwrap()
            .is_some()
    );
    // More than it was ever given is had only from a token that is new: after a tenth of its life, and not at
    // every call.
    let more = |minutes_later: i64, renewed: bool| {
        world.clock.advance(60 * minutes_later);
        let from_vault = broker.resolve_from_vault(&target(), minutes(61)).unwrap();
        assert_eq!(from_vault.is_none(), renewed);
    };
    more(4, false);
    more(1, true);
}

#[tokio::test]
async fn a_token_without_an_end_is_never_renewed_by_itself() {
    let world = World::with(ServerOptions {
        access_token_ttl: None,
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await;
    world.clock.advance(10 * 365 * 86_400);
    broker
        .resolve(&target(), Some(Duration::from_secs(600)))
        .await
        .unwrap();
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn a_clock_that_jumps_costs_one_refresh_and_never_a_loop() {
    for jumps in [
        vec![-3_600],
        vec![-86_400 * 365],
        vec![3_600],
        vec![3_600, -3_600],
        vec![86_400 * 365 * 11, -86_400 * 365 * 11],
        vec![-60],
        vec![-200],
    ] {
        let (world, broker) = aged(3_600, 0).await;
        let mut before = world.token_requests();
        for jump in &jumps {
            world.clock.advance(*jump);
            for _ in 0..5 {
                broker.resolve(&target(), None).await.unwrap();
            }
            let after = world.token_requests();
            assert!(
                after - before <= 1,
                "{jumps:?}: {} refreshes",
                after - before
            );
            before = after;
        }
        // Whatever happened, the life that is left is believable again.
        let left = broker.show(&target()).unwrap().expires_at().unwrap();
        assert!(
            left.as_second() - world.clock.now() <= 3_600 + 300,
            "{jumps:?}"
        );
    }
}

#[tokio::test]
async fn what_the_server_says_while_the_token_is_valid_does_not_take_it_away() {
    let oauth_error = |error: &str| json!({ "error": error, "error_description": "no" });
    let json = "application/json";
    let failures = [
        (answer(408, json, "{}"), true),
        (answer(429, json, oauth_error("slow_down")), true),
        (answer(500, json, oauth_error("invalid_grant")), true),
        (answer(502, "text/html", "<html>invalid_grant</html>"), true),
        (answer(503, "text/plain", "busy"), true),
        (answer(504, json, ""), true),
        (answer(200, "text/html", "<!doctype html>log in"), true),
        (answer(403, "text/html", "<html>blocked</html>"), true),
        (answer(200, json, ""), true),
        (answer(200, json, "{\"access_token\":"), true),
        (answer(200, json, "{}"), true),
        (answer(400, json, "{}"), true),
        (
            answer(400, json, oauth_error("temporarily_unavailable")),
            true,
        ),
        (
            answer(200, json, json!({"ok": false, "error": "ratelimited"})),
            true,
        ),
        (answer(401, json, oauth_error("invalid_client")), false),
        (answer(400, json, oauth_error("invalid_scope")), false),
        (
            Scripted::Redirect(302, "https://log-in.test/".to_owned()),
            true,
        ),
        (Scripted::Drop, true),
        (Scripted::Hang, true),
        (Scripted::Garbage(vec![0xff; 100]), true),
        (
            Scripted::Huge(
                100_000_000,
                authkeep_testkit::oauth_server::Framing::Chunked,
            ),
            true,
        ),
    ];
    let count = failures.len();
    for (fault, passes) in failures {
        let world = World::new();
        drop(world.logged_in().await);
        let broker = world.impatient_broker();
        let stored = world.login();
        let old = stored["access_token"].as_str().unwrap().to_owned();

        world.clock.advance(3_400);
        world.script([fault.clone()]);
        let served = broker.resolve(&target(), None).await.unwrap();
        assert_eq!(token(&broker, served), old, "{fault:?}");
        assert_eq!(world.token_requests(), 2, "{fault:?}");

        world.clock.advance(200);
        world.script([fault.clone(), fault.clone()]);
        let error = broker.resolve(&target(), None).await.unwrap_err();
        let ResolveError::Refresh { error, .. } = error else {
            panic!("{fault:?}: {error:?}");
        };
        assert_eq!(error.may_pass(), passes, "{fault:?}: {error:?}");
        // One asked for a renewal gets the failure, valid token or not.
        assert!(broker.renew(&target()).await.is_err());
        assert_eq!(world.login(), stored, "{fault:?}");

        // And when the server is well again, so is everything.
        let renewed = broker.resolve(&target(), None).await.unwrap();
        assert_ne!(token(&broker, renewed), old);
    }
    println!("figure: {count} failures, {count} valid tokens served, 0 records changed");
}

#[tokio::test]
async fn a_renewal_that_was_asked_for_happens_at_once() {
    let (world, broker) = aged(3_600, 0).await;
    let before = world.record();
    world.server.set(Switch::Rotation(Rotation::Rotate));
    broker.renew(&target()).await.unwrap();
    assert_eq!(world.token_requests(), 2);
    assert_ne!(world.record()["refresh_token"], before["refresh_token"]);
}
