//! The stepped machine: processes that stop before each thing they do to the outside, until they are chosen.
//!
//! One process runs at a time, so an execution is the list of choices and nothing else. What lies between two
//! stops is the real code; what the stops are about is [`Outside`]. Whoever stops makes the next choice, so that
//! a process which is chosen again and again runs on without a change of threads.

use std::any::Any;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::program::{Outcome, Program};
use super::scenario::{Locks, Mortal, Pruning, Scenario};
use super::server::Server;

/// What a process is about to do. Entries and locks are named by their keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Get(String),
    List(String),
    Put(String),
    Delete(String),
    Lock(String),
    Unlock(String),
    /// The request goes out, and the server acts on it.
    Send(&'static str),
    /// The server's answer comes in.
    Receive(&'static str),
    /// Another process is started.
    Start,
    /// Another process, started by this one, has to end first.
    Await(usize),
}

impl Op {
    /// Whether a process that dies here leaves something else behind than one that dies at its next stop.
    fn is_worth_dying_at(&self) -> bool {
        !matches!(self, Self::Get(_) | Self::List(_))
    }

    fn is_exchange(&self) -> bool {
        matches!(self, Self::Send(_) | Self::Receive(_))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, object) = match self {
            Self::Get(key) => ("get", key.as_str()),
            Self::List(prefix) => ("list", prefix.as_str()),
            Self::Put(key) => ("put", key.as_str()),
            Self::Delete(key) => ("delete", key.as_str()),
            Self::Lock(key) => ("lock", key.as_str()),
            Self::Unlock(key) => ("unlock", key.as_str()),
            Self::Send(what) => ("send", *what),
            Self::Receive(what) => ("receive", *what),
            Self::Start => return f.write_str("start a helper"),
            Self::Await(other) => return write!(f, "await p{other}"),
        };
        let object = object.trim_start_matches("profile:default:acme:");
        write!(f, "{verb} {object}")
    }
}

/// What happens at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Go,
    /// The process is killed before it does what it is about to do.
    Die,
    /// The request, or the answer, is lost; the process sees a broken connection.
    Lose,
}

/// One step of an execution: who, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) process: usize,
    pub(super) op: Op,
    pub(super) fate: Fate,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, op, fate } = self;
        match fate {
            Fate::Go => write!(f, "p{process} {op}"),
            Fate::Die => write!(f, "p{process} dies before: {op}"),
            Fate::Lose => write!(f, "p{process} {op}: lost"),
        }
    }
}

/// All that is shared between the processes.
#[derive(Debug)]
pub(super) struct Outside {
    /// The entries of the vault, with their revisions.
    pub(super) entries: BTreeMap<String, (u64, Vec<u8>)>,
    /// The last revision given.
    pub(super) revision: u64,
    /// Who holds which lock.
    pub(super) locks: BTreeMap<String, usize>,
    pub(super) server: Server,
    /// The pairs that were in the vault at some time, by the numbers of their access tokens.
    pub(super) saved: BTreeSet<usize>,
    /// Which pair each process read first, and which last.
    pub(super) read: BTreeMap<usize, (usize, usize)>,
    /// Who has sent a refresh request.
    pub(super) asked: BTreeSet<usize>,
    /// How many more processes may die.
    pub(super) deaths: u8,
    /// How many more requests or answers may be lost.
    pub(super) losses: u8,
    /// How many died who should not have.
    pub(super) died: u8,
    /// How many requests or answers were lost.
    pub(super) lost: u8,
    /// What must never happen and did.
    pub(super) broken: Option<String>,
}

/// Thrown through a process that is killed. It is no panic: no hook sees it.
struct Killed;

#[derive(Debug)]
struct Process {
    program: Program,
    wake: Arc<Condvar>,
    pending: Option<Op>,
    fate: Option<Fate>,
    /// A digest of everything it has done and learnt; its own state follows from that.
    history: u64,
    killed: bool,
    ended: Option<Option<Outcome>>,
}

/// What a machine is in at a point of an execution: the outside, and where each process has stopped.
pub(super) struct State {
    pub(super) outside: Outside,
    processes: Vec<Process>,
    scenario: Scenario,
    chooser: Option<Chooser>,
}

/// Makes the choices of an execution; `None` halts it.
pub(super) type Chooser = Box<dyn FnMut(&State) -> Option<Choice> + Send>;

/// Shared by the processes and whoever looks after them.
pub(super) struct Machine {
    state: Mutex<State>,
    halted: Condvar,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

impl Machine {
    pub(super) fn new(outside: Outside, scenario: Scenario) -> Self {
        Self {
            state: Mutex::new(State {
                outside,
                processes: Vec::new(),
                scenario,
                chooser: None,
            }),
            halted: Condvar::new(),
        }
    }

    /// Admits one more process; returns its number.
    pub(super) fn admit(&self, program: Program) -> usize {
        let mut state = self.state();
        state.processes.push(Process {
            program,
            wake: Arc::default(),
            pending: None,
            fate: None,
            history: 0,
            killed: false,
            ended: None,
        });
        state.processes.len() - 1
    }

    /// Lets the processes act as `chooser` says, until it halts them.
    pub(super) fn run(&self, chooser: Chooser) {
        let mut state = self.state();
        state.chooser = Some(chooser);
        self.go_on(&mut state);
        self.wait_while(state, |state| state.chooser.is_some());
    }

    /// Kills whoever is left.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        for process in 0..state.processes.len() {
            state.kill(process);
            state.decide(process, Fate::Die);
        }
        self.wait_while(state, |state| !state.is_over());
    }

    /// Called by a process: waits to be chosen, then does it.
    pub(super) fn step<T: Hash>(
        &self,
        process: usize,
        op: Op,
        act: impl FnOnce(&mut Outside, Fate) -> T,
    ) -> T {
        let mut state = self.state();
        if state.processes[process].killed {
            drop(state);
            resume_unwind(Box::new(Killed));
        }
        let me = &mut state.processes[process];
        if me.pending.is_some() {
            state.outside.broken = Some(format!("p{process} does two things at once"));
            drop(state);
            resume_unwind(Box::new(Killed));
        }
        me.pending = Some(op.clone());
        let wake = Arc::clone(&me.wake);
        self.go_on(&mut state);
        let fate = loop {
            match state.processes[process].fate.take() {
                Some(fate) => break fate,
                None => state = wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let me = &mut state.processes[process];
        me.pending = None;
        if fate == Fate::Die {
            drop(state);
            resume_unwind(Box::new(Killed));
        }
        let learnt = act(&mut state.outside, fate);
        let me = &mut state.processes[process];
        me.history = digest(&(me.history, &op, &learnt));
        learnt
    }

    /// Called when a process lets go of a lock, or dies with it.
    pub(super) fn unlock(&self, process: usize, key: &str) {
        let mut state = self.state();
        if state.processes[process].killed || std::thread::panicking() {
            state.outside.release(process, key); // The kernel asks nobody.
        } else {
            drop(state);
            let op = Op::Unlock(key.to_owned());
            self.step(process, op, |outside, _| outside.release(process, key));
        }
    }

    /// Called when a process has come to its end, in one way or the other.
    pub(super) fn end(&self, process: usize, outcome: Result<Outcome, Box<dyn Any + Send>>) {
        let mut state = self.state();
        let me = &mut state.processes[process];
        me.ended = Some(outcome.as_ref().ok().filter(|_| !me.killed).cloned());
        if outcome.is_err() && !me.killed {
            state.outside.broken = Some(format!("p{process} panicked"));
        }
        self.go_on(&mut state);
        self.halted.notify_one();
    }

    /// Looks at how everything stands.
    pub(super) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
    }

    /// Makes the next choice, once every process has stopped or ended.
    fn go_on(&self, state: &mut State) {
        if state.processes.iter().any(Process::is_running) {
            return;
        }
        let Some(mut chooser) = state.chooser.take() else {
            return;
        };
        match chooser(state) {
            Some(choice) => {
                state.chooser = Some(chooser);
                state.take(&choice);
            }
            None => self.halted.notify_one(),
        }
    }

    fn wait_while(&self, state: MutexGuard<'_, State>, condition: fn(&mut State) -> bool) {
        /// Far longer than the way between two stops.
        const LONG: Duration = Duration::from_secs(60);
        let waited = self.halted.wait_timeout_while(state, LONG, condition);
        let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        assert!(!waited.timed_out(), "a process neither stops nor ends");
    }

    /// A process that panicked in the midst of a step is found out by its end.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    fn is_running(&self) -> bool {
        self.ended.is_none() && (self.pending.is_none() || self.fate.is_some())
    }
}

impl State {
    /// What can happen next. Processes that cannot be told apart have one choice between them.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let mut told_apart = Vec::new();
        let mut choices = Vec::new();
        for (number, process) in self.processes.iter().enumerate() {
            let Some(op) = &process.pending else { continue };
            let view = self.view(number);
            if told_apart.contains(&view) && self.scenario.pruning == Pruning::Seen {
                continue;
            }
            told_apart.push(view);
            let fates = self.fates(process.program, op).into_iter();
            choices.extend(fates.map(|fate| Choice {
                process: number,
                op: op.clone(),
                fate,
            }));
        }
        choices
    }

    fn fates(&self, program: Program, op: &Op) -> Vec<Fate> {
        let enabled = match op {
            Op::Lock(key) => {
                let excludes = self.scenario.locks == Locks::Exclude;
                !(excludes && self.outside.locks.contains_key(key))
            }
            Op::Await(other) => self.processes[*other].ended.is_some(),
            _ => true,
        };
        let mut fates = Vec::new();
        if enabled {
            fates.push(Fate::Go);
        }
        if self.outside.losses > 0 && op.is_exchange() {
            fates.push(Fate::Lose);
        }
        let asks = matches!(program, Program::Resolve | Program::Renew);
        let mortal = self.scenario.mortal == Mortal::Everybody || asks;
        if self.outside.deaths > 0 && mortal && op.is_worth_dying_at() {
            fates.push(Fate::Die);
        }
        fates
    }

    fn take(&mut self, choice: &Choice) {
        let outside = &mut self.outside;
        match choice.fate {
            Fate::Go => {}
            Fate::Lose => {
                outside.losses -= 1;
                outside.lost += 1;
            }
            Fate::Die => {
                outside.deaths -= 1;
                outside.died += u8::from(self.scenario.mortal == Mortal::Everybody);
                self.kill(choice.process);
            }
        }
        self.decide(choice.process, choice.fate);
    }

    fn kill(&mut self, process: usize) {
        self.processes[process].killed = true;
        // As the kernel does it, whatever the process's own code does on its way out.
        self.outside.locks.retain(|_, holder| *holder != process);
    }

    fn decide(&mut self, process: usize, fate: Fate) {
        let process = &mut self.processes[process];
        if process.pending.is_some() {
            process.fate = Some(fate);
            process.wake.notify_one();
        }
    }

    /// A digest of everything, up to renaming processes that run the same program.
    pub(super) fn key(&self) -> u64 {
        let mut views: Vec<u64> = (0..self.processes.len()).map(|p| self.view(p)).collect();
        views.sort_unstable();
        digest(&(views, self.outside.digest()))
    }

    /// One process as a stranger sees it, without its number.
    fn view(&self, number: usize) -> u64 {
        let process = &self.processes[number];
        let locks = self.outside.locks.iter();
        let held: Vec<_> = locks
            .filter(|(_, holder)| **holder == number)
            .map(|(key, _)| key)
            .collect();
        let (pending, awaited) = match process.pending {
            Some(Op::Await(other)) => (None, Some(self.view(other))),
            ref pending => (pending.as_ref(), None),
        };
        let past = (process.program, process.history, process.killed);
        digest(&(past, pending, awaited, &process.ended, held))
    }

    /// How the processes ended, in order; `None` for one that was killed.
    pub(super) fn outcomes(&self) -> Vec<Option<Outcome>> {
        let ended = |process: &Process| process.ended.clone().flatten();
        self.processes.iter().map(ended).collect()
    }

    /// Whether every process has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.processes.iter().all(|process| process.ended.is_some())
    }
}

impl Outside {
    fn release(&mut self, process: usize, key: &str) {
        if self.locks.get(key) == Some(&process) {
            self.locks.remove(key);
        }
    }

    /// A digest of it, without what belongs to single processes.
    pub(super) fn digest(&self) -> u64 {
        let vault = (&self.entries, self.revision, &self.saved);
        let left = (self.deaths, self.losses);
        digest(&(vault, &self.server, left, self.died, self.lost))
    }
}

fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
