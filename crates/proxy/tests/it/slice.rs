//! The way of an ordinary request.

use http::StatusCode;

use crate::stage::Stage;

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
