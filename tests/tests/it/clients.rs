//! The client matrix: programs that know nothing of authkeep, behind `authkeep run`. Each row is a real client; what is
//! said of it in `docs/reference/clients.md` is what is tested here.
//!
//! The control of each row takes the variables away that lead its client; the first of each group always, all of them
//! with the full counts.

mod constraints;
mod doctor;
mod page;
mod rows;
mod stage;
mod streams;
mod unrouted;

use authkeep_tests::rounds;

use self::rows::{Outcome, Row, rows};
use self::stage::Stage;

/// Runs all rows of a group, and fails with everything that was not as it should be.
fn check(group: &str) {
    let stage = Stage::new();
    let rows: Vec<Row> = rows()
        .into_iter()
        .filter(|row| row.group == group)
        .collect();
    assert!(!rows.is_empty(), "no row is called {group}");
    let controls = rounds(1, u32::MAX);
    let mut wrong = Vec::new();
    for (index, row) in (0..).zip(&rows) {
        let found = found(&stage, row).or_else(|| {
            let is_due = index < controls && row.outcome != Outcome::PastTheProxy;
            is_due.then(|| control(&stage, row)).flatten()
        });
        wrong.extend(found.map(|why| format!("{}: {why}", row.client)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is not as the row says.
fn found(stage: &Stage, row: &Row) -> Option<String> {
    let run = stage.run(row.command, &[]);
    let all = format!("{:?}, and the server saw {:?}", run.output, run.seen);
    let is_right = match row.outcome {
        Outcome::Works => run.output.code == 0 && run.arrived(),
        Outcome::Arrives => run.arrived(),
        Outcome::PastTheProxy => !run.arrived(),
    };
    (!is_right || stage.is_secret_in(&run.output)).then_some(all)
}

/// Without the variables that the row names, nothing arrives.
fn control(stage: &Stage, row: &Row) -> Option<String> {
    let arrived = stage.run(row.command, row.led_by).arrived();
    arrived.then(|| format!("it works without {}", row.led_by.join(" and ")))
}

#[test]
fn tools() {
    check("Tools");
}

#[test]
fn python() {
    check("Python");
}

#[test]
fn python_sdks() {
    check("Python SDKs");
}

#[test]
fn node() {
    check("Node");
}

#[test]
fn other_runtimes_of_javascript() {
    check("Deno and Bun");
}

#[test]
fn java() {
    check("Java");
}

#[test]
fn compiled_and_scripted() {
    check("Others");
}

#[test]
fn package_managers() {
    check("Package managers");
}
