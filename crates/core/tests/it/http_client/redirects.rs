//! Redirects are never followed: whoever is named in one sees nothing of the request.

use authkeep_core::{BodyCap, HttpClient as _, Reach, RemoteRevocation, ResolveError};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{OAuthServer, Scripted, ServerOptions};

use super::{client, token_request};
use crate::fakes::{World, target};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[tokio::test]
async fn not_by_a_refresh_and_not_by_a_revocation() {
    let world = World::new();
    let broker = world.logged_in().await;
    let elsewhere = OAuthServer::start(ServerOptions::default());
    world.clock.advance(3_600);
    for status in STATUSES {
        world.script([Scripted::Redirect(
            status,
            format!("{}/token", elsewhere.url()),
        )]);
        let error = broker.resolve(&target(), None).await.unwrap_err();
        assert!(matches!(error, ResolveError::Refresh { .. }), "{error:?}");
    }
    for status in STATUSES {
        let broker = world.logged_in().await;
        let fault = Scripted::Redirect(status, format!("{}/revoke", elsewhere.url()));
        world.server.script("/revoke", vec![fault.clone(), fault]);
        let outcome = broker.logout(&target()).await.unwrap();
        assert!(
            matches!(outcome.remote, RemoteRevocation::Failed(_)),
            "{outcome:?}"
        );
    }
    assert_eq!(elsewhere.log().len(), 0);
}

#[tokio::test]
async fn a_client_with_the_usual_settings_takes_the_secret_along() {
    // The negative control: the same request, the same redirect, reqwest as it comes.
    drop(rustls::crypto::ring::default_provider().install_default());
    let (server, elsewhere) = (
        OAuthServer::start(ServerOptions::default()),
        OAuthServer::start(ServerOptions::default()),
    );
    let secret = canary();
    let redirect = Scripted::Redirect(307, format!("{}/token", elsewhere.url()));
    server.script("/token", vec![redirect.clone(), redirect]);
    let scanner = Scanner::new(&[&secret]);

    let request = token_request(&server, &secret);
    let answer = client()
        .send(&request, BodyCap::Token, Reach::Anywhere)
        .await
        .unwrap();
    assert_eq!((answer.status(), elsewhere.log().len()), (307, 0));

    reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/token", server.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("refresh_token={secret}"))
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.count("/token"), 1);
    assert!(
        !scanner
            .scan(format!("{:?}", elsewhere.log()).as_bytes())
            .is_empty()
    );
}
