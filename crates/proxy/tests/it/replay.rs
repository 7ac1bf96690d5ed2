//! A token that the server refuses is renewed once, and the request is sent again where that is possible.

use std::sync::{Arc, Mutex};

use authkeep_proxy::{Code, Refusal};
use authkeep_testkit::canary::canary;
use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};

use crate::stage::authority::TestAuthority;
use crate::stage::client::Answered;
use crate::stage::origin::{Handler, Origin, text};
use crate::stage::piped::Piped;
use crate::stage::{ALLOWED, Plan, Stage, account};

/// Answers 401 to all tokens but one, and otherwise with the size of the body.
fn knows(token: &Arc<Mutex<String>>) -> Handler {
    let token = Arc::clone(token);
    Arc::new(move |request| {
        let expected = format!("Bearer {}", token.lock().unwrap());
        Box::pin(async move {
            let is_known = request.headers()["authorization"] == expected;
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut response = text(format!("{} bytes", body.len()));
            if !is_known {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
            }
            response
        })
    })
}

async fn stage(token: &Arc<Mutex<String>>, alpn: &[&str]) -> Stage {
    let authority = Arc::new(TestAuthority::new());
    let origin = Origin::with(authority.server(ALLOWED, alpn), knows(token)).await;
    Stage::around(Plan::default(), authority, origin).await
}

async fn post(stage: &Stage, size: usize, version: Version) -> Answered {
    let http2 = version == Version::HTTP_2;
    let allowed = stage.allowed();
    let uri = if http2 {
        format!("https://{allowed}/x")
    } else {
        "/x".to_owned()
    };
    let mut request = Request::post(uri).header("authorization", &stage.placeholder);
    if !http2 {
        request = request.header("host", &allowed);
    }
    let request = request
        .body(Full::new(Bytes::from(vec![b'x'; size])))
        .unwrap();
    if http2 {
        let mut sender = stage.client().http2(&allowed).await;
        return Answered::of(sender.send_request(request).await.unwrap()).await;
    }
    stage.client().send(&allowed, request).await
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_sent_again() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for (size, is_sent_again) in [
            (0, true),
            (1, true),
            (64 * 1024, true),
            (64 * 1024 + 1, false),
        ] {
            let token = Arc::new(Mutex::new(canary()));
            let stage = stage(&token, &["h2", "http/1.1"]).await;
            stage.source.renew_to(&token.lock().unwrap());
            let answered = post(&stage, size, version).await;
            assert_eq!(stage.source.renewals(), 1);
            if is_sent_again {
                assert_eq!(answered.status, StatusCode::OK, "{size}");
                assert_eq!(answered.body, format!("{size} bytes"));
                assert_eq!(stage.allowed.requests().len(), 2);
            } else {
                // It is the server's answer; the next request has the new token.
                assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
                assert_eq!(post(&stage, size, version).await.status, StatusCode::OK);
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_the_server_did_not_wait_for_is_sent_again_whole() {
    let token = Arc::new(Mutex::new(canary()));
    let known = Arc::clone(&token);
    let hasty: Handler = Arc::new(move |request| {
        let expected = format!("Bearer {}", known.lock().unwrap());
        Box::pin(async move {
            if request.headers()["authorization"] != expected {
                let mut response = text("no");
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                return response;
            }
            let body = request.into_body().collect().await.unwrap().to_bytes();
            text(String::from_utf8(body.to_vec()).unwrap())
        })
    });
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let authority = Arc::new(TestAuthority::new());
        let config = authority.server(ALLOWED, &["h2", "http/1.1"]);
        let origin = Origin::with(config, Arc::clone(&hasty)).await;
        let stage = Stage::around(Plan::default(), authority, origin).await;
        stage.source.renew_to(&token.lock().unwrap());
        let (send, body) = Piped::new();
        let allowed = stage.allowed();
        let request = |uri: String| Request::post(uri).header("authorization", &stage.placeholder);
        let feed = async {
            send.send(Frame::data("first, ".into())).await.unwrap();
            while stage.source.renewals() == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            // The server has spoken, and the client goes on.
            send.send(Frame::data("second".into())).await.unwrap();
            drop(send);
        };
        let response = if version == Version::HTTP_2 {
            let request = request(format!("https://{allowed}/x")).body(body).unwrap();
            let mut sender = stage.client().http2(&allowed).await;
            tokio::join!(sender.send_request(request), feed).0
        } else {
            let request = request("/x".to_owned()).header("host", &allowed);
            let request = request.body(body).unwrap();
            let mut sender = stage.client().http1(&allowed).await;
            tokio::join!(sender.send_request(request), feed).0
        };
        let answered = Answered::of(response.unwrap()).await;
        assert_eq!(answered.status, StatusCode::OK, "{version:?}");
        assert_eq!(answered.body, "first, second");
    }
}

#[tokio::test]
async fn a_server_that_refuses_every_token_is_asked_twice() {
    let stage = stage(&Arc::new(Mutex::new(canary())), &["http/1.1"]).await;
    stage.source.renew_to(&canary());
    assert_eq!(
        post(&stage, 3, Version::HTTP_11).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        (stage.allowed.requests().len(), stage.source.renewals()),
        (2, 1)
    );
    // To the program it was one request.
    let counts = stage.tally().accounts()[&account("acme=default")];
    assert_eq!((counts.injected, counts.refused), (1, 0));
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_said() {
    let stage = stage(&Arc::new(Mutex::new(canary())), &["http/1.1"]).await;
    // What cannot be renewed is the server's business.
    assert_eq!(
        post(&stage, 0, Version::HTTP_11).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        (stage.allowed.requests().len(), stage.source.renewals()),
        (1, 0)
    );
    stage.source.renew_to("unused");
    let expired = Refusal::new(Code::LoginExpired, "it has ended").command("authkeep login acme");
    stage.source.fail_renewals(Some(expired));
    let answered = post(&stage, 0, Version::HTTP_11).await;
    assert_eq!(
        (answered.status, answered.error().as_str()),
        (StatusCode::FORBIDDEN, "login_expired")
    );
    // What may pass is not said in place of the server's answer.
    let busy = Refusal::new(Code::CredentialUnavailable, "not now");
    stage.source.fail_renewals(Some(busy));
    assert_eq!(
        post(&stage, 0, Version::HTTP_11).await.status,
        StatusCode::UNAUTHORIZED
    );
}
