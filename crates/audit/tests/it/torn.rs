//! A tail that a killed process left: recognised, closed, and never in the next line's way.

use std::fs;

use authkeep_audit::{Action, Filter, Line};

use crate::fixture::{event, log, shape};

#[test]
fn a_tail_torn_at_any_byte_is_closed_by_the_next_append() {
    let (_home, log) = log();
    log.append(&event(Action::Login, 1)).unwrap();
    log.append(&event(Action::Login, 2)).unwrap();
    let whole = fs::read(log.path()).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in first + 1..whole.len() {
        fs::write(log.path(), &whole[..cut]).unwrap();
        assert_eq!(shape(&log), ["1", "torn"], "cut at {cut}");
        log.append(&event(Action::Release, 3)).unwrap();
        let lines = log.read(&Filter::default()).unwrap();
        assert!(matches!(&lines[2], Line::Event(record) if record.details["number"] == "3"));
        if cut + 1 < whole.len() {
            assert_eq!(shape(&log), ["1", "torn", "3"], "cut at {cut}");
        } else {
            // Only the line feed was missing: closing it makes the line whole.
            assert_eq!(shape(&log), ["1", "2", "3"]);
        }
    }
    // The negative control: without closing, the next line is swallowed by the torn one.
    let mut glued = whole[..whole.len() - 5].to_vec();
    glued.extend_from_slice(&whole[..first]);
    fs::write(log.path(), glued).unwrap();
    assert_eq!(shape(&log), ["1", "torn"]);
}

#[test]
fn appending_changes_nothing_that_is_there() {
    let (_home, log) = log();
    let mut before = Vec::new();
    for number in 0..20 {
        log.append(&event(Action::ALL[number % Action::ALL.len()], number))
            .unwrap();
        let now = fs::read(log.path()).unwrap();
        assert!(now.starts_with(&before) && now.len() > before.len());
        before = now;
    }
    assert_eq!(shape(&log).len(), 20);
}
