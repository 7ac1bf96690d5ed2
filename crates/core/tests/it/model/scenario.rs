//! What an exploration is about: the server, what may go wrong, and what the product is made to do without.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::login::Origin;
use super::machine::{Machine, Outside};
use super::program::{self, Program};
use super::server::{Policy, Server};
use super::vault::Swap;

/// What the processes run against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    pub(super) policy: Policy,
    /// How many processes may be killed.
    pub(super) deaths: u8,
    pub(super) mortal: Mortal,
    /// How many requests or answers may be lost.
    pub(super) losses: u8,
    pub(super) runner: Runner,
    pub(super) life: Life,
    pub(super) pardon: Option<Pardon>,
    pub(super) locks: Locks,
    pub(super) swap: Swap,
    pub(super) pruning: Pruning,
}

/// Who may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mortal {
    Everybody,
    /// Those who ask for a refresh, and not those who carry it out. Their deaths must change nothing, so they
    /// do not count as mishaps.
    Callers,
}

/// Where refreshes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    InProcess,
    Apart,
}

/// When the access token runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It has run out.
    Over,
    /// It is due to be renewed, and still works.
    NearlyOver,
}

impl Life {
    /// How long ago the login was, in seconds.
    pub(super) fn age(self) -> i64 {
        match self {
            Self::Over => 3_600,
            Self::NearlyOver => 3_400,
        }
    }
}

/// A property that does not hold, and is looked past to examine the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pardon {
    /// A caller is told that the login was changed meanwhile: without locks that is no wonder.
    Changed,
}

/// Whether a lock keeps others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locks {
    Exclude,
    /// What the product would be without locks.
    ExcludeNobody,
}

/// What an exploration leaves out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pruning {
    /// What follows a state that was seen, up to renaming of like processes.
    #[default]
    Seen,
    /// Nothing: every order of every step is gone through.
    Nothing,
}

impl Scenario {
    pub(super) fn of(policy: Policy) -> Self {
        Self {
            policy,
            deaths: 0,
            mortal: Mortal::Everybody,
            losses: 0,
            runner: Runner::InProcess,
            life: Life::Over,
            pardon: None,
            locks: Locks::Exclude,
            swap: Swap::Compares,
            pruning: Pruning::Seen,
        }
    }

    pub(super) fn deaths(self, deaths: u8) -> Self {
        Self { deaths, ..self }
    }

    pub(super) fn losses(self, losses: u8) -> Self {
        Self { losses, ..self }
    }

    pub(super) fn pardoning(self, pardon: Pardon) -> Self {
        Self {
            pardon: Some(pardon),
            ..self
        }
    }

    /// A machine with a login that is due, and the processes on their way to their first stop.
    pub(super) fn machine(self, programs: &[Program]) -> Arc<Machine> {
        let mut server = Server::new(self.policy);
        server.log_in();
        let entries: BTreeMap<_, _> = (1..)
            .zip(Origin::get().entries())
            .map(|(revision, (key, value))| (key, (revision, value)))
            .collect();
        let outside = Outside {
            revision: entries.len() as u64,
            entries,
            locks: BTreeMap::new(),
            server,
            saved: BTreeSet::from([0]),
            read: BTreeMap::new(),
            asked: BTreeSet::new(),
            deaths: self.deaths,
            losses: self.losses,
            died: 0,
            lost: 0,
            broken: None,
        };
        let machine = Arc::new(Machine::new(outside, self));
        for program in programs {
            program::start_call(&machine, *program, self);
        }
        machine
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            policy,
            deaths,
            losses,
            mortal,
            runner,
            ..
        } = self;
        write!(f, "{policy:?}, {runner:?}")?;
        if *deaths > 0 {
            write!(f, ", deaths of {mortal:?}: {deaths}")?;
        }
        if *losses > 0 {
            write!(f, ", losses: {losses}")?;
        }
        if self.life == Life::NearlyOver {
            f.write_str(", while the token still works")?;
        }
        if self.locks == Locks::ExcludeNobody {
            f.write_str(", no locks")?;
        }
        if self.swap == Swap::Clobbers {
            f.write_str(", no compare-and-swap")?;
        }
        if self.pruning == Pruning::Nothing {
            f.write_str(", nothing left out")?;
        }
        Ok(())
    }
}
