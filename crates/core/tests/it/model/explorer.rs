//! Goes through all interleavings, depth first. Code cannot be rewound, so each execution starts anew, repeats the
//! choices up to the point where it is to differ, and goes on from there until it reaches a state that was seen.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::machine::{Choice, State};
use super::program::Program;
use super::properties;
use super::scenario::{Pruning, Scenario};

/// What came of a scenario.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) executions: usize,
    pub(super) states: usize,
    /// States in which everybody had come to an end, all of which were examined.
    pub(super) ends: usize,
    /// What the outside was like in them.
    pub(super) endings: HashSet<u64>,
    pub(super) violation: Option<Violation>,
    took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            executions,
            states,
            ends,
            ..
        } = self;
        let seconds = self.took.as_secs_f64();
        write!(
            f,
            "{executions} executions, {states} states, {ends} ends, {seconds:.2} s"
        )
    }
}

/// What went wrong, and the steps that lead there.
pub(super) struct Violation {
    pub(super) what: String,
    schedule: Vec<Choice>,
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after:", self.what)?;
        for choice in &self.schedule {
            write!(f, "\n  {choice}")?;
        }
        Ok(())
    }
}

/// Where the search stands: the choices of the present execution, and what was left out at each.
#[derive(Default)]
struct Search {
    path: Vec<Branch>,
    /// How much of the path the present execution has gone.
    depth: usize,
    seen: HashSet<u64>,
    pruning: Pruning,
    /// Why the present execution was halted.
    halt: Option<Halt>,
}

struct Branch {
    choices: Vec<Choice>,
    chosen: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// Something happened that must not.
    Broken,
    /// What follows has been seen.
    Seen,
    /// Everybody has come to an end.
    Over,
    /// Everybody waits for somebody else.
    Stuck,
    /// The same choices led somewhere else than the last time.
    Astray,
}

impl Search {
    /// What the path says, and from its end on the first choice there is.
    fn choose(&mut self, state: &State) -> Option<Choice> {
        let choices = state.choices();
        if let Some(branch) = self.path.get(self.depth) {
            if branch.choices != choices {
                self.halt = Some(Halt::Astray);
                return None;
            }
        } else {
            self.halt = if state.outside.broken.is_some() {
                Some(Halt::Broken)
            } else if !self.seen.insert(state.key()) && self.pruning == Pruning::Seen {
                Some(Halt::Seen)
            } else if state.is_over() {
                Some(Halt::Over)
            } else if choices.is_empty() {
                Some(Halt::Stuck)
            } else {
                None
            };
            if self.halt.is_some() {
                return None;
            }
            self.path.push(Branch { choices, chosen: 0 });
        }
        let branch = &self.path[self.depth];
        self.depth += 1;
        Some(branch.choices[branch.chosen].clone())
    }

    /// Back to the last point where something is left to try; false if there is none.
    fn turn_back(&mut self) -> bool {
        self.depth = 0;
        while let Some(last) = self.path.last_mut() {
            last.chosen += 1;
            if last.chosen < last.choices.len() {
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn schedule(&self) -> Vec<Choice> {
        let chosen = self
            .path
            .iter()
            .map(|branch| &branch.choices[branch.chosen]);
        chosen.cloned().collect()
    }
}

/// Goes through all that can happen, up to the first violation.
pub(super) fn explore(programs: &[Program], scenario: Scenario) -> Report {
    let started = Instant::now();
    let search = Arc::new(Mutex::new(Search {
        pruning: scenario.pruning,
        ..Search::default()
    }));
    let mut report = Report {
        executions: 0,
        states: 0,
        ends: 0,
        endings: HashSet::new(),
        violation: None,
        took: Duration::ZERO,
    };
    loop {
        report.executions += 1;
        let machine = scenario.machine(programs);
        let chooser = Arc::clone(&search);
        machine.run(Box::new(move |state| chooser.lock().unwrap().choose(state)));
        let halt = search.lock().unwrap().halt.take();
        let found = match halt {
            Some(Halt::Over) => {
                report.ends += 1;
                let end = machine.look(|state| state.outside.digest());
                report.endings.insert(end);
                properties::check(programs, scenario, &machine)
            }
            Some(Halt::Seen) => Ok(()),
            Some(Halt::Stuck) => Err("everybody waits for somebody else".to_owned()),
            Some(Halt::Astray) => panic!("an execution cannot be repeated"),
            Some(Halt::Broken) | None => Err("halted for no reason".to_owned()),
        };
        let broken = machine.look(|state| state.outside.broken.clone());
        machine.abandon();
        let mut search = search.lock().unwrap();
        if let Some(what) = broken.or(found.err()) {
            let schedule = search.schedule();
            report.violation = Some(Violation { what, schedule });
        }
        if report.violation.is_some() || !search.turn_back() {
            report.states = search.seen.len();
            report.took = started.elapsed();
            return report;
        }
    }
}
