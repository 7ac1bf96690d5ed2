//! Programs that refresh by themselves: answered with placeholders where the run says so, and let alone otherwise.

use authkeep_proxy::{Code, Refusal};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::stage::client::Answered;
use crate::stage::{ALLOWED, Plan, Stage};

async fn stage(emulate: Emulation) -> Stage {
    Stage::with(Plan {
        emulate: matches!(emulate, Emulation::On),
        outlet: |outlet| {
            let authority = outlet.hosts[0].pattern.authority();
            let token: url::Url = format!("https://{authority}/oauth/token").parse().unwrap();
            let revoke = format!("https://{authority}/oauth/revoke").parse().unwrap();
            outlet.endpoints = vec![token.clone(), revoke];
            outlet.token_endpoint = Some(token);
        },
        ..Plan::default()
    })
    .await
}

enum Emulation {
    On,
    Off,
}

async fn post(stage: &Stage, path: &str, kind: &str, body: String) -> Answered {
    let request = Request::post(path)
        .header("host", stage.allowed())
        .header("content-type", kind)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    stage.client().send(&stage.allowed(), request).await
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn a_refresh_is_answered_with_what_the_program_holds_already() {
    let stage = stage(Emulation::On).await;
    let own = &stage.placeholder;
    for (path, kind, body) in [
        (
            "/oauth/token",
            FORM,
            format!("grant_type=refresh_token&refresh_token={own}&client_id=x"),
        ),
        (
            "/oauth/token",
            FORM,
            "refresh_token=anything&grant_type=refresh_token".to_owned(),
        ),
        (
            "/oauth/token/",
            JSON,
            json!({"grant_type": "refresh_token", "refresh_token": own}).to_string(),
        ),
        (
            "/oauth//token?x=y",
            FORM,
            "grant_type=refresh_token".to_owned(),
        ),
    ] {
        let answered = post(&stage, path, kind, body.clone()).await;
        assert_eq!(answered.status, StatusCode::OK, "{body}");
        let said: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_eq!(
            said,
            json!({"access_token": own, "refresh_token": own, "token_type": "Bearer", "expires_in": 3600})
        );
    }
    for body in [
        "grant_type=authorization_code&code=x".to_owned(),
        "grant_type=client_credentials".to_owned(),
        "grant_type=refresh_token&grant_type=password".to_owned(),
        json!({"grant_type": ["refresh_token"]}).to_string(),
        String::new(),
        "x".repeat(64 * 1024 + 1),
    ] {
        let answered = post(&stage, "/oauth/token", FORM, body).await;
        assert!(["denied", "bad_request"].contains(&answered.error().as_str()));
    }
    stage
        .source
        .fail(Some(Refusal::new(Code::LoginExpired, "it has ended")));
    let answered = post(
        &stage,
        "/oauth/token",
        FORM,
        "grant_type=refresh_token".to_owned(),
    )
    .await;
    assert_eq!(answered.error(), "login_expired");
    assert!(stage.allowed.requests().is_empty());
}

#[tokio::test]
async fn the_providers_own_endpoints_never_get_the_credential() {
    let stage = stage(Emulation::Off).await;
    for path in [
        "/oauth/token",
        "/oauth/token/",
        "/oauth/revoke",
        "/oauth/./token",
        "/oauth/%74oken",
        "/OAuth/Token",
    ] {
        let answered = post(
            &stage,
            path,
            FORM,
            "grant_type=refresh_token&refresh_token=mine".to_owned(),
        )
        .await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
    }
    let seen = stage.allowed.requests();
    assert_eq!(seen.len(), 6);
    assert!(
        seen.iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );
    assert_eq!((stage.leaks(&stage.allowed), stage.source.asked()), (0, 0));
    // The control: beside them it is put in.
    let answered = post(&stage, "/oauth/userinfo", FORM, String::new()).await;
    assert_eq!((answered.status, stage.source.asked()), (StatusCode::OK, 1));
    println!("figure: 6 requests to a provider's own endpoints: 0 with a credential");
}

#[tokio::test]
async fn what_else_a_token_endpoints_host_is_asked_goes_as_far_as_the_login_does() {
    for local in [true, false] {
        // A host that answers for tokens, and that the credential is not for.
        let plan = Plan {
            emulate: true,
            local,
            patterns: vec!["api.test:{port}".to_owned()],
            outlet: |outlet| {
                let port = outlet.hosts[0].pattern.port();
                let token = format!("https://{ALLOWED}:{port}/token").parse().unwrap();
                outlet.token_endpoint = Some(token);
            },
            ..Plan::default()
        };
        let stage = Stage::with(plan).await;
        let refresh = "grant_type=refresh_token".to_owned();
        let answered = post(&stage, "/token", FORM, refresh).await;
        assert_eq!(answered.status, StatusCode::OK, "the sidecar answers it");
        let answered = post(&stage, "/keys", FORM, String::new()).await;
        let expected = match local {
            true => (StatusCode::OK, ""),
            // The control: this machine is none of the places that such a login leads to.
            false => (StatusCode::FORBIDDEN, "forbidden_address"),
        };
        assert_eq!(
            (answered.status, answered.error().as_str()),
            expected,
            "{local}"
        );
        assert_eq!(stage.allowed.requests().len(), usize::from(local));
        assert_eq!(stage.leaks(&stage.allowed), 0);
    }
}
