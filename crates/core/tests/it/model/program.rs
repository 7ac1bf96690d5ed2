//! What a process does: one call of the broker, in a thread with a runtime of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use authkeep_core::{
    Connection, ConnectionStatus, LogoutError, LogoutOutcome, RefreshError, ResolveError,
};
use authkeep_vault::{EntryKey, Expected, Store as _};

use super::login::Origin;
use super::machine::{Machine, Op};
use super::scenario::Scenario;
use super::vault::{Swap, Vault};
use crate::fakes::{CONNECTION, target};

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Program {
    /// `get`: a token that works.
    Resolve,
    /// `get --refresh`: a newer token than the one there is.
    Renew,
    Logout,
    /// A login by a version that took no lock and asked nobody.
    LocklessLogin,
    /// Somebody takes the record away and asks nobody.
    LocklessRemoval,
    /// Carries out a refresh for a process that waits for it.
    Helper,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// This access token.
    Token(String),
    /// There is no login.
    Missing,
    /// A person has to log in again.
    NeedsLogin,
    /// Somebody else changed the login meanwhile.
    Changed,
    /// Another error.
    Failed(String),
    /// A login was ended.
    LoggedOut,
    /// The login's record was put in place.
    LoggedIn,
    /// The login's record was taken away.
    Removed,
    /// A refresh was carried out, and whether it went well.
    Helped(bool),
}

/// Starts one more process in the machine. It stops before the first thing it does.
pub(super) fn start(
    machine: &Arc<Machine>,
    program: Program,
    act: impl FnOnce(&Arc<Machine>, usize) -> Outcome + Send + 'static,
) -> usize {
    let process = machine.admit(program);
    let machine = Arc::clone(machine);
    std::thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| act(&machine, process)));
        machine.end(process, outcome);
    });
    process
}

/// Starts a process that makes one call.
pub(super) fn start_call(machine: &Arc<Machine>, program: Program, scenario: Scenario) -> usize {
    start(machine, program, move |machine, process| {
        let broker = Origin::get().broker(machine, process, scenario);
        let vault = || Vault {
            machine: Arc::clone(machine),
            process,
            swap: Swap::Compares,
        };
        match program {
            Program::Resolve => resolved(block_on(broker.resolve(&target(), None))),
            Program::Renew => resolved(block_on(broker.renew(&target()))),
            Program::Logout => logged_out(block_on(broker.logout(&target()))),
            Program::LocklessLogin => log_in_without_lock(&vault()),
            Program::LocklessRemoval => remove_without_lock(&vault()),
            Program::Helper => unreachable!("helpers are started by callers"),
        }
    })
}

/// Runs a call on a runtime of its own, as a process has it.
pub(super) fn block_on<T>(call: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(call)
}

fn resolved(outcome: Result<Connection, ResolveError>) -> Outcome {
    match outcome {
        Ok(connection) => Outcome::Token(Origin::get().token(connection)),
        Err(
            ResolveError::Missing { .. }
            | ResolveError::Refresh {
                error: RefreshError::Gone { .. },
                ..
            },
        ) => Outcome::Missing,
        Err(
            ResolveError::NeedsLogin {
                status: ConnectionStatus::ReauthRequired | ConnectionStatus::Revoked,
                ..
            }
            | ResolveError::Refresh {
                error: RefreshError::Refused { .. } | RefreshError::CutOff { .. },
                ..
            },
        ) => Outcome::NeedsLogin,
        Err(ResolveError::Refresh {
            error: RefreshError::Changed { .. },
            ..
        }) => Outcome::Changed,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn logged_out(outcome: Result<LogoutOutcome, LogoutError>) -> Outcome {
    match outcome {
        Ok(_) => Outcome::LoggedOut,
        Err(LogoutError::NotLoggedIn { .. }) => Outcome::Missing,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn log_in_without_lock(vault: &Vault) -> Outcome {
    let exchange = Op::Send("code");
    let pair = vault.machine.step(vault.process, exchange, |outside, _| {
        outside.server.log_in()
    });
    let record = Origin::get().fresh_record(pair).to_string();
    let key = EntryKey::new(CONNECTION).unwrap();
    vault.put(&key, record.as_bytes(), Expected::Any).unwrap();
    Outcome::LoggedIn
}

fn remove_without_lock(vault: &Vault) -> Outcome {
    let key = EntryKey::new(CONNECTION).unwrap();
    vault.delete(&key, Expected::Any).unwrap();
    Outcome::Removed
}
