//! What has to hold when everybody has come to an end, and after somebody came by once more.

use std::sync::Arc;

use super::login::Login;
use super::machine::{Fate, Machine, State};
use super::program::{self, Outcome, Program};
use super::scenario::{Life, Pardon, Runner, Scenario};
use super::server::access_token_of;
use crate::fakes::CONNECTION;

/// How everything stands.
struct End {
    login: Option<Login>,
    token_requests: u32,
    refusals: u32,
    issued: usize,
    died: u8,
    lost: u8,
    /// Somebody logged out, or took the record away.
    gone: bool,
    /// The server would go on with the stored login.
    would_refresh: bool,
    /// How many pairs could still be used.
    living: usize,
    /// How many of them were never saved.
    orphans: usize,
}

impl End {
    fn of(machine: &Machine) -> Self {
        let outcomes = machine.look(State::outcomes);
        let ends_it = |outcome: &Outcome| matches!(outcome, Outcome::LoggedOut | Outcome::Removed);
        let gone = outcomes.iter().flatten().any(ends_it);
        machine.look(|State { outside, .. }| {
            let entry = outside.entries.get(CONNECTION);
            let login = entry.and_then(|(_, value)| Login::read(CONNECTION, value));
            let server = &outside.server;
            Self {
                would_refresh: login
                    .as_ref()
                    .is_some_and(|l| server.would_refresh(&l.refresh_token)),
                token_requests: server.token_requests,
                refusals: server.refusals,
                issued: server.issued(),
                died: outside.died,
                gone,
                lost: outside.lost,
                living: server.living().count(),
                orphans: server
                    .living()
                    .filter(|pair| !outside.saved.contains(pair))
                    .count(),
                login,
            }
        })
    }

    fn is_undisturbed(&self) -> bool {
        self.died == 0 && self.lost == 0
    }

    fn is_over(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.is_over)
    }
}

macro_rules! hold {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!($($what)+));
        }
    };
}

/// Examines the end of an execution.
pub(super) fn check(
    programs: &[Program],
    scenario: Scenario,
    machine: &Arc<Machine>,
) -> Result<(), String> {
    let end = End::of(machine);
    let outcomes = machine.look(State::outcomes);
    let ran: Vec<_> = programs.iter().copied().zip(outcomes).collect();
    let was = |wanted: Outcome| {
        ran.iter()
            .any(|(_, outcome)| outcome.as_ref() == Some(&wanted))
    };
    let held = machine.look(|state| state.outside.locks.len());
    hold!(held == 0, "{held} locks are held by nobody who lives");
    if end.is_undisturbed() {
        undisturbed(&end, &ran)?;
    }
    for (program, outcome) in &ran {
        if let Some(outcome) = outcome {
            handed_out(scenario, machine, outcome, &end)
                .map_err(|what| format!("{program:?} {what}"))?;
        }
    }
    if end.gone {
        hold!(end.login.is_none(), "the login is there after its end");
    }
    if end.gone && end.is_undisturbed() {
        let ended = was(Outcome::LoggedOut);
        hold!(!ended || end.living == 0, "a token outlived the logout");
        hold!(
            end.orphans == 0,
            "a token that nobody has outlived the login"
        );
    }
    if was(Outcome::LoggedIn) {
        let is_theirs = |login: &Login| {
            machine.look(|state| state.outside.server.is_of_last_login(&login.access_token))
        };
        let stands = end.login.as_ref().is_some_and(is_theirs) && !end.is_over();
        hold!(stands, "somebody else's newer login was overwritten");
    }
    afterwards(programs, scenario, machine, &end)
}

/// Nobody died and nothing was lost.
fn undisturbed(end: &End, ran: &[(Program, Option<Outcome>)]) -> Result<(), String> {
    let count = |wanted| ran.iter().filter(|(program, _)| *program == wanted).count();
    let renewals = count(Program::Renew);
    let logins = count(Program::LocklessLogin);
    let requests = end.token_requests as usize;
    hold!(end.refusals == 0, "invalid_grant, {} times", end.refusals);
    hold!(
        end.issued == 1 + logins + requests,
        "{} pairs for {requests} requests",
        end.issued
    );
    hold!(
        requests <= 1 + renewals,
        "{requests} requests for one expiry"
    );
    let in_doubt = end.login.as_ref().is_some_and(|login| login.is_in_doubt);
    hold!(!in_doubt, "the login is in doubt, and nothing happened");
    let is_served = |(_, outcome): &(_, Option<Outcome>)| outcome.is_some();
    if count(Program::Logout) + count(Program::LocklessRemoval) + logins == 0 {
        hold!(requests > 0 || !ran.iter().any(is_served), "nobody asked");
        let stored = end.login.as_ref().map(|login| login.access_token.as_str());
        let newest = access_token_of(end.issued - 1);
        hold!(
            stored == Some(newest.as_str()),
            "the newest pair is not the one stored"
        );
        hold!(
            end.would_refresh && !end.is_over(),
            "the login does not work"
        );
    }
    Ok(())
}

/// What one process got.
fn handed_out(
    scenario: Scenario,
    machine: &Machine,
    outcome: &Outcome,
    end: &End,
) -> Result<(), String> {
    let disturbed = !end.is_undisturbed();
    match outcome {
        Outcome::Token(token) => {
            let (number, honoured) = machine.look(|state| {
                let server = &state.outside.server;
                (server.number_of(token), server.honours(token))
            });
            let spared = scenario.life == Life::NearlyOver && disturbed;
            hold!(number > Some(0) || spared, "got the old token");
            hold!(honoured || end.gone || disturbed, "got a dead token");
        }
        Outcome::NeedsLogin => hold!(disturbed || end.gone, "was sent to log in again"),
        Outcome::Missing => hold!(end.login.is_none(), "found no login"),
        Outcome::Changed => {
            let pardoned = scenario.pardon == Some(Pardon::Changed);
            hold!(pardoned, "was told that the login was changed");
        }
        Outcome::Failed(why) => {
            // Who waits for a helper that is killed cannot do better than say so.
            let helpless = end.died > 0 && scenario.runner == Runner::Apart;
            let hopeless = scenario.life == Life::Over && end.lost > 0;
            hold!(hopeless || helpless, "failed: {why}");
        }
        Outcome::LoggedOut | Outcome::LoggedIn | Outcome::Removed | Outcome::Helped(_) => {}
    }
    Ok(())
}

/// Somebody comes by once more, and twice more.
fn afterwards(
    programs: &[Program],
    scenario: Scenario,
    machine: &Arc<Machine>,
    before: &End,
) -> Result<(), String> {
    let outcome = one_more(scenario, machine)?;
    let after = End::of(machine);
    let renewals = programs
        .iter()
        .filter(|program| **program == Program::Renew);
    let doubts = u32::from(before.died.min(1) + before.lost);
    let allowed = 1 + doubts + renewals.map(|_| 1).sum::<u32>();
    let requests = after.token_requests;
    hold!(
        requests <= allowed,
        "{requests} requests where {allowed} would do"
    );
    match (&before.login, &outcome) {
        (None, Outcome::Missing) => {}
        (Some(_), Outcome::Token(token)) => {
            let honoured = machine.look(|state| state.outside.server.honours(token));
            let works = after.would_refresh && !after.is_over();
            // A token that is not due is handed out, and what is in doubt is found out when it is.
            let in_doubt = after.login.as_ref().is_some_and(|login| login.is_in_doubt);
            hold!(honoured, "afterwards: a dead token");
            hold!(works || in_doubt, "afterwards: a token, and no login");
        }
        (Some(login), Outcome::NeedsLogin) => {
            hold!(after.is_over(), "afterwards: refused, and nobody will know");
            let lost = !before.would_refresh || before.died > 1 || login.is_ending;
            hold!(
                lost,
                "afterwards: a login that the server would have gone on with is over"
            );
            let refusals = after.refusals;
            hold!(
                refusals <= 1 + u32::from(before.lost),
                "invalid_grant, {refusals} times"
            );
        }
        (before, outcome) => return Err(format!("afterwards: {outcome:?} of {before:?}")),
    }
    for _ in 0..2 {
        let again = one_more(scenario, machine)?;
        hold!(
            again == outcome,
            "afterwards: {outcome:?}, and then {again:?}"
        );
    }
    let last = End::of(machine);
    hold!(
        last.token_requests == after.token_requests,
        "everybody who comes by asks the server"
    );
    Ok(())
}

/// One more process resolves, alone.
fn one_more(scenario: Scenario, machine: &Arc<Machine>) -> Result<Outcome, String> {
    let process = program::start_call(machine, Program::Resolve, scenario);
    machine.run(Box::new(|state| {
        let choices = state.choices();
        choices.into_iter().find(|choice| choice.fate == Fate::Go)
    }));
    let outcome = machine.look(State::outcomes).swap_remove(process);
    outcome.ok_or_else(|| "afterwards: no end".to_owned())
}
