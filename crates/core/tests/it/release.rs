//! No record of it, no secret.

use authkeep_audit::{Action, AuditLog, Filter, Line};
use authkeep_core::Purpose;
use authkeep_testkit::canary::Scanner;
use secrecy::ExposeSecret as _;

use crate::fakes::{World, target, token};

#[tokio::test]
async fn a_release_that_cannot_be_recorded_does_not_happen() {
    let world = World::new();
    let broker = world.logged_in().await;
    for purpose in [Purpose::Show, Purpose::Export, Purpose::Environment] {
        let connection = broker.show(&target()).unwrap();
        let credential = broker.release(connection, purpose).unwrap();
        assert!(
            credential
                .field("access_token")
                .unwrap()
                .expose_secret()
                .starts_with("cnry_")
        );
    }
    world.break_audit_log();
    let secrets = Scanner::new(&world.server.secrets());
    for purpose in [Purpose::Show, Purpose::Export, Purpose::Environment] {
        let connection = broker.show(&target()).unwrap();
        let error = broker.release(connection, purpose).unwrap_err();
        assert_eq!(secrets.scan(format!("{error} {error:?}").as_bytes()), []);
    }
}

#[tokio::test]
async fn every_step_of_a_life_is_on_record_and_no_secret_is() {
    let world = World::new();
    let broker = world.logged_in().await;
    drop(token(&broker, broker.show(&target()).unwrap()));
    broker.renew(&target()).await.unwrap();
    broker.logout(&target()).await.unwrap();
    let log = AuditLog::new(world.home.audit_log());
    let actions: Vec<_> = log
        .read(&Filter::default())
        .unwrap()
        .into_iter()
        .map(|line| match line {
            Line::Event(record) => record.action,
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        Action::Login,
        Action::Release,
        Action::Refresh,
        Action::Logout,
    ];
    assert_eq!(actions, expected.map(|action| action.as_str().to_owned()));
    let bytes = std::fs::read(world.home.audit_log()).unwrap();
    assert_eq!(Scanner::new(&world.server.secrets()).scan(&bytes), []);
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret() {
    let world = World::new();
    let broker = world.logged_in().await;
    let connection = broker.show(&target()).unwrap();
    let mut said = format!("{connection:?} {broker:?}");
    let credential = broker.release(connection, Purpose::Show).unwrap();
    said += &format!(
        "{credential:?} {:?}",
        credential.field("nothing").unwrap_err()
    );
    let scanner = Scanner::new(&world.server.secrets());
    assert_eq!(scanner.scan(said.as_bytes()), [], "{said}");
    // The negative control: the secret itself is found.
    let secret = credential.field("token").unwrap().expose_secret();
    assert!(!scanner.scan(secret.as_bytes()).is_empty());
}
