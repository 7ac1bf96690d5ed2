use authkeep_core::{ConnectionStatus, Timestamp};

use super::*;
use crate::error::CommandError;
use crate::exit_code::ExitCode;

fn login(name: &str) -> Login {
    Login {
        id: Id {
            provider: name.parse().unwrap(),
            connection: Default::default(),
        },
        status: ConnectionStatus::Connected,
        refreshable: true,
        expires_at: Timestamp::from_second(1_800_003_600).ok(),
        obtained_at: Timestamp::from_second(1_800_000_000).unwrap(),
        refreshed_at: None,
        token: None,
        trouble: None,
    }
}

fn renewed(mut login: Login, seconds: i64) -> Login {
    login.refreshed_at = Timestamp::from_second(1_800_000_000 + seconds).ok();
    login.expires_at = Timestamp::from_second(1_800_003_600 + seconds).ok();
    login
}

fn refused(mut login: Login) -> Login {
    login.status = ConnectionStatus::ReauthRequired;
    login
}

fn failure(message: &str) -> Failure {
    CommandError::new(ExitCode::TryAgain, "unavailable", message).into()
}

/// The words of what is new.
fn words(news: &[(Option<Id>, What)]) -> String {
    let word = |what: &What| match what {
        What::Watching { .. } => "watching",
        What::Renewed { .. } => "renewed",
        What::Failed { .. } => "failed",
        What::NeedsLogin { .. } => "needs_login",
        What::Recovered => "recovered",
        What::Gone => "gone",
        What::HookFailed { .. } => "hook_failed",
    };
    let words: Vec<_> = news.iter().map(|(_, what)| word(what)).collect();
    words.join(" ")
}

#[test]
fn each_change_is_told_once() {
    let mut journal = Journal::default();
    let mut look = |logins: &[Login]| {
        let news = words(&journal.look(logins));
        assert_eq!(words(&journal.look(logins)), "", "told twice");
        news
    };
    assert_eq!(look(&[]), "");
    let one = login("one");
    assert_eq!(look(std::slice::from_ref(&one)), "watching");
    let one = renewed(one, 3000);
    assert_eq!(look(std::slice::from_ref(&one)), "renewed");
    assert_eq!(look(&[one.clone(), login("two")]), "watching");
    let dead = refused(one.clone());
    assert_eq!(look(&[dead, login("two")]), "needs_login");
    // A person logs in again.
    let mut anew = login("one");
    anew.obtained_at = Timestamp::from_second(1_800_005_000).unwrap();
    assert_eq!(look(&[anew.clone(), login("two")]), "recovered");
    assert_eq!(look(&[anew]), "gone");
    assert_eq!(look(&[]), "gone");
    assert_eq!(look(&[one]), "watching");
}

#[test]
fn one_that_is_dead_from_the_start_is_told_too() {
    let mut journal = Journal::default();
    assert_eq!(
        words(&journal.look(&[refused(login("one"))])),
        "watching needs_login"
    );
}

#[test]
fn a_failure_is_over_with_the_next_token() {
    let mut journal = Journal::default();
    let one = login("one");
    journal.look(std::slice::from_ref(&one));
    assert!(
        journal
            .attempt_failed(&one.id, failure("silent"), 1)
            .is_some()
    );
    assert!(
        journal
            .attempt_failed(&one.id, failure("silent"), 2)
            .is_some()
    );
    assert_eq!(journal.failing(&one.id), Some("silent"));
    assert_eq!(words(&journal.look(std::slice::from_ref(&one))), "");
    assert_eq!(
        words(&journal.look(&[renewed(one.clone(), 10)])),
        "renewed recovered"
    );
    assert_eq!(journal.failing(&one.id), None);
    // The negative control: without a failure nothing recovers.
    assert_eq!(words(&journal.look(&[renewed(one, 20)])), "renewed");
}

#[test]
fn a_failure_that_ends_the_login_is_told_as_that_alone() {
    let mut journal = Journal::default();
    let one = login("one");
    journal.look(std::slice::from_ref(&one));
    journal.attempt_failed(&one.id, failure("silent"), 1);
    let dead = refused(one.clone());
    assert_eq!(
        words(&journal.look(std::slice::from_ref(&dead))),
        "needs_login"
    );
    assert!(
        journal
            .attempt_failed(&one.id, failure("refused"), 2)
            .is_none()
    );
    let other = login("other");
    assert!(
        journal
            .attempt_failed(&other.id, failure("gone"), 1)
            .is_none()
    );
    // Renewed by some other program all the same.
    assert_eq!(
        words(&journal.look(&[renewed(one, 10)])),
        "renewed recovered"
    );
}

#[test]
fn a_vault_that_cannot_be_read_is_told_once_for_each_reason() {
    let mut journal = Journal::default();
    assert!(journal.vault_failed(failure("locked")).is_some());
    assert!(journal.vault_failed(failure("locked")).is_none());
    assert!(journal.vault_failed(failure("broken")).is_some());
    assert_eq!(journal.vault(), Some("broken"));
    assert_eq!(words(&journal.look(&[])), "recovered");
    assert_eq!(words(&journal.look(&[])), "");
    assert_eq!(journal.vault(), None);
}

#[test]
fn the_command_names_what_is_not_understood_without() {
    let mut other = login("one").id;
    assert_eq!(
        Journal::default().login_command(&other),
        "authkeep login one"
    );
    other.connection = "work".parse().unwrap();
    assert_eq!(
        Journal::new(Some("home".parse().unwrap())).login_command(&other),
        "authkeep login one --connection work --profile home"
    );
}
