//! The OAuth client: asked for once, and its secret given to nobody but the server it was entered for.

use authkeep_core::{LoginError, RemoteRevocation, Replace};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{Client, OAuthServer, ServerOptions};
use serde_json::json;

use crate::fakes::{CLIENT, FakePerson, World, request, target};

fn confidential(secret: &str, client: fn(&str, &str) -> Client) -> ServerOptions {
    ServerOptions {
        clients: vec![client("app", secret)],
        ..ServerOptions::default()
    }
}

/// Everything that a server was sent.
fn seen(server: &OAuthServer) -> Vec<u8> {
    format!("{:?}", server.log()).into_bytes()
}

#[tokio::test]
async fn a_client_is_asked_for_once_and_its_secret_in_the_dark() {
    for kind in [Client::basic, Client::post] {
        let secret = canary();
        let world = World::with(confidential(&secret, kind));
        let broker = world.broker();
        let mut request = request();
        request.client_id = None;
        let person = FakePerson::approving().answering(&["app", &secret]);
        broker.login(&request, &person).await.unwrap();
        let [id, hidden] = &person.questions()[..] else {
            panic!("{:?}", person.questions());
        };
        assert!(!id.secret && hidden.secret);
        assert_eq!(hidden.variables, ["ACME_CLIENT_SECRET"]);
        // The second login asks nothing, and the refresh authenticates the same way.
        let person = FakePerson::approving();
        broker.login(&request, &person).await.unwrap();
        assert!(person.questions().is_empty());
        broker.renew(&target()).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_to_ask_is_an_error_that_names_the_variable_and_opens_nothing() {
    let world = World::with(confidential(&canary(), Client::post));
    let mut request = request();
    request.client_id = None;
    let person = FakePerson::approving();
    let error = world.broker().login(&request, &person).await.unwrap_err();
    assert!(
        matches!(&error, LoginError::ValueNeeded { variables, .. } if variables == &[["ACME_CLIENT_ID"], ["ACME_CLIENT_SECRET"]]),
        "{error:?}"
    );
    assert!(person.urls().is_empty());
}

#[tokio::test]
async fn a_saved_secret_is_not_offered_to_another_token_endpoint() {
    let secret = canary();
    let world = World::with(confidential(&secret, Client::post));
    let mut request = request();
    request.client_id = Some("app".to_owned());
    let person = FakePerson::approving().answering(&[&secret]);
    world.broker().login(&request, &person).await.unwrap();
    assert!(
        !Scanner::new(&[&secret])
            .scan(&seen(&world.server))
            .is_empty(),
        "the scanner sees"
    );

    // The definition now names another server: the login asks for a secret for it.
    let other = OAuthServer::start(confidential("its-own-secret", Client::post));
    world.define(&other.definition("acme"));
    let person = FakePerson::approving();
    let error = world.broker().login(&request, &person).await.unwrap_err();
    assert!(matches!(error, LoginError::ValueNeeded { .. }), "{error:?}");
    assert_eq!(other.count("/token"), 0);
    let person = FakePerson::approving().answering(&["its-own-secret"]);
    world.broker().login(&request, &person).await.unwrap();
    assert_eq!(Scanner::new(&[&secret]).scan(&seen(&other)), []);
}

#[tokio::test]
async fn each_login_is_renewed_with_the_client_it_was_made_with() {
    // Two servers know a client of the same name. The older login still belongs to the first one, and to its secret.
    let (first, second) = (canary(), canary());
    let world = World::with(confidential(&first, Client::post));
    let mut old = request();
    old.client_id = Some("app".to_owned());
    old.connection = "old".parse().unwrap();
    let person = FakePerson::approving().answering(&[&first]);
    world.broker().login(&old, &person).await.unwrap();
    let other = OAuthServer::start(confidential(&second, Client::post));
    world.define(&other.definition("acme"));
    let mut new = request();
    new.client_id = Some("app".to_owned());
    let person = FakePerson::approving().answering(&[&second]);
    world.broker().login(&new, &person).await.unwrap();

    world.define(&world.definition());
    let mut target = target();
    target.connection = Some("old".parse().unwrap());
    let broker = world.broker();
    broker.renew(&target).await.unwrap();
    drop(broker.logout(&target).await.unwrap());
    assert_eq!(Scanner::new(&[&second]).scan(&seen(&world.server)), []);
}

#[tokio::test]
async fn two_clients_at_one_provider_do_not_get_in_each_others_way() {
    let (first, second) = (canary(), canary());
    let clients = vec![Client::post("one", &first), Client::post("two", &second)];
    let world = World::with(ServerOptions {
        clients,
        ..ServerOptions::default()
    });
    let broker = world.broker();
    for (connection, client, secret) in [("a", "one", &first), ("b", "two", &second)] {
        let mut request = request();
        request.connection = connection.parse().unwrap();
        request.client_id = Some(client.to_owned());
        let person = FakePerson::approving().answering(&[secret]);
        broker.login(&request, &person).await.unwrap();
    }
    for connection in ["a", "b", "a"] {
        let mut target = target();
        target.connection = Some(connection.parse().unwrap());
        broker.renew(&target).await.unwrap();
    }
    for connection in ["a", "b"] {
        let mut target = target();
        target.connection = Some(connection.parse().unwrap());
        let ended = broker.logout(&target).await.unwrap();
        assert_eq!(ended.remote, RemoteRevocation::Revoked);
    }
}

#[tokio::test]
async fn a_saved_secret_is_not_offered_to_a_revocation_endpoint_that_came_later() {
    let secret = canary();
    let world = World::with(confidential(&secret, Client::post));
    let evil = OAuthServer::start(ServerOptions::default());
    let mut request = request();
    request.client_id = Some("app".to_owned());
    let person = FakePerson::approving().answering(&[&secret]);
    world.broker().login(&request, &person).await.unwrap();
    // The new login pins the new revocation endpoint; the client was entered before it was there.
    world.redefine("/oauth/revocation_url", format!("{}/revoke", evil.url()));
    world
        .broker()
        .login(&request, &FakePerson::approving())
        .await
        .unwrap();
    drop(world.broker().logout(&target()).await.unwrap());
    assert!(evil.count("/revoke") > 0);
    assert_eq!(Scanner::new(&[&secret]).scan(&seen(&evil)), []);
}

#[tokio::test]
async fn a_client_is_saved_only_with_a_login() {
    let world = World::new();
    let mut request = request();
    request.client_id = Some("nobody".to_owned());
    request.patience = Some(std::time::Duration::from_millis(200));
    let person = FakePerson::approving();
    drop(world.broker().login(&request, &person).await.unwrap_err());
    assert_eq!(world.stored(CLIENT), json!(null));
    request.client_id = Some("test-client".to_owned());
    request.replace = Replace::IfBroken;
    world
        .broker()
        .login(&request, &FakePerson::approving())
        .await
        .unwrap();
    assert_eq!(world.stored(CLIENT)["client_id"], json!("test-client"));
}
