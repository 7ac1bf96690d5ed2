//! A model checker around the real broker: several processes, and every order in which they can act.
//!
//! A process is a thread with a broker of its own. It stops before each operation on the vault, each request and
//! each answer, until it is chosen; and at each stop it may be killed, or its request or answer lost. The vault,
//! its locks and the authorization server are a few lines each. What is examined at the end of each execution is
//! in `model/properties.rs`.
//!
//! Time stands still: nobody's patience ends, and nothing is tried again after a pause.

mod apart;
mod explorer;

mod http;
mod login;
mod machine;
mod program;
mod properties;
mod scenario;
mod server;
mod vault;

use self::explorer::{Report, explore};
use self::program::Program::{self, LocklessLogin, LocklessRemoval, Logout, Renew, Resolve};
use self::scenario::{Life, Locks, Mortal, Pardon, Pruning, Runner, Scenario};
use self::server::Policy;
use self::vault::Swap;
use crate::process::torture;

const POLICIES: [Policy; 3] = [Policy::Strict, Policy::Grace, Policy::NoRotation];
const STRICT: fn() -> Scenario = || Scenario::of(Policy::Strict);

/// Goes through everything and finds nothing wrong.
fn holds(programs: &[Program], scenario: Scenario) -> Report {
    let report = explore(programs, scenario);
    figure(programs, scenario, &report);
    if let Some(violation) = &report.violation {
        panic!("{programs:?}, {scenario}: {violation:?}");
    }
    report
}

/// Finds this wrong.
fn fails(programs: &[Program], scenario: Scenario, with: &str) {
    let report = explore(programs, scenario);
    figure(programs, scenario, &report);
    let violation = report.violation.unwrap();
    assert!(violation.what.contains(with), "{violation:?}");
}

#[expect(clippy::print_stdout, reason = "how much was gone through is a figure")]
fn figure(programs: &[Program], scenario: Scenario, report: &Report) {
    println!("figure: model: {programs:?}, {scenario}: {report}");
}

#[test]
fn everybody_gets_the_one_new_token() {
    for policy in POLICIES {
        holds(&[Resolve, Resolve], Scenario::of(policy));
        if policy == Policy::Strict || torture() {
            holds(&[Resolve, Resolve, Resolve], Scenario::of(policy));
        }
    }
}

#[test]
fn whoever_asks_for_another_token_gets_one() {
    holds(&[Resolve, Renew], STRICT());
    holds(&[Renew, Renew], STRICT());
    if torture() {
        for policy in POLICIES {
            holds(&[Resolve, Renew, Resolve], Scenario::of(policy));
        }
        holds(&[Renew, Renew, Resolve], STRICT());
    }
}

#[test]
fn what_was_logged_out_is_dead_and_stays_away() {
    holds(&[Resolve, Logout], STRICT());
    holds(&[Logout, Logout], STRICT());
    if torture() {
        for policy in POLICIES {
            holds(&[Resolve, Resolve, Logout], Scenario::of(policy));
        }
        holds(&[Resolve, Renew, Logout], STRICT());
    }
}

#[test]
fn somebody_elses_login_is_not_overwritten() {
    let scenario = STRICT();
    holds(&[Resolve, LocklessLogin], scenario);
    holds(&[Resolve, LocklessLogin], scenario.deaths(1));
    holds(&[Resolve, LocklessLogin], scenario.losses(1));
    holds(&[Resolve, LocklessRemoval], scenario);
    if torture() {
        holds(&[Resolve, Resolve, LocklessLogin], scenario);
        holds(&[Resolve, Renew, LocklessLogin], scenario);
        holds(&[Resolve, Resolve, LocklessRemoval], scenario);
    }
}

#[test]
fn a_death_costs_at_most_one_request_and_never_a_login_that_works() {
    for policy in POLICIES {
        for deaths in [1, 2] {
            holds(&[Resolve, Resolve], Scenario::of(policy).deaths(deaths));
        }
    }
    holds(&[Resolve, Logout], STRICT().deaths(1));
    if torture() {
        for policy in POLICIES {
            holds(&[Resolve, Resolve, Resolve], Scenario::of(policy).deaths(2));
            holds(&[Resolve, Renew], Scenario::of(policy).deaths(2));
        }
        holds(&[Resolve, Resolve, Resolve], STRICT().deaths(3));
        holds(&[Resolve, Resolve, Logout], STRICT().deaths(1));
    }
}

#[test]
fn a_token_that_still_works_is_better_than_none() {
    let scenario = Scenario {
        life: Life::NearlyOver,
        ..STRICT()
    };
    // A caller with such a token goes by the real time, so that a machine which stands still for seconds would
    // change the outcome.
    if torture() {
        holds(&[Resolve, Resolve], scenario);
        holds(&[Resolve, Resolve], scenario.losses(1));
        holds(&[Resolve, Resolve], scenario.deaths(2).losses(1));
    }
}

#[test]
fn an_answer_that_is_lost_costs_at_most_one_request() {
    for policy in POLICIES {
        holds(&[Resolve, Resolve], Scenario::of(policy).losses(1));
    }
    holds(&[Resolve, Logout], STRICT().losses(1));
    if torture() {
        for policy in POLICIES {
            holds(&[Resolve, Resolve], Scenario::of(policy).losses(2));
            holds(
                &[Resolve, Resolve],
                Scenario::of(policy).deaths(1).losses(1),
            );
            holds(
                &[Resolve, Resolve, Resolve],
                Scenario::of(policy).deaths(1).losses(1),
            );
        }
    }
}

#[test]
fn the_death_of_whoever_asked_changes_nothing() {
    let apart = Scenario {
        runner: Runner::Apart,
        ..STRICT()
    };
    let callers = Scenario {
        mortal: Mortal::Callers,
        ..apart
    };
    holds(&[Resolve, Resolve], callers.deaths(2));
    holds(&[Resolve, Resolve], apart.deaths(1));
    if torture() {
        holds(&[Resolve, Resolve], apart.deaths(2));
        holds(&[Resolve, Resolve], apart.deaths(1).losses(1));
        holds(&[Resolve, Resolve, Resolve], callers.deaths(2));
        holds(&[Resolve, Resolve, Resolve], apart.deaths(1));
        holds(&[Resolve, Logout], callers.deaths(1));
        holds(&[Resolve, Renew], callers.deaths(1));
    }
}

#[test]
fn what_is_left_out_of_the_search_leads_nowhere_else() {
    for deaths in [0, u8::from(torture())] {
        let scenario = STRICT().deaths(deaths);
        let pruned = holds(&[Resolve, Resolve], scenario);
        let pruning = Pruning::Nothing;
        let all = holds(
            &[Resolve, Resolve],
            Scenario {
                pruning,
                ..scenario
            },
        );
        assert_eq!(pruned.endings, all.endings);
    }
}

#[test]
fn without_locks_the_login_is_lost() {
    let scenario = Scenario {
        locks: Locks::ExcludeNobody,
        ..STRICT().pardoning(Pardon::Changed)
    };
    fails(&[Resolve, Resolve], scenario, "invalid_grant");
}

#[test]
fn without_compare_and_swap_somebody_elses_login_is_lost() {
    let scenario = Scenario {
        swap: Swap::Clobbers,
        ..STRICT()
    };
    fails(&[Resolve, LocklessLogin], scenario, "overwritten");
    fails(&[Resolve, LocklessRemoval], scenario, "came back");
}

#[test]
fn where_refreshes_run_in_the_callers_process_its_death_matters() {
    let scenario = Scenario {
        mortal: Mortal::Callers,
        ..STRICT()
    };
    fails(&[Resolve, Resolve], scenario.deaths(1), "invalid_grant");
}
