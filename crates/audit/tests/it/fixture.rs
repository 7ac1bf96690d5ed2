//! What the tests share.
#![expect(
    clippy::unwrap_used,
    reason = "a test fixture; a failure here is a failed test"
)]

use std::collections::BTreeMap;

use authkeep_audit::{Action, AuditLog, Event, Filter, Line, Outcome};
use tempfile::TempDir;

pub(crate) fn log() -> (TempDir, AuditLog) {
    let home = tempfile::tempdir().unwrap();
    let log = AuditLog::new(home.path().join("audit.log"));
    (home, log)
}

pub(crate) fn event(action: Action, number: usize) -> Event {
    Event {
        at: "2026-01-02T03:04:05Z".to_owned(),
        action,
        profile: "default".to_owned(),
        provider: Some("github".to_owned()),
        connection: Some("default".to_owned()),
        outcome: Outcome::Ok,
        details: BTreeMap::from([
            ("number", number.to_string()),
            ("padding", "x".repeat(number)),
        ]),
    }
}

/// The log in short: the number of each event, or `torn`.
pub(crate) fn shape(log: &AuditLog) -> Vec<String> {
    log.read(&Filter::default())
        .unwrap()
        .into_iter()
        .map(|line| match line {
            Line::Event(record) => record.details["number"].clone(),
            Line::Torn { .. } => "torn".to_owned(),
        })
        .collect()
}
