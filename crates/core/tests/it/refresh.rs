//! Renewal as one transaction: one request, saved before use, never in the way of somebody newer.

mod classification;
mod concurrent;
mod moved;
mod retries;
mod shapes;
pub(crate) mod stores;
mod window;

use authkeep_core::{RefreshError, ResolveError};
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::{Rotation, Scripted, ServerOptions};
use serde_json::{Value, json};

use self::stores::ReadOnly;
use crate::fakes::{World, answer, target, token};

#[tokio::test]
async fn the_new_tokens_are_in_the_vault_when_the_caller_gets_one() {
    let world = World::new();
    let broker = world.logged_in().await;
    let old = world.record();
    world.clock.advance(3_600);
    let connection = broker.resolve(&target(), None).await.unwrap();
    let new = world.record();
    assert_eq!(new["access_token"], json!(token(&broker, connection)));
    assert_ne!(new["access_token"], old["access_token"]);
    assert_ne!(new["refresh_token"], old["refresh_token"]);
    assert!(
        world
            .server
            .token_is_active(new["refresh_token"].as_str().unwrap())
    );
    for kept in [
        "provider",
        "flow",
        "obtained_at",
        "client_id",
        "pinned",
        "scopes_asked",
    ] {
        assert_eq!(new[kept], old[kept], "{kept}");
    }
}

#[tokio::test]
async fn what_could_not_be_saved_is_not_handed_out() {
    let world = World::new();
    drop(world.logged_in().await);
    let parts = world.parts();
    let broker = authkeep_core::Broker::new(authkeep_core::BrokerParts {
        store: std::sync::Arc::new(ReadOnly(world.store())),
        ..parts
    });
    world.clock.advance(3_600);
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::NotSaved { .. },
                ..
            }
        ),
        "{error:?}"
    );
    // Where the intent cannot be saved, nothing is sent.
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn what_the_answer_does_not_mention_stays() {
    let token = || json!({"access_token": canary(), "token_type": "Bearer", "expires_in": 60});
    let with = |name: &str, value: Value| {
        let mut answer = token();
        answer[name] = value;
        answer
    };
    let new = canary();
    let same = "the same";
    // The refresh token afterwards (null: as before) and the scopes afterwards.
    let table = [
        (token(), Value::Null, json!(["read", "write"])),
        (
            with("refresh_token", json!("")),
            Value::Null,
            json!(["read", "write"]),
        ),
        (
            with("refresh_token", Value::Null),
            Value::Null,
            json!(["read", "write"]),
        ),
        (
            with("refresh_token", json!(same)),
            Value::Null,
            json!(["read", "write"]),
        ),
        (
            with("refresh_token", json!(new)),
            json!(new),
            json!(["read", "write"]),
        ),
        (with("scope", json!("read")), Value::Null, json!(["read"])),
        (
            with("scope", json!("read write admin")),
            Value::Null,
            json!(["read", "write", "admin"]),
        ),
        (
            with("expires_in", json!("120")),
            Value::Null,
            json!(["read", "write"]),
        ),
    ];
    for (mut response, refresh_token, scopes) in table {
        let world = World::new();
        let broker = world.logged_in().await;
        let before = world.record();
        if response["refresh_token"] == same {
            response["refresh_token"] = before["refresh_token"].clone();
        }
        world.script([answer(200, "application/json", &response)]);
        broker.renew(&target()).await.unwrap();
        let after = world.record();
        let kept = match &refresh_token {
            Value::Null => &before["refresh_token"],
            new => new,
        };
        assert_eq!(&after["refresh_token"], kept, "{response}");
        assert_eq!(after["scopes"], scopes, "{response}");
        assert_eq!(after["access_token"], response["access_token"]);
    }
}

#[tokio::test]
async fn a_refused_login_is_marked_once_and_not_asked_for_again() {
    let world = World::new();
    let broker = world.logged_in().await;
    world.clock.advance(3_600);
    world.server.revoke_everything();
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::Refused { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(world.record()["verdict"], "reauth_required");
    for _ in 0..10 {
        let error = broker.resolve(&target(), None).await.unwrap_err();
        assert!(
            matches!(error, ResolveError::NeedsLogin { .. }),
            "{error:?}"
        );
        assert!(broker.renew(&target()).await.is_err());
    }
    assert_eq!(world.token_requests(), 2);
    // Nothing else of the record is lost, and a new login makes it good.
    assert!(world.record()["refresh_token"].is_string());
    drop(world.logged_in().await);
    broker.resolve(&target(), None).await.unwrap();
}

#[tokio::test]
async fn a_server_that_keeps_its_refresh_token_is_refreshed_time_and_again() {
    let world = World::with(ServerOptions {
        rotation: Rotation::Keep,
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await;
    for round in 2..7 {
        world.clock.advance(3_600);
        broker.resolve(&target(), None).await.unwrap();
        assert_eq!(world.token_requests(), round);
    }
}

#[tokio::test]
async fn a_lost_answer_ends_in_one_retry_and_a_clear_word() {
    // The server acted and nobody heard: with reuse detection the login is dead, and that is said once.
    let world = World::new();
    let broker = world.logged_in().await;
    world.clock.advance(3_600);
    world.script([Scripted::Lost]);
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::Refresh { error, .. } if error.may_pass()),
        "{error:?}"
    );
    drop(broker.resolve(&target(), None).await.unwrap_err());
    drop(broker.resolve(&target(), None).await.unwrap_err());
    assert_eq!(world.token_requests(), 3);
    assert_eq!(world.record()["verdict"], "reauth_required");

    // A server with a grace period forgives it.
    let world = World::with(ServerOptions {
        reuse_grace: Some(60),
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await;
    world.clock.advance(3_600);
    world.script([Scripted::Lost]);
    drop(broker.resolve(&target(), None).await.unwrap_err());
    broker.resolve(&target(), None).await.unwrap();
}
