//! Many writers at once: every line is whole and none is missing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use authkeep_audit::{Action, AuditLog, Filter, Line};

use crate::fixture::{event, log, shape};

const PATH: &str = "AUTHKEEP_AUDIT_TEST_LOG";
const WRITER: &str = "AUTHKEEP_AUDIT_TEST_WRITER";
const WRITERS: usize = 16;
const APPENDS: usize = 50;

#[test]
#[ignore = "started by another test as a process of its own"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the parent tells its child what to do"
)]
fn writer() {
    let (Ok(path), Ok(writer)) = (std::env::var(PATH), std::env::var(WRITER)) else {
        return;
    };
    let log = AuditLog::new(PathBuf::from(path));
    let writer: usize = writer.parse().unwrap();
    for at in 0..APPENDS {
        // Mostly releases, as in life, and some that wait for the disk.
        let action = if at % 10 == 0 {
            Action::Refresh
        } else {
            Action::Release
        };
        log.append(&event(action, writer * APPENDS + at)).unwrap();
    }
}

#[test]
fn sixteen_processes_lose_and_tear_no_line() {
    let (_home, log) = log();
    let mut children: Vec<_> = (0..WRITERS)
        .map(|writer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "many::writer", "--ignored"])
                .env(PATH, log.path())
                .env(WRITER, writer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let lines = log.read(&Filter::default()).unwrap();
    assert!(lines.iter().all(|line| matches!(line, Line::Event(_))));
    let numbers: BTreeSet<usize> = shape(&log)
        .into_iter()
        .map(|number| number.parse().unwrap())
        .collect();
    println!(
        "{} lines from {WRITERS} processes, {} distinct",
        lines.len(),
        numbers.len()
    );
    assert_eq!((lines.len(), numbers.len()), (800, 800));
    assert_eq!(numbers.last(), Some(&799));
}

#[test]
fn threads_with_one_log_do_not_disturb_each_other_or_a_reader() {
    let (_home, log) = log();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let log = &log;
            scope.spawn(move || {
                for at in 0..25 {
                    log.append(&event(Action::Release, writer * 25 + at))
                        .unwrap();
                }
            });
        }
        for _ in 0..20 {
            assert!(!shape(&log).contains(&"torn".to_owned()));
        }
    });
    assert_eq!(shape(&log).into_iter().collect::<BTreeSet<_>>().len(), 200);
}
