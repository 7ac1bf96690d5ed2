use authkeep_testkit::browser::Person;
use authkeep_testkit::oauth_server::{IssParam, Pkce, ServerOptions, Switch};
use authkeep_testkit::plain_http::Request;

use crate::client::Session;

#[test]
fn an_approval_comes_back_with_code_and_state_and_leaves_the_address_bar() {
    let session = Session::start(ServerOptions::default());
    let visit = session.visit(&[], Person::Approve);
    let statuses: Vec<u16> = visit.trail.iter().map(|hop| hop.answer.status).collect();
    assert_eq!(statuses, [200, 303, 303, 200]);
    assert!(visit.last().url.ends_with("/done"));
    assert_eq!(visit.body(), "logged in");
    let callback = session.listener.arrived();
    let query: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    assert_eq!(query.len(), 2, "no issuer unless asked for: {query:?}");
    assert!(query[0].0 == "code" && query[0].1.starts_with("cnry_"));
    assert_eq!(query[1], ("state".into(), "state-1".into()));
}

#[test]
fn a_denial_comes_back_as_an_error_with_the_state() {
    let session = Session::start(ServerOptions::default());
    session.visit(&[], Person::Deny);
    let callback = session.listener.arrived();
    assert_eq!(callback.query(), Some("error=access_denied&state=state-1"));
}

#[test]
fn a_person_who_walks_away_causes_nothing() {
    let session = Session::start(ServerOptions::default());
    let visit = session.visit(&[], Person::Ignore);
    assert_eq!((visit.trail.len(), visit.status()), (1, 200));
    assert!(!session.listener.has_arrival());
    assert_eq!(session.server.log().len(), 1);
}

#[test]
fn nobody_is_sent_to_an_unknown_client_or_a_foreign_redirect_uri() {
    let session = Session::start(ServerOptions::default());
    for change in [
        ("client_id", "stranger"),
        ("client_id", ""),
        ("redirect_uri", "http://evil.test/callback"),
        ("redirect_uri", "https://evil.test/callback"),
        ("redirect_uri", "http://127.0.0.1.evil.test/"),
        ("redirect_uri", "http://127.0.0.1:1/callback#part"),
        ("redirect_uri", ""),
    ] {
        let visit = session.visit(&[change], Person::Approve);
        assert_eq!((visit.trail.len(), visit.status()), (1, 400), "{change:?}");
    }
    let twice = format!("{}&state=other", session.authorization_url(&[]));
    assert_eq!(Request::get(&twice).send().unwrap().status, 400);
}

#[test]
fn any_loopback_address_and_port_is_a_registered_redirect_uri() {
    let session = Session::start(ServerOptions::default());
    for uri in [
        "http://127.0.0.1:1/x",
        "http://[::1]:2/callback",
        "http://localhost:3/",
    ] {
        let visit = session.visit(&[("redirect_uri", uri)], Person::Ignore);
        assert_eq!(visit.status(), 200, "{uri}");
    }
}

#[test]
fn a_missing_or_plain_challenge_is_refused_before_the_person_is_asked() {
    let session = Session::start(ServerOptions::default());
    for changes in [
        &[("code_challenge", ""), ("code_challenge_method", "")][..],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "")],
        &[("code_challenge", "")],
    ] {
        session.visit(changes, Person::Approve);
        assert_eq!(
            session.listener.arrived().query(),
            Some("error=invalid_request&state=state-1"),
            "{changes:?}"
        );
    }
    // The negative control: the server that does not care shows its page to all of them.
    session.server.set(Switch::Pkce(Pkce::Unchecked));
    let visit = session.visit(&[("code_challenge", "")], Person::Ignore);
    assert_eq!(visit.status(), 200);
}

#[test]
fn a_server_that_knows_only_plain_refuses_s256_and_says_so_in_its_metadata() {
    let session = Session::start(ServerOptions {
        pkce: Pkce::PlainOnly,
        ..Default::default()
    });
    session.visit(&[], Person::Approve);
    assert!(
        session
            .listener
            .arrived()
            .query()
            .unwrap()
            .starts_with("error=invalid_request")
    );
    let url = format!(
        "{}/.well-known/oauth-authorization-server",
        session.server.url()
    );
    let metadata = Request::get(&url).send().unwrap().json();
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        serde_json::json!(["plain"])
    );
    assert_eq!(metadata["issuer"], session.server.url());
}

#[test]
fn the_issuer_comes_back_as_told() {
    let session = Session::start(ServerOptions::default());
    let right = session.server.url();
    let wrong = format!("{right}.elsewhere.test");
    for (param, expected) in [
        (IssParam::Absent, vec![]),
        (IssParam::Right, vec![&right]),
        (IssParam::Wrong, vec![&wrong]),
        (IssParam::Duplicate, vec![&right, &wrong]),
    ] {
        session.server.set(Switch::IssuerParam(param));
        for person in [Person::Approve, Person::Deny] {
            session.visit(&[], person);
            let callback = session.listener.arrived();
            let issuers: Vec<String> = callback
                .query_pairs()
                .filter(|(name, _)| name == "iss")
                .map(|(_, value)| value.into_owned())
                .collect();
            assert_eq!(
                issuers.iter().collect::<Vec<_>>(),
                expected,
                "{param:?} {person:?}"
            );
        }
    }
}

#[test]
fn support_for_the_issuer_parameter_is_advertised_as_told() {
    let session = Session::start(ServerOptions::default());
    let url = format!(
        "{}/.well-known/oauth-authorization-server",
        session.server.url()
    );
    for flag in [None, Some(true), Some(false)] {
        session.server.set(Switch::IssuerParamAdvertised(flag));
        let metadata = Request::get(&url).send().unwrap().json();
        let advertised = metadata["authorization_response_iss_parameter_supported"].as_bool();
        assert_eq!(advertised, flag);
    }
}

#[test]
fn a_consent_page_can_be_answered_once() {
    let session = Session::start(ServerOptions::default());
    let page = session.visit(&[], Person::Ignore).body();
    let id = page
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let url = format!("{}/authorize", session.server.url());
    let form = Request::form(&url, &[("request", id), ("decision", "approve")]);
    assert_eq!(form.send().unwrap().status, 303);
    assert_eq!(form.send().unwrap().status, 400);
}
