//! A client that a person has chosen comes before any that could be registered.

use authkeep_core::{Broker, Environment, LoginRequest, Replace};
use secrecy::SecretString;

use super::{all_kept, anybody, kept, log_in, world};
use crate::fakes::{CLIENT, FakePerson, World, request};

fn client_id(world: &World) -> String {
    world.record()["client"]["client_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn reset(world: &World) {
    let reset = LoginRequest {
        replace: Replace::AlwaysWithNewClient,
        ..anybody()
    };
    let person = FakePerson::approving();
    world.broker().login(&reset, &person).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_named_or_entered_is_used_and_none_is_registered() {
    let world = world();
    let named = FakePerson::approving();
    world.broker().login(&request(), &named).await.unwrap();
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 0);
    assert_eq!(client_id(&world), "test-client");
    // The negative control: without it one is registered. It takes the other one's place.
    reset(&world).await;
    assert_eq!(world.server.count("/register"), 1);
    assert_ne!(client_id(&world), "test-client");
    assert!(world.stored(CLIENT).is_null());
    log_in(&world).await;
    assert_eq!(world.server.count("/register"), 1);
    assert_eq!(client_id(&world), kept(&world)["client_id"]);
}

/// The broker of somebody with these variables.
fn with_environment(world: &World, variables: &'static [(&str, &str)]) -> Broker {
    let environment = Environment::new(|wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| SecretString::from(*value))
    });
    world.broker().with_environment(environment)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_in_the_environment_is_used_and_none_is_registered() {
    let set = &[("ACME_CLIENT_ID", "test-client")];
    let world = world();
    // The person reads the variable; whoever is asked answers with it.
    let person = FakePerson::approving().answering(&["test-client"]);
    let broker = with_environment(&world, set);
    broker.login(&anybody(), &person).await.unwrap();
    assert_eq!(person.questions()[0].variables, ["ACME_CLIENT_ID"]);
    assert_eq!(
        (world.server.count("/register"), client_id(&world)),
        (0, "test-client".to_owned())
    );
    assert!(all_kept(&world).is_empty());
    assert_eq!(world.stored(CLIENT)["client_id"], "test-client");

    // The negative control: a variable that is set to nothing is not set.
    let world = super::world();
    let broker = with_environment(&world, &[("ACME_CLIENT_ID", " ")]);
    broker
        .login(&anybody(), &FakePerson::approving())
        .await
        .unwrap();
    assert_eq!(world.server.count("/register"), 1);
    // One that is registered already does not stand in the way of it either.
    let person = FakePerson::approving().answering(&["test-client"]);
    let broker = with_environment(&world, set);
    broker.login(&anybody(), &person).await.unwrap();
    assert_eq!(client_id(&world), "test-client");
}
