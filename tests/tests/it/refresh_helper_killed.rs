//! The process that carries out a refresh may be killed or hang: nothing is damaged, and whoever comes next knows.

use std::fs;
use std::ops::Range;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use authkeep_testkit::oauth_server::{ServerOptions, Switch};
use authkeep_tests::{
    Consent, ended, moment, processes_of, rounds, send_signal, started, wait_until,
};
use serde_json::Value;

use crate::acme::Acme;
use crate::refresh_world::in_parts;

/// What the detached process is called, as everybody can see in the list of processes.
const HELPER: &str = "--apart";

/// How long the server keeps its answers to itself, in milliseconds: as long as an answer takes on the internet, or
/// long enough to be sure to stop a helper that waits for one.
const USUAL: u64 = 30;
const LONG: u64 = 500;

/// Somebody is logged in at a server that acts at once and answers so many milliseconds later.
fn connected(options: ServerOptions, late: u64) -> Acme {
    let acme = Acme::with(options);
    let login = acme.login(Consent::Approve, &[]);
    assert_eq!(login.code, 0, "{login:?}");
    acme.answers_late(late, 10_000);
    acme
}

fn strict() -> ServerOptions {
    ServerOptions::default()
}

/// A spent token is good for so many seconds more.
fn forgiving(seconds: u64) -> ServerOptions {
    ServerOptions {
        reuse_grace: Some(seconds),
        ..ServerOptions::default()
    }
}

fn helper_of(acme: &Acme) -> Option<u32> {
    let all = processes_of(&acme.product.home().authkeep_home());
    let helper = all
        .iter()
        .find(|process| process.arguments.iter().any(|word| word == HELPER));
    helper.map(|process| process.id)
}

/// A `get` that refreshes, and its helper; `None` when it was over before anybody saw one.
fn with_helper(acme: &Acme) -> (Child, Option<u32>) {
    let mut get = started(acme.get());
    loop {
        if let Some(helper) = helper_of(acme) {
            return (get, Some(helper));
        }
        if get.try_wait().unwrap().is_some() {
            return (get, None);
        }
    }
}

/// What the stored record says after a helper was killed.
#[derive(Debug, PartialEq)]
enum After {
    /// The new token is there.
    Renewed,
    /// A request may have been sent, and that is written down.
    InDoubt,
    /// No request was sent.
    Untouched,
}

/// Kills one helper, and looks at what is left.
fn kill_one(acme: &Acme, round: u32, window: Duration) -> Option<After> {
    acme.expire();
    let before = acme.refreshes().len();
    let (get, helper) = with_helper(acme);
    let struck = helper.is_some_and(|helper| {
        thread::sleep(moment(round, window));
        send_signal("KILL", &helper.to_string())
    });
    let get = ended(get);
    let record = acme.record().unwrap();
    let renewed = record["expires_at"].as_str().unwrap() > "2002";
    let after = match (renewed, record.contains_key("refresh_intent")) {
        (true, false) => After::Renewed,
        (false, true) => After::InDoubt,
        (false, false) => After::Untouched,
        (true, true) => panic!("renewed and in doubt: {get:?}"),
    };
    if after == After::Untouched {
        assert_eq!(
            acme.refreshes().len(),
            before,
            "sent, and nobody will know: {get:?}"
        );
    }
    assert!(get.code == 10 || acme.is_live(&get), "{get:?}");
    struck.then_some(after)
}

#[derive(Debug, Default)]
struct Toll {
    renewed: u32,
    in_doubt: u32,
    untouched: u32,
    too_late: u32,
    /// Logins that the server ended because the token that was in doubt had been spent.
    ended: u32,
}

impl Toll {
    fn count(&mut self, after: Option<&After>) {
        match after {
            Some(After::Renewed) => self.renewed += 1,
            Some(After::InDoubt) => self.in_doubt += 1,
            Some(After::Untouched) => self.untouched += 1,
            None => self.too_late += 1,
        }
    }
}

#[test]
fn a_forgiving_server_gives_every_login_back() {
    let times = rounds(15, 500);
    let tolls = in_parts(times, 3, |rounds| {
        let acme = connected(forgiving(5), USUAL);
        let window = acme.usual_refresh().mul_f64(0.7);
        let mut toll = Toll::default();
        for round in rounds {
            toll.count(kill_one(&acme, round, window).as_ref());
            let get = ended(started(acme.get()));
            assert!(acme.is_live(&get), "round {round}: {get:?}");
            assert!(!acme.record().unwrap().contains_key("refresh_intent"));
        }
        acme.assert_sound();
        toll
    });
    println!("figure: helpers killed {times} times, forgiving server: {tolls:?}");
    assert!(tolls.iter().any(|toll| toll.in_doubt > 0), "{tolls:?}");
}

#[test]
fn a_strict_server_is_asked_once_more_and_then_a_person_is() {
    let times = rounds(15, 500);
    let tolls = in_parts(times, 3, at_a_strict_server);
    println!("figure: helpers killed {times} times, strict server: {tolls:?}");
    assert!(tolls.iter().any(|toll| toll.ended > 0), "{tolls:?}");
}

fn at_a_strict_server(rounds: Range<u32>) -> Toll {
    let mut acme = connected(strict(), USUAL);
    let window = acme.usual_refresh().mul_f64(0.7);
    let mut toll = Toll::default();
    for round in rounds {
        let (asked, issued) = (acme.refreshes().len(), acme.server.secrets().len());
        let outcome = kill_one(&acme, round, window);
        toll.count(outcome.as_ref());
        let get = ended(started(acme.get()));
        if acme.is_live(&get) {
            assert!(acme.refreshes().len() <= asked + 2, "round {round}");
            continue;
        }
        // The server had acted on what the dead one sent, and was asked once more.
        assert_eq!(outcome, Some(After::InDoubt), "round {round}: {get:?}");
        assert_eq!(acme.server.secrets().len(), issued + 2, "round {round}");
        assert_eq!(get.code, 4, "round {round}: {get:?}");
        for _ in 0..2 {
            let get = ended(started(with_json(acme.get())));
            let error: Value = serde_json::from_str(&get.stdout).unwrap();
            assert_eq!((get.code, &error["error"]), (4, &"reauth_required".into()));
        }
        assert_eq!(acme.refreshes().len(), asked + 2, "round {round}");
        toll.ended += 1;
        acme.assert_sound();
        acme = connected(strict(), USUAL);
    }
    acme.assert_sound();
    toll
}

fn with_json(mut command: Command) -> Command {
    command.arg("--json");
    command
}

/// A helper that is stopped while it waits for its answer, and its caller.
fn stopped_helper(acme: &Acme) -> (Child, u32) {
    acme.expire();
    let sent = acme.refreshes().len();
    let (get, helper) = with_helper(acme);
    wait_until("the request is sent", || acme.refreshes().len() > sent);
    let helper = helper.unwrap();
    assert!(send_signal("STOP", &helper.to_string()));
    (get, helper)
}

/// Another caller, once it waits for its turn.
fn waiting(acme: &Acme) -> Child {
    let get = started(acme.get());
    let open = format!("/proc/{}/fd", get.id());
    wait_until("it waits for a lock", || {
        let files = fs::read_dir(&open).into_iter().flatten().flatten();
        files
            .flat_map(|file| fs::read_link(file.path()))
            .any(|file| {
                file.parent()
                    .is_some_and(|folder| folder.ends_with("locks"))
            })
    });
    get
}

#[test]
fn whoever_waits_goes_on_as_soon_as_the_helper_is_dead() {
    let acme = connected(forgiving(5), LONG);
    let mut pauses = Vec::new();
    for round in 0..rounds(4, 50) {
        let (get, helper) = stopped_helper(&acme);
        let other = waiting(&acme);
        let sent = acme.refreshes().len();
        if round % 2 == 1 {
            // With nobody left who knows the helper, the kernel has to say that it is gone.
            assert!(send_signal("KILL", &get.id().to_string()));
        }
        assert!(send_signal("KILL", &helper.to_string()));
        let death = Instant::now();
        wait_until("the next request is sent", || acme.refreshes().len() > sent);
        pauses.push(acme.refreshes()[sent].arrived - death);
        let other = ended(other);
        assert!(acme.is_live(&other), "round {round}: {other:?}");
        drop(ended(get));
    }
    pauses.sort();
    println!(
        "figure: from a helper's death to the next request, {} times: {:?} at the least, {:?} in the middle, {:?} at the most",
        pauses.len(),
        pauses[0],
        pauses[pauses.len() / 2],
        pauses[pauses.len() - 1]
    );
    assert!(
        pauses[pauses.len() - 1] <= Duration::from_secs(1),
        "{pauses:?}"
    );
}

#[test]
fn a_helper_that_hangs_is_not_waited_for_without_end() {
    if rounds(0, 1) == 0 {
        // It takes as long as the product is patient: 45 s.
        return;
    }
    let acme = connected(forgiving(3600), LONG);
    let (first, helper) = stopped_helper(&acme);
    let sent = acme.refreshes().len();
    let start = Instant::now();
    let other = ended(started(with_json(acme.get())));
    let waited = start.elapsed();
    println!(
        "figure: a hung helper was waited for {waited:?}: {}",
        other.stdout
    );
    assert_eq!(other.code, 10, "{other:?}");
    assert!(waited < Duration::from_secs(50), "{waited:?}");
    let error: Value = serde_json::from_str(&other.stdout).unwrap();
    assert!(
        error["message"].as_str().is_some_and(|why| !why.is_empty()),
        "{error}"
    );
    assert_eq!(
        acme.refreshes().len(),
        sent,
        "somebody else asked meanwhile"
    );
    // Once it goes on, nobody has a reason to wait any more.
    assert!(send_signal("CONT", &helper.to_string()));
    let first = ended(first);
    acme.wait_until_quiet();
    let get = ended(started(acme.get()));
    println!(
        "figure: the hung helper goes on: its caller ended with {}, and the next one sent {} requests",
        first.code,
        acme.refreshes().len() - sent
    );
    assert!(acme.is_live(&get), "{get:?}");
}

#[test]
fn a_switch_of_the_server_is_what_gives_logins_back() {
    // The control of the forgiving server: the same death, before and after it stops forgiving.
    let acme = connected(forgiving(5), LONG);
    for (grace, code) in [(Some(5), 0), (None, 4)] {
        acme.server.set(Switch::ReuseGrace(grace));
        let (get, helper) = stopped_helper(&acme);
        assert!(send_signal("KILL", &helper.to_string()));
        drop(ended(get));
        let get = ended(started(acme.get()));
        assert_eq!(get.code, code, "{get:?}");
    }
}
