//! Registrations beside each other: for each server and each way of logging in one, and none of them evicts another.

use serde_json::Value;

use super::{REGISTRATIONS, all_kept, kept, log_in, world};
use crate::fakes::World;

fn client(world: &World) -> Value {
    world.record()["client"]["client_id"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_server_and_each_redirect_has_a_client_of_its_own() {
    let (world, other) = (world(), world());
    let here = world.definition();
    let mut by_name = here.clone();
    by_name["oauth"]["redirect"] = "localhost".into();
    let there = other.definition();
    let mut clients = Vec::new();
    for _ in 0..2 {
        for definition in [&here, &by_name, &there] {
            world.define(definition);
            log_in(&world).await;
            clients.push(client(&world));
        }
    }
    assert_eq!(world.server.count("/register"), 2);
    assert_eq!(other.server.count("/register"), 1);
    assert_eq!(clients[..3], clients[3..]);
    assert!(clients[0] != clients[1] && clients[1] != clients[2]);
    assert_eq!(all_kept(&world).len(), 3);
    // The end of the provider's logins is the end of all its clients.
    let provider = "acme".parse().unwrap();
    world.broker().revoke(&provider).await.unwrap();
    assert!(all_kept(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_kept_before_there_were_slots_is_used() {
    let world = world();
    log_in(&world).await;
    // As it was written then.
    let (key, mut record) = all_kept(&world).remove(0);
    record["registration"]
        .as_object_mut()
        .unwrap()
        .remove("slot")
        .unwrap();
    world
        .broker()
        .revoke(&"acme".parse().unwrap())
        .await
        .unwrap();
    assert!(world.stored(&key).is_null());
    world.put(REGISTRATIONS, &record);
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 1);
    assert_eq!(client(&world), kept(&world)["client_id"]);
    // The negative control: it belongs to its own redirect, as always.
    world.redefine("/oauth/redirect", "localhost");
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 2);
    // And to its own server, which another tenant of the same host is not.
    world.redefine("/oauth/redirect", "loopback");
    let another = format!("{}/authorize?tenant=another", world.server.url());
    world.redefine("/oauth/authorization_url", another);
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 3);
}
