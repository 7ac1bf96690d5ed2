//! What another version stored survives this one.

use authkeep_core::{LookupError, RecordError, ResolveError};
use serde_json::json;

use crate::fakes::{CLIENT, CONNECTION, World, target};

#[tokio::test]
async fn unknown_fields_survive_a_refresh() {
    let world = World::new();
    let broker = world.logged_in().await;
    let mut record = world.record();
    record["later"] = json!({"a": [1, {"b": null}]});
    record["pinned"]["later"] = json!("https://later.test");
    world.put(CONNECTION, &record);
    broker.renew(&target()).await.unwrap();
    let after = world.record();
    assert_ne!(after["access_token"], record["access_token"]);
    assert_eq!(after["later"], record["later"]);
    assert_eq!(after["pinned"], record["pinned"]);
}

#[tokio::test]
async fn a_record_of_a_newer_shape_is_named_and_left_alone() {
    let world = World::new();
    let broker = world.logged_in().await;
    let mut record = world.record();
    record["schema_version"] = json!(2);
    record["verdict"] = json!("something new");
    world.put(CONNECTION, &record);
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ResolveError::Lookup(LookupError::Record(RecordError::Newer { found: 2, .. }))
        ),
        "{error:?}"
    );
    assert_eq!(world.record(), record);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_without_its_text() {
    let world = World::new();
    let broker = world.logged_in().await;
    let secret = authkeep_testkit::canary::canary();
    for key in [CONNECTION, CLIENT] {
        let whole = world.stored(key);
        world.put(
            key,
            &json!({"schema_version": 1, "access_token": [secret], "client_id": [secret]}),
        );
        world.clock.advance(3_600);
        let error = broker.resolve(&target(), None).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains(&secret), "{said}");
        assert_eq!(world.token_requests(), 1);
        world.put(key, &whole);
    }
}
