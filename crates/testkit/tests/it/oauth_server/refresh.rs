use std::thread;

use authkeep_testkit::oauth_server::{Rotation, ServerOptions, Switch};

use crate::client::{Session, text};

#[test]
fn a_refresh_replaces_both_tokens_and_the_old_access_token_lives_on() {
    let session = Session::start(ServerOptions::default());
    let first = session.server.grant("test-client");
    let answer = session.refresh(&first.refresh_token);
    assert_eq!(answer.status, 200);
    let second = answer.json();
    assert_ne!(text(&second, "refresh_token"), first.refresh_token);
    assert_ne!(text(&second, "access_token"), first.access_token);
    assert!(session.server.token_is_active(&first.access_token));
    assert!(!session.server.token_is_active(&first.refresh_token));
    assert_eq!(session.refresh(text(&second, "refresh_token")).status, 200);
}

#[test]
fn a_refresh_token_used_twice_kills_its_family_and_no_other() {
    let session = Session::start(ServerOptions::default());
    let bystander = session.server.grant("test-client");
    let first = session.server.grant("test-client");
    let second = session.refresh(&first.refresh_token).json();
    let reuse = session.refresh(&first.refresh_token);
    assert_eq!(
        (reuse.status, text(&reuse.json(), "error")),
        (400, "invalid_grant")
    );
    for token in [
        text(&second, "refresh_token"),
        text(&second, "access_token"),
    ] {
        assert!(!session.server.token_is_active(token));
    }
    assert_eq!(session.refresh(text(&second, "refresh_token")).status, 400);
    assert_eq!(session.refresh(&bystander.refresh_token).status, 200);
}

#[test]
fn without_reuse_detection_the_family_survives_the_second_use() {
    let options = ServerOptions {
        reuse_detection: false,
        ..Default::default()
    };
    let session = Session::start(options);
    let first = session.server.grant("test-client");
    let second = session.refresh(&first.refresh_token).json();
    assert_eq!(session.refresh(&first.refresh_token).status, 400);
    assert_eq!(session.refresh(text(&second, "refresh_token")).status, 200);
}

#[test]
fn within_the_grace_a_spent_token_gets_a_new_pair() {
    let session = Session::start(ServerOptions {
        reuse_grace: Some(600),
        ..Default::default()
    });
    let first = session.server.grant("test-client");
    let second = session.refresh(&first.refresh_token).json();
    let third = session.refresh(&first.refresh_token);
    assert_eq!(third.status, 200);
    assert_ne!(
        text(&third.json(), "refresh_token"),
        text(&second, "refresh_token")
    );
    session.server.set(Switch::ReuseGrace(None));
    assert_eq!(session.refresh(&first.refresh_token).status, 400);
}

#[test]
fn a_kept_refresh_token_stays_good_and_is_not_sent_again() {
    let session = Session::start(ServerOptions {
        rotation: Rotation::Keep,
        ..Default::default()
    });
    let granted = session.server.grant("test-client");
    for _ in 0..3 {
        let answer = session.refresh(&granted.refresh_token);
        assert_eq!(answer.status, 200);
        assert!(answer.json().get("refresh_token").is_none());
    }
    assert!(session.server.token_is_active(&granted.refresh_token));
}

#[test]
fn of_parallel_refreshes_one_wins_and_the_family_dies() {
    let session = Session::start(ServerOptions::default());
    let token = session.server.grant("test-client").refresh_token;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| session.refresh(&token).status))
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(session.server.count("/token"), 8);
    assert!(
        session
            .server
            .secrets()
            .iter()
            .all(|secret| !session.server.token_is_active(secret))
    );
}

#[test]
fn access_taken_away_by_the_person_ends_in_invalid_grant() {
    let session = Session::start(ServerOptions::default());
    let granted = session.server.grant("test-client");
    session.server.revoke_everything();
    assert_eq!(session.me(&granted.access_token).status, 401);
    let answer = session.refresh(&granted.refresh_token);
    assert_eq!(
        (answer.status, text(&answer.json(), "error")),
        (400, "invalid_grant")
    );
}
