//! Services that deviate from the standard, each in the way its own documentation says.

use authkeep_core::{RefreshError, RemoteRevocation, ResolveError};
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::{Client, Scripted, Seen, ServerOptions};
use serde_json::{Value, json};

use crate::fakes::{FakePerson, World, answer, request, target};

/// A provider with a confidential client and this in its `oauth` section.
fn vendor(oauth: Value) -> World {
    let world = World::with(ServerOptions {
        clients: vec![Client::basic("app", "s3cret/+ &")],
        ..ServerOptions::default()
    });
    let mut definition = world.definition();
    let section = definition["oauth"].as_object_mut().unwrap();
    section.remove("revocation_url");
    for (name, value) in oauth.as_object().unwrap() {
        section.insert(name.clone(), value.clone());
    }
    let url = world.server.url();
    let text = definition.to_string().replace("HERE", &url);
    world.define(&serde_json::from_str(&text).unwrap());
    world
}

async fn log_in(world: &World, token_answer: Scripted) -> authkeep_core::Broker {
    world.script([token_answer]);
    let broker = world.broker();
    let mut request = request();
    request.client_id = Some("app".to_owned());
    let person = FakePerson::approving().answering(&["s3cret/+ &"]);
    broker.login(&request, &person).await.unwrap();
    broker
}

fn seen(world: &World, path: &str) -> Seen {
    let log = world.server.log();
    log.iter().rfind(|seen| seen.path == path).unwrap().clone()
}

const BASIC: &str = "Basic YXBwOnMzY3JldCUyRiUyQislMjY=";

#[tokio::test]
async fn slack_says_no_with_status_200() {
    let world = vendor(json!({
        "scope_separator": ",",
        "token_path": "/authed_user",
        "revocation": {"url": "HERE/auth.revoke", "auth": "bearer", "format": "none"},
    }));
    let (token, refresh) = (canary(), canary());
    let granted = json!({"ok": true, "app_id": "A1", "access_token": canary(), "authed_user": {
        "id": "U1", "access_token": token, "refresh_token": refresh, "token_type": "user",
        "scope": "read,write", "expires_in": 43_200,
    }});
    let broker = log_in(&world, answer(200, "application/json", &granted)).await;
    let record = world.record();
    assert_eq!(record["access_token"], json!(token));
    assert_eq!(record["scopes"], json!(["read", "write"]));
    let asked = seen_first(&world, "/authorize");
    assert_eq!(asked.parameter("scope"), Some("read,write"));

    let no = |error: &str| {
        answer(
            200,
            "application/json",
            json!({"ok": false, "error": error}),
        )
    };
    world.clock.advance(43_200);
    world.script([no("internal_error"), no("invalid_refresh_token")]);
    let error = broker.resolve(&target(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Refresh {
                error: RefreshError::Rejected { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(world.login(), record);
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

    for (fault, told) in [(no("token_revoked"), true), (no("ratelimited"), false)] {
        let broker = log_in(&world, answer(200, "application/json", &granted)).await;
        world.server.script("/auth.revoke", vec![fault]);
        let outcome = broker.logout(&target()).await.unwrap();
        assert_eq!(
            outcome.remote == RemoteRevocation::Revoked,
            told,
            "{outcome:?}"
        );
        let request = seen(&world, "/auth.revoke");
        assert_eq!(
            request.header("authorization"),
            Some(&*format!("Bearer {token}"))
        );
    }
}

#[tokio::test]
async fn github_answers_with_a_form_and_revokes_by_delete() {
    let world = vendor(json!({
        "client_auth": "body",
        "revocation": {
            "method": "DELETE",
            "url": "HERE/applications/{client_id}/token",
            "auth": "basic",
            "format": "json",
            "params": {"access_token": "{token}"},
        },
    }));
    let token = canary();
    let form = format!("access_token={token}&expires_in=28800&scope=repo%2Cgist&token_type=bearer");
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let broker = log_in(&world, answer(200, kind, form)).await;
    let record = world.record();
    assert_eq!(record["access_token"], json!(token));
    assert_eq!(record["scopes"], json!(["repo", "gist"]));
    let exchange = seen(&world, "/token");
    assert_eq!(exchange.header("accept"), Some("application/json"));
    assert_eq!(exchange.field("client_secret"), Some("s3cret/+ &"));
    assert_eq!(exchange.header("authorization"), None);

    let path = "/applications/app/token";
    world
        .server
        .script(path, vec![answer(204, "text/plain", "")]);
    let outcome = broker.logout(&target()).await.unwrap();
    assert_eq!(outcome.remote, RemoteRevocation::Revoked);
    let request = seen(&world, path);
    assert_eq!(request.method, "DELETE");
    assert_eq!(request.header("authorization"), Some(BASIC));
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn notion_wants_basic_and_json_and_no_challenge() {
    let world = vendor(json!({
        "pkce": false,
        "client_auth": "basic",
        "token_format": "json",
        "scopes": [],
        "revocation": {
            "url": "HERE/v1/oauth/revoke",
            "auth": "basic",
            "format": "json",
            "params": {"token": "{token}"},
        },
    }));
    let granted = json!({
        "access_token": canary(), "token_type": "bearer", "bot_id": "b1", "workspace_name": "W",
        "workspace_icon": null, "owner": {"type": "user", "user": {"id": "u1"}},
    });
    // This server insists on a challenge, as a well-behaved one may: the definition's opt-out is its own.
    world
        .server
        .set(authkeep_testkit::oauth_server::Switch::Pkce(
            authkeep_testkit::oauth_server::Pkce::Unchecked,
        ));
    let broker = log_in(&world, answer(200, "application/json", &granted)).await;
    let exchange = seen(&world, "/token");
    assert_eq!(exchange.header("authorization"), Some(BASIC));
    assert_eq!(exchange.header("content-type"), Some("application/json"));
    assert!(exchange.form.is_empty());
    let asked = seen_first(&world, "/authorize");
    assert_eq!(asked.parameter("code_challenge"), None);
    assert!(asked.parameter("state").is_some());
    assert_eq!(
        world.record()["token_response"]["workspace_name"],
        json!("W")
    );
    // No end and no refresh token: it is good until somebody revokes it.
    world.clock.advance(86_400 * 3_650);
    broker.resolve(&target(), None).await.unwrap();

    world.server.script(
        "/v1/oauth/revoke",
        vec![answer(200, "application/json", "{}")],
    );
    let outcome = broker.logout(&target()).await.unwrap();
    assert_eq!(outcome.remote, RemoteRevocation::Revoked);
    assert_eq!(
        seen(&world, "/v1/oauth/revoke").header("authorization"),
        Some(BASIC)
    );
}

fn seen_first(world: &World, path: &str) -> Seen {
    let log = world.server.log();
    log.iter().find(|seen| seen.path == path).unwrap().clone()
}
