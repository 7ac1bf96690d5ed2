//! The way of an ordinary request, and what is not done for it.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::stage::authority::TestAuthority;
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::{ALLOWED, Plan, Stage};

#[tokio::test]
async fn a_request_gets_the_credential_and_the_answer_comes_back() {
    let stage = Stage::new().await;
    let answered = stage
        .client()
        .get(&stage.allowed(), "/v1/models?x=1", &stage.placeholder)
        .await;
    assert_eq!(
        (answered.status, &*answered.body),
        (StatusCode::OK, b"GET /v1/models\n".as_slice())
    );
    let seen = stage.allowed.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].uri, "/v1/models?x=1");
    assert_eq!(
        seen[0].headers["authorization"],
        format!("Bearer {}", stage.secret)
    );
    assert_eq!(seen[0].headers["host"], stage.allowed());
}

async fn stage(handler: Handler) -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let config = authority.server(ALLOWED, &["http/1.1"]);
    let origin = Origin::with(config, handler).await;
    Stage::around(Plan::default(), authority, origin).await
}

#[tokio::test]
async fn a_redirect_is_the_programs_business() {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            let mut response = text("");
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            let to = request.headers()["x-to"].clone();
            response.headers_mut().insert("location", to);
            response
        })
    });
    let stage = stage(handler).await;
    let to = format!("https://{}/next", stage.attacker());
    let mut request = crate::stage::client::get(&stage.allowed(), "/", &stage.placeholder);
    request.headers_mut().insert("x-to", to.parse().unwrap());
    let answered = stage.client().send(&stage.allowed(), request).await;
    assert_eq!(answered.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answered.headers["location"], to);
    assert_eq!(stage.allowed.requests().len(), 1);
    assert_eq!(stage.attacker.connections(), 0);
}

#[tokio::test]
async fn an_answer_keeps_all_but_what_is_for_one_hop_and_what_leads_past_the_sidecar() {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            let mut response = text(request.headers()["authorization"].as_bytes().to_vec());
            let headers = response.headers_mut();
            for (name, value) in [
                ("alt-svc", "h3=\":443\""),
                ("keep-alive", "timeout=5"),
                ("connection", "x-hop, keep-alive"),
                ("x-hop", "1"),
                ("proxy-authenticate", "Basic"),
                ("strict-transport-security", "max-age=1"),
                ("set-cookie", "a=b"),
                ("x-request-id", "7"),
                ("retry-after", "3"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            headers.insert("x-echo", request.headers()["authorization"].clone());
            response
        })
    });
    let stage = stage(handler).await;
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    let headers = answered.headers;
    for gone in [
        "alt-svc",
        "keep-alive",
        "x-hop",
        "proxy-authenticate",
        "date-of-the-sidecar",
    ] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
    for stays in [
        "strict-transport-security",
        "set-cookie",
        "x-request-id",
        "retry-after",
        "date",
    ] {
        assert_eq!(headers.get_all(stays).iter().count(), 1, "{stays}");
    }
    // A server that repeats the credential is not repeated.
    let stars = format!("Bearer {}", "*".repeat(stage.secret.len()));
    assert_eq!(answered.body, stars);
    assert_eq!(headers["x-echo"], stars);
}

#[tokio::test]
async fn the_probe_is_answered_by_the_sidecar_itself() {
    let stage = Stage::new().await;
    let target = "probe.authkeep.invalid:443";
    let answered = stage.client().get(target, "/", "none").await;
    let said: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(
        (answered.status, said),
        (
            StatusCode::OK,
            json!({"sidecar": "authkeep", "proxy_authentication": "credential"})
        )
    );
    assert_eq!(stage.source.asked(), 0);
    // For the host of the probe and for no other.
    let answered = stage
        .client()
        .tls_as(target, "probe.authkeep.invalid", &[])
        .await;
    assert!(answered.is_ok());
    assert!(stage.client().tls_as(target, ALLOWED, &[]).await.is_err());
}
