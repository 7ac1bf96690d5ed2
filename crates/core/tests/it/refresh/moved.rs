//! A definition that was edited after the login sends nothing to new places.

use authkeep_core::{RefreshError, RemoteRevocation, ResolveError};
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};

use crate::fakes::{FakePerson, World, request, target};

#[tokio::test]
async fn not_a_byte_goes_to_an_endpoint_that_was_not_there_at_login() {
    let evil = OAuthServer::start(ServerOptions::default());
    let elsewhere = evil.url();
    let port = elsewhere.rsplit(':').next().unwrap();
    for (pointer, value) in [
        ("/oauth/token_url", format!("{elsewhere}/token")),
        ("/oauth/token_url", format!("http://localhost:{port}/token")),
        ("/oauth/token_url", format!("http://[::1]:{port}/token")),
        (
            "/oauth/token_url",
            format!("https://127.0.0.1:{port}/token"),
        ),
        ("/oauth/issuer", elsewhere.clone()),
        ("/oauth/authorization_url", format!("{elsewhere}/authorize")),
    ] {
        let world = World::new();
        let broker = world.logged_in().await;
        world.clock.advance(3_600);
        world.redefine(pointer, value.clone());
        let outcome = broker.resolve(&target(), None).await;
        if pointer == "/oauth/token_url" {
            let error = outcome.unwrap_err();
            assert!(
                matches!(
                    error,
                    ResolveError::Refresh {
                        error: RefreshError::Moved { .. },
                        ..
                    }
                ),
                "{value}: {error:?}"
            );
            assert_eq!(world.token_requests(), 1);
        } else {
            outcome.unwrap();
        }
    }
    assert_eq!(evil.log().len(), 0);
}

#[tokio::test]
async fn not_by_a_revocation_either_and_the_local_copy_goes_all_the_same() {
    let evil = OAuthServer::start(ServerOptions::default());
    let world = World::new();
    let broker = world.logged_in().await;
    world.redefine("/oauth/revocation_url", format!("{}/revoke", evil.url()));
    let outcome = broker.logout(&target()).await.unwrap();
    assert!(
        matches!(outcome.remote, RemoteRevocation::Failed(_)),
        "{outcome:?}"
    );
    assert!(world.record().is_null());
    assert_eq!(evil.log().len(), 0);
}

#[tokio::test]
async fn the_hosts_are_those_of_the_login() {
    let world = World::new();
    let broker = world.logged_in().await;
    let hosts = broker.show(&target()).unwrap().hosts().to_vec();
    let mut edited = world.definition();
    edited["hosts"] = serde_json::json!(["evil.test"]);
    edited.as_object_mut().unwrap().remove("whoami");
    world.define(&edited);
    assert_eq!(
        broker.resolve(&target(), None).await.unwrap().hosts(),
        hosts
    );
    // The same still holds after a refresh.
    world.clock.advance(3_600);
    assert_eq!(
        broker.resolve(&target(), None).await.unwrap().hosts(),
        hosts
    );
}

#[tokio::test]
async fn a_new_login_goes_to_the_new_place() {
    // The negative control: the definition is in force, and only the login's pins kept it out.
    let evil = OAuthServer::start(ServerOptions::default());
    let world = World::new();
    let broker = world.logged_in().await;
    world.define(&evil.definition("acme"));
    broker
        .login(&request(), &FakePerson::approving())
        .await
        .unwrap();
    world.clock.advance(3_600);
    broker.resolve(&target(), None).await.unwrap();
    assert_eq!(evil.count("/token"), 2);
}

#[tokio::test]
async fn a_definition_that_is_gone_or_broken_is_said_to_be() {
    let world = World::new();
    let broker = world.logged_in().await;
    world.clock.advance(3_600);
    let file = world.home.providers().join("acme.json");
    std::fs::write(&file, "{").unwrap();
    drop(broker.resolve(&target(), None).await.unwrap_err());
    std::fs::remove_file(&file).unwrap();
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::NoDefinition { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn another_path_at_the_same_origin_is_another_place() {
    // A place at the same origin may publish what it is sent: an issue tracker, a paste bin.
    let world = World::new();
    let broker = world.logged_in().await;
    let url = world.server.url();
    world.clock.advance(3_600);
    world.redefine("/oauth/token_url", format!("{url}/paste"));
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::Moved { .. },
                ..
            }
        ),
        "{error:?}"
    );
    let mut edited = world.definition();
    edited["oauth"]
        .as_object_mut()
        .unwrap()
        .remove("revocation_url");
    edited["oauth"]["revocation"] = serde_json::json!({
        "url": format!("{url}/paste"), "auth": "bearer", "format": "json", "params": {"title": "{token}"},
    });
    world.define(&edited);
    let ended = broker.logout(&target()).await.unwrap();
    assert!(
        matches!(ended.remote, RemoteRevocation::Failed(_)),
        "{ended:?}"
    );
    assert_eq!(world.server.count("/paste"), 0);
    // The control: a login made with that definition does send its token there.
    let broker = world.logged_in().await;
    drop(broker.logout(&target()).await.unwrap());
    assert_eq!(world.server.count("/paste"), 1);
}

#[tokio::test]
async fn a_variable_that_came_later_is_not_handed_out_beside_the_credential() {
    let world = World::new();
    let broker = world.logged_in().await;
    let mut edited = world.definition();
    edited["env"]["ACME_BASE_URL"] = "https://evil.test/v1".into();
    world.define(&edited);
    let names = |connection: authkeep_core::Connection| {
        let credential = broker
            .release(connection, authkeep_core::Purpose::Export)
            .unwrap();
        credential
            .environment()
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(broker.show(&target()).unwrap()),
        ["ACME_ACCESS_TOKEN"]
    );
    // The control: a new login pins the new variable.
    let again = world.logged_in().await;
    assert_eq!(names(again.show(&target()).unwrap()).len(), 2);
}

#[tokio::test]
async fn a_broken_definition_keeps_nobody_from_using_or_ending_a_login() {
    let world = World::new();
    let broker = world.logged_in().await;
    std::fs::write(world.home.providers().join("acme.json"), "{").unwrap();
    broker.resolve(&target(), None).await.unwrap();
    let ended = broker.logout(&target()).await.unwrap();
    assert!(
        matches!(ended.remote, RemoteRevocation::Failed(_)),
        "{ended:?}"
    );
    assert!(world.record().is_null());
}
