//! Registration for logins by device code and for clients that are their own users.

use authkeep_core::{
    AskError, BoxFuture, BrowserUrl, Event, FieldRequest, Interaction, Launch, LoginRequest,
    Replace,
};
use authkeep_registry::Flow;
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::oauth_server::{Client, ClientGrant, ServerOptions, Switch};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{all_kept, anybody, kept, log_in};
use crate::fakes::{CLIENT, FakePerson, World, target};

/// Approves with another device whatever code is shown.
#[derive(Debug)]
struct OnThePhone(FakePerson);

impl Interaction for OnThePhone {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        self.0.open_url(url)
    }

    fn ask<'a>(&'a self, field: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        self.0.ask(field)
    }

    fn tell(&self, event: &Event) {
        self.0.tell(event);
        if let Event::DeviceCode(prompt) = event {
            let url = prompt
                .verification_uri_complete
                .as_ref()
                .unwrap()
                .to_string();
            std::thread::spawn(move || follow(&url, Person::Approve).unwrap());
        }
    }
}

fn by(flow: Flow) -> LoginRequest {
    LoginRequest {
        flow: Some(flow),
        ..anybody()
    }
}

/// Logs in without a browser and without a question; returns the client's id.
async fn log_in_by(world: &World, request: &LoginRequest) -> Value {
    let person = OnThePhone(FakePerson::idle());
    world.broker().login(request, &person).await.unwrap();
    assert!(person.0.urls().is_empty() && person.0.questions().is_empty());
    world.record()["client"]["client_id"].clone()
}

/// The metadata of the registrations that were asked for.
fn asked(world: &World) -> Vec<Value> {
    let log = world.server.log();
    let registrations = log.iter().filter(|seen| seen.path == "/register");
    registrations.map(|seen| seen.json.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_registers_a_client_of_its_own_and_again_when_it_is_forgotten() {
    let world = super::world();
    world.define(&world.server.device_definition("acme"));
    let request = by(Flow::DeviceCode);
    let first = log_in_by(&world, &request).await;
    assert_eq!(log_in_by(&world, &request).await, first);
    let metadata = asked(&world);
    assert_eq!(metadata.len(), 1);
    assert_eq!(
        metadata[0]["grant_types"],
        json!([
            "urn:ietf:params:oauth:grant-type:device_code",
            "refresh_token"
        ])
    );
    assert!(
        metadata[0].get("redirect_uris").is_none(),
        "nobody comes back"
    );
    // A browser's client is another one, and both are kept.
    log_in(&world).await;
    assert_ne!(world.record()["client"]["client_id"], first);
    assert_eq!(all_kept(&world).len(), 2);

    world.server.set(Switch::ForgetRegistrations);
    assert_ne!(log_in_by(&world, &request).await, first);
    assert_eq!(asked(&world).len(), 3);
}

fn robots() -> World {
    World::with(ServerOptions {
        clients: vec![Client::basic(
            "robot",
            "cnry_00112233445566778899aabbccddeeff",
        )],
        client_grant: Some(ClientGrant::standard()),
        registration: true,
        ..ServerOptions::default()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_its_own_user_registers_itself_and_again_when_it_is_forgotten() {
    let world = robots();
    let request = by(Flow::ClientCredentials);
    let first = log_in_by(&world, &request).await;
    assert_eq!(log_in_by(&world, &request).await, first);
    let metadata = asked(&world);
    assert_eq!(metadata.len(), 1);
    assert_eq!(metadata[0]["grant_types"], json!(["client_credentials"]));
    assert_eq!(
        metadata[0]["token_endpoint_auth_method"],
        "client_secret_basic"
    );
    assert_eq!(kept(&world)["client_id"], first);
    // The client buys the next token too.
    world.clock.advance(3_600);
    world.broker().resolve(&target(), None).await.unwrap();

    world.server.set(Switch::ForgetRegistrations);
    world.clock.advance(3_600);
    assert!(world.broker().resolve(&target(), None).await.is_err());
    let plain = LoginRequest {
        replace: Replace::IfBroken,
        ..by(Flow::ClientCredentials)
    };
    assert_ne!(log_in_by(&world, &plain).await, first);
    assert_eq!(asked(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_client_is_left_alone_by_logins_without_a_person() {
    let world = robots();
    let entered = json!({ "schema_version": 1, "client_id": "entered", "pinned": {} });
    world.put(CLIENT, &entered);
    let reset = LoginRequest {
        replace: Replace::AlwaysWithNewClient,
        ..by(Flow::ClientCredentials)
    };
    log_in_by(&world, &reset).await;
    assert!(world.stored(CLIENT) == entered);
}
