use authkeep_testkit::oauth_server::{Client, ServerOptions};
use authkeep_testkit::plain_http::{Answer, Request};

use crate::client::Session;

fn post(session: &Session, path: &str, fields: &[(&str, &str)]) -> Answer {
    Request::form(&format!("{}{path}", session.server.url()), fields)
        .send()
        .unwrap()
}

#[test]
fn an_access_token_goes_alone_and_a_refresh_token_takes_its_family() {
    let session = Session::start(ServerOptions::default());
    let id = ("client_id", "test-client");
    let granted = session.server.grant("test-client");
    assert_eq!(
        post(&session, "/revoke", &[id, ("token", &granted.access_token)]).status,
        200
    );
    assert!(!session.server.token_is_active(&granted.access_token));
    assert!(session.server.token_is_active(&granted.refresh_token));

    let granted = session.server.grant("test-client");
    assert_eq!(
        post(
            &session,
            "/revoke",
            &[id, ("token", &granted.refresh_token)]
        )
        .status,
        200
    );
    assert!(!session.server.token_is_active(&granted.access_token));
    assert!(!session.server.token_is_active(&granted.refresh_token));
    assert_eq!(session.refresh(&granted.refresh_token).status, 400);
}

#[test]
fn unknown_tokens_are_fine_and_unknown_clients_are_not() {
    let clients = vec![
        Client::public("test-client"),
        Client::post("post", "right-secret"),
    ];
    let session = Session::start(ServerOptions {
        clients,
        ..Default::default()
    });
    let token = session.server.grant("post").refresh_token;
    let known = ("client_id", "test-client");
    assert_eq!(
        post(&session, "/revoke", &[known, ("token", "never-issued")]).status,
        200
    );
    assert_eq!(post(&session, "/revoke", &[known]).status, 400);
    // Another client's token is none of its business, though the answer does not tell.
    assert_eq!(
        post(&session, "/revoke", &[known, ("token", &token)]).status,
        200
    );
    assert!(session.server.token_is_active(&token));
    let mut fields = [
        ("client_id", "post"),
        ("client_secret", "wrong"),
        ("token", &token),
    ];
    assert_eq!(post(&session, "/revoke", &fields).status, 401);
    assert!(session.server.token_is_active(&token));
    fields[1].1 = "right-secret";
    assert_eq!(post(&session, "/revoke", &fields).status, 200);
    assert!(!session.server.token_is_active(&token));
}

#[test]
fn introspection_tells_the_living_from_the_dead() {
    let session = Session::start(ServerOptions::default());
    let token = session.server.grant("test-client").access_token;
    let active =
        |token: &str| post(&session, "/introspect", &[("token", token)]).json()["active"].as_bool();
    assert_eq!(active(&token), Some(true));
    session.server.expire_access_tokens();
    assert_eq!(active(&token), Some(false));
    assert_eq!(active("never-issued"), Some(false));
}
