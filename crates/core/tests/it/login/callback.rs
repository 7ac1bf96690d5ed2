//! Forged callbacks: none is taken for the answer, and none ends the login.

use std::sync::mpsc;
use std::time::Instant;

use authkeep_core::{LoginError, LoginOutcome, LoopbackError};
use authkeep_flows::{Callback, ExpectedCallback, IssRule, State, read_callback};
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::oauth_server::{IssParam, Pkce, ServerOptions};
use authkeep_testkit::plain_http::Request;
use url::{Url, form_urlencoded};

use super::attack::{Target, forged, forged_errors};
use crate::fakes::{FakePerson, World, request};

/// Logs in while `queries` are sent to the callback before the person grants access. Returns how many were
/// refused.
async fn login_under_fire(world: &World, queries: fn(&str) -> Vec<String>) -> usize {
    let (sender, refused) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let target = Target::of(&url);
        sender
            .send(target.refused(&queries(&target.state)))
            .unwrap();
        follow(&url, Person::Approve).unwrap();
    });
    let outcome = world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    assert!(matches!(outcome, LoginOutcome::LoggedIn(_)));
    refused.recv().unwrap()
}

#[tokio::test]
async fn ten_thousand_forged_callbacks_are_ignored_and_the_real_one_is_taken() {
    const COUNT: usize = 10_000;
    let world = World::new();
    let started = Instant::now();
    let refused = login_under_fire(&world, |state| forged(state, COUNT)).await;
    assert_eq!(refused, COUNT);
    assert_eq!(world.token_requests(), 1);
    println!(
        "figure: {COUNT} forged callbacks refused in {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_thousand_forged_refusals_do_not_end_the_login() {
    const COUNT: usize = 1_000;
    let world = World::new();
    let refused = login_under_fire(&world, |state| forged_errors(state, COUNT)).await;
    assert_eq!(refused, COUNT);
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn a_listener_that_does_not_look_at_the_state_is_fooled() {
    // The negative control: what the decision would be without the state, on the same callbacks.
    let state = State::from_entropy([7; 32]);
    let fooled = |queries: &[String], what: &str| {
        let takes = |query: &&String| {
            form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == what)
        };
        queries.iter().filter(takes).count()
    };
    let expected = ExpectedCallback {
        state: &state,
        issuer: None,
        iss_rule: IssRule::Ignore,
    };
    let admitted = |queries: &[String]| {
        let ours =
            |query: &&String| !matches!(read_callback(query, &expected), Callback::NotOurs(_));
        queries.iter().filter(ours).count()
    };
    let (codes, errors) = (
        forged(state.expose(), 10_000),
        forged_errors(state.expose(), 1_000),
    );
    assert_eq!((fooled(&codes, "code"), admitted(&codes)), (10_000, 0));
    assert_eq!((fooled(&errors, "error"), admitted(&errors)), (1_000, 0));
}

/// Grants access, and returns where the server would send the browser.
fn redirect(authorization_url: &str) -> Url {
    let page = Request::get(authorization_url).send().unwrap().text();
    let id = page.split("name=\"request\" value=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let fields = [("request", id), ("decision", "approve")];
    let answer = Request::form(authorization_url, &fields).send().unwrap();
    Url::parse(answer.header("location").unwrap()).unwrap()
}

#[tokio::test]
async fn the_answer_is_taken_once() {
    let world = World::new();
    let (sender, answers) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let callback = redirect(&url);
        let path = callback[url::Position::BeforePath..].to_owned();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (target, path) = (Target::of(&url), path.clone());
                std::thread::spawn(move || target.get(&path).unwrap())
            })
            .collect();
        for thread in threads {
            sender.send(thread.join().unwrap()).unwrap();
        }
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    let answers: Vec<_> = answers.try_iter().collect();
    let with = |status: &str| answers.iter().filter(|a| a.starts_with(status)).count();
    assert_eq!(with("HTTP/1.1 303 "), 1, "{answers:#?}");
    assert_eq!(with("HTTP/1.1 400 "), 7, "{answers:#?}");
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn another_issuer_with_the_right_state_ends_the_login_and_gets_no_code() {
    for (param, refused) in [
        (IssParam::Absent, false),
        (IssParam::Right, false),
        (IssParam::Wrong, true),
        (IssParam::Duplicate, true),
    ] {
        let world = World::with(ServerOptions {
            issuer_param: param,
            ..ServerOptions::default()
        });
        let mut request = request();
        if param == IssParam::Duplicate {
            // Two issuers are no answer at all, so the login goes on waiting.
            request.patience = Some(std::time::Duration::from_millis(500));
        }
        let outcome = world
            .broker()
            .login(&request, &FakePerson::approving())
            .await;
        assert_eq!(outcome.is_err(), refused, "{param:?}");
        assert_eq!(world.token_requests(), usize::from(!refused), "{param:?}");
        match (param, outcome) {
            (IssParam::Wrong, Err(error)) => {
                assert!(matches!(error, LoginError::WrongIssuer { .. }), "{error:?}");
            }
            (IssParam::Duplicate, Err(error)) => {
                let timed_out = LoopbackError::TimedOut(request.patience.unwrap()).to_string();
                assert_eq!(error.to_string(), timed_out);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_challenge_is_always_s256_and_the_verifier_stays_here() {
    let world = World::new();
    for _ in 0..10 {
        let person = FakePerson::approving();
        world.broker().login(&request(), &person).await.unwrap();
        person.come_back();
        let url = Url::parse(&person.urls()[0]).unwrap();
        let of = |name: &str| {
            let mut found = url.query_pairs().filter(|(found, _)| found == name);
            let value = found.next().map(|(_, value)| value.into_owned());
            assert!(found.next().is_none());
            value.unwrap_or_default()
        };
        assert_eq!(of("code_challenge_method"), "S256");
        assert_eq!(of("code_challenge").len(), 43);
        let log = world.server.log();
        let exchange = log.iter().rfind(|seen| seen.path == "/token").unwrap();
        let verifier = exchange.field("code_verifier").unwrap();
        assert!(verifier.len() >= 43 && !person.urls()[0].contains(verifier));
    }
}

#[tokio::test]
async fn a_server_that_knows_only_plain_challenges_is_not_logged_in_to() {
    let world = World::with(ServerOptions {
        pkce: Pkce::PlainOnly,
        ..ServerOptions::default()
    });
    let error = world
        .broker()
        .login(&request(), &FakePerson::approving())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, LoginError::Denied { error, .. } if error == "invalid_request"),
        "{error:?}"
    );
    assert_eq!(world.token_requests(), 0);
}
