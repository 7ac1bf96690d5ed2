use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::oauth_server::{DevicePolls, ServerOptions, Switch};
use authkeep_testkit::plain_http::{Answer, Request};
use serde_json::Value;

use crate::client::{Session, text};

/// A server that may be polled at once, and a pair of codes from it.
fn with_codes(interval: u64) -> (Session, Value) {
    let session = Session::start(ServerOptions {
        device_interval: interval,
        ..ServerOptions::default()
    });
    let url = format!("{}/device_authorization", session.server.url());
    let fields = [("client_id", "test-client"), ("scope", "read")];
    let answer = Request::form(&url, &fields).send().unwrap();
    assert_eq!(answer.status, 200);
    let codes = answer.json();
    (session, codes)
}

fn poll(session: &Session, codes: &Value) -> Answer {
    session.token(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "test-client"),
        ("device_code", text(codes, "device_code")),
    ])
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, text(&answer.json(), "error").to_owned())
}

#[test]
fn a_device_gets_its_tokens_once_and_only_after_the_person_agreed() {
    let (session, codes) = with_codes(0);
    assert_eq!(
        refused(&poll(&session, &codes)),
        (400, "authorization_pending".into())
    );
    let address = text(&codes, "verification_uri_complete");
    assert_eq!(follow(address, Person::Ignore).unwrap().status(), 200);
    assert_eq!(
        refused(&poll(&session, &codes)),
        (400, "authorization_pending".into())
    );
    let visit = follow(address, Person::Approve).unwrap();
    assert_eq!((visit.status(), visit.trail.len()), (200, 2));
    let answer = poll(&session, &codes);
    assert_eq!(answer.status, 200);
    let tokens = answer.json();
    assert_eq!(tokens["scope"], "read");
    assert_eq!(session.me(text(&tokens, "access_token")).status, 200);
    assert_eq!(
        refused(&poll(&session, &codes)),
        (400, "invalid_grant".into())
    );
    let secrets = session.server.secrets();
    assert!(
        secrets
            .iter()
            .any(|secret| codes["device_code"] == **secret)
    );
    // Nobody can decide once more.
    assert_eq!(follow(address, Person::Deny).unwrap().status(), 400);
}

#[test]
fn haste_refusal_and_age_are_answered_as_the_standard_says() {
    let (session, codes) = with_codes(60);
    for _ in 0..2 {
        assert_eq!(refused(&poll(&session, &codes)), (400, "slow_down".into()));
    }
    let (session, codes) = with_codes(0);
    let switched = |polls| {
        session.server.set(Switch::DevicePolls(polls));
        refused(&poll(&session, &codes))
    };
    assert_eq!(
        switched(DevicePolls::SlowDownOnce),
        (400, "slow_down".into())
    );
    // From now on it insists on the longer interval.
    assert_eq!(
        switched(DevicePolls::WithStatus200),
        (200, "slow_down".into())
    );
    assert_eq!(
        switched(DevicePolls::Expired),
        (400, "expired_token".into())
    );
    let (session, codes) = with_codes(0);
    let address = text(&codes, "verification_uri_complete");
    follow(address, Person::Deny).unwrap();
    assert_eq!(
        refused(&poll(&session, &codes)),
        (400, "access_denied".into())
    );
    session.server.set(Switch::DeviceCodeTtl(0));
    session.server.set(Switch::DeviceInterval(7));
    let url = format!("{}/device_authorization", session.server.url());
    let short = Request::form(&url, &[("client_id", "test-client")]).send();
    let short = short.unwrap().json();
    assert_eq!(
        (&short["expires_in"], &short["interval"]),
        (&0.into(), &7.into())
    );
    assert_eq!(
        refused(&poll(&session, &short)),
        (400, "expired_token".into())
    );
    let stranger = Request::form(&url, &[("client_id", "nobody")])
        .send()
        .unwrap();
    assert_eq!(refused(&stranger), (401, "invalid_client".into()));
}
