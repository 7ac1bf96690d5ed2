//! The shapes that a good answer has: what it does not mention stays, what it does mention is kept, and the next
//! refresh goes on from there.

use authkeep_testkit::canary::canary;
use serde_json::{Value, json};

use crate::fakes::{World, answer, target, token};

/// A field of the answer, and what becomes of it.
struct Shape {
    name: &'static str,
    field: Option<(&'static str, Value)>,
    /// The refresh token that the next refresh sends; `None`: the one from the login.
    next: Option<String>,
    scopes: &'static [&'static str],
    lifetime: Option<i64>,
}

const ASKED: &[&str] = &["read", "write"];

fn shape(name: &'static str, field: Option<(&'static str, Value)>) -> Shape {
    Shape {
        name,
        field,
        next: None,
        scopes: ASKED,
        lifetime: Some(600),
    }
}

/// `old` stands for the refresh token from the login.
fn shapes(old: &str) -> Vec<Shape> {
    let new = canary();
    let refresh_token = |value: Value| Some(("refresh_token", value));
    let scope = |value: &str| Some(("scope", json!(value)));
    let expires_in = |value: Value| Some(("expires_in", value));
    vec![
        shape("no refresh token", None),
        shape("an empty refresh token", refresh_token(json!(""))),
        shape("null for a refresh token", refresh_token(Value::Null)),
        shape("the same refresh token", refresh_token(json!(old))),
        Shape {
            next: Some(new.clone()),
            ..shape("a new refresh token", refresh_token(json!(new)))
        },
        Shape {
            scopes: &["read"],
            ..shape("a narrower scope", scope("read"))
        },
        Shape {
            scopes: &["read", "write", "admin"],
            ..shape("a wider scope", scope("read write admin"))
        },
        shape("the same scope", scope("read write")),
        Shape {
            // As before: otherwise it would never be renewed again.
            lifetime: Some(3_600),
            ..shape("no lifetime", expires_in(Value::Null))
        },
        Shape {
            lifetime: Some(120),
            ..shape("a lifetime in a string", expires_in(json!("120")))
        },
    ]
}

/// The refresh token in the last request.
fn last_sent(world: &World) -> String {
    let log = world.server.log();
    let last = log.iter().rfind(|seen| seen.path == "/token").unwrap();
    last.field("refresh_token").unwrap().to_owned()
}

#[tokio::test]
async fn every_shape_of_a_good_answer_leaves_a_login_that_goes_on() {
    let mut good = 0;
    let count = shapes("").len();
    for at in 0..count {
        let world = World::new();
        let broker = world.logged_in().await;
        let old = world.record()["refresh_token"].as_str().unwrap().to_owned();
        let shape = shapes(&old).swap_remove(at);
        let name = shape.name;
        let mut body = json!({"access_token": canary(), "token_type": "Bearer", "expires_in": 600});
        if let Some((field, value)) = &shape.field {
            body[*field] = value.clone();
        }
        world.clock.advance(3_600);
        world.script([answer(200, "application/json", &body)]);
        let connection = broker.resolve(&target(), None).await.unwrap();
        assert_eq!(last_sent(&world), old, "{name}");
        assert_eq!(connection.scopes(), shape.scopes, "{name}");
        let now = world.clock.now();
        let expires_at = connection.expires_at().map(|at| at.as_second());
        assert_eq!(expires_at, shape.lifetime.map(|life| now + life), "{name}");
        let refreshed_at = connection.refreshed_at().unwrap();
        assert_eq!(refreshed_at.as_second(), now, "{name}");
        assert!(!connection.is_in_doubt() && connection.trouble().is_none());
        assert_eq!(token(&broker, connection), body["access_token"], "{name}");

        // The next refresh goes on with the right token, and that is all it needs.
        let next = json!({"access_token": canary(), "expires_in": 60});
        world.script([answer(200, "application/json", &next)]);
        let connection = broker.renew(&target()).await.unwrap();
        assert_eq!(last_sent(&world), shape.next.unwrap_or(old), "{name}");
        assert_eq!(connection.scopes(), shape.scopes, "{name}");
        assert_eq!(token(&broker, connection), next["access_token"], "{name}");
        assert_eq!(world.token_requests(), 3, "{name}");
        good += 1;
    }
    println!("figure: {good}/{count} shapes");
}

/// The control: with a record that takes every answer at its word, the empty refresh token would be the one that
/// is sent next. That it is looked at can be seen from a login that was given another one.
#[tokio::test]
async fn the_refresh_token_that_is_sent_is_the_stored_one() {
    let world = World::new();
    let broker = world.logged_in().await;
    let mut record = world.record();
    let other = canary();
    record["refresh_token"] = json!(other);
    world.put(crate::fakes::CONNECTION, &record);
    drop(broker.renew(&target()).await.unwrap_err());
    assert_eq!(last_sent(&world), other);
}
