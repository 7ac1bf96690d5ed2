//! Whoever asks for a token may be killed at any moment, in any way: the login survives.

use std::ops::Range;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use authkeep_tests::{ended, moment, rounds, send_signal, started};

use crate::acme::Acme;
use crate::refresh_world::in_parts;

/// How callers end before they are done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Their whole process group gets this signal.
    Signal(&'static str),
    /// The shell that started them is killed, and what they print has no reader.
    ParentDies,
}

#[derive(Debug, Default)]
struct Toll {
    rounds: u32,
    /// Callers that had not ended when they were killed.
    cut: u32,
    lost: u32,
}

/// Kills callers at moments from their start to a little after the usual end of a refresh; afterwards one more
/// `get` has to renew the token.
fn strike(end: End, caller: &dyn Fn(&Acme) -> Command, rounds: Range<u32>) -> Toll {
    let mut acme = surrounded();
    let mut usual = acme.usual_refresh();
    let mut toll = Toll::default();
    for round in rounds {
        acme.expire();
        let mut command = caller(&acme);
        if end == End::ParentDies {
            command = under_a_shell(&acme, &command);
        }
        command
            .process_group(0)
            .stderr(Stdio::null())
            .stdout(Stdio::piped());
        let mut caller = command.spawn().unwrap();
        thread::sleep(moment(round, usual.mul_f64(1.3)));
        toll.rounds += 1;
        if caller.try_wait().unwrap().is_none() {
            toll.cut += 1;
            let id = caller.id();
            match end {
                End::Signal(name) => assert!(send_signal(name, &format!("-{id}"))),
                End::ParentDies => {
                    drop(caller.stdout.take());
                    assert!(send_signal("KILL", &id.to_string()));
                }
            }
            caller.wait().unwrap();
        }

        acme.expire();
        let start = Instant::now();
        let get = ended(started(acme.get()));
        // How long a refresh takes depends on what else the machine has to do, which changes.
        usual = start.elapsed();
        if !acme.is_live(&get) {
            toll.lost += 1;
            acme.wait_until_quiet();
            acme = surrounded();
        }
    }
    acme.wait_until_quiet();
    acme.assert_sound();
    toll
}

/// A server that acts at once and answers a while later: whoever dies in that while takes the new token along.
fn surrounded() -> Acme {
    let acme = Acme::connected();
    acme.answers_late(30, 10_000);
    acme
}

/// The same command, started by a shell that waits for it.
fn under_a_shell(acme: &Acme, command: &Command) -> Command {
    let mut shell = acme.product.home().command(std::path::Path::new("sh"));
    shell
        .args(["-c", r#""$@"; true"#, "sh"])
        .arg(command.get_program());
    shell.args(command.get_args());
    shell
}

/// Two at a time, in a home of their own each.
fn all_survive(end: End) -> String {
    let tolls = in_parts(rounds(12, 500), 3, |rounds| strike(end, &Acme::get, rounds));
    let sum = |of: fn(&Toll) -> u32| tolls.iter().map(of).sum::<u32>();
    let (struck, cut, lost) = (sum(|t| t.rounds), sum(|t| t.cut), sum(|t| t.lost));
    assert!(
        cut > struck / 4,
        "only {cut} of {struck} were killed in time"
    );
    assert_eq!(lost, 0, "{tolls:?}");
    format!("callers, {end:?}: {struck} struck, {cut} before their end, {lost} logins lost")
}

#[test]
fn a_kill_of_the_group_loses_no_login() {
    println!("figure: {}", all_survive(End::Signal("KILL")));
}

#[test]
fn an_interrupt_of_the_group_loses_no_login() {
    println!("figure: {}", all_survive(End::Signal("INT")));
}

#[test]
fn a_polite_kill_of_the_group_loses_no_login() {
    println!("figure: {}", all_survive(End::Signal("TERM")));
}

#[test]
fn a_hang_up_loses_no_login() {
    println!("figure: {}", all_survive(End::Signal("HUP")));
}

#[test]
fn the_death_of_the_parent_loses_no_login() {
    println!("figure: {}", all_survive(End::ParentDies));
}

#[test]
fn callers_that_refresh_by_themselves_lose_logins() {
    // The negative control: the same library, the same kills, but the refresh dies with its caller.
    let attached = |acme: &Acme| acme.embedder(&["resolve", "1", "without-detaching"]);
    // On a loaded machine the moment is not hit at once.
    let mut struck = 0;
    let toll = loop {
        let from = struck;
        struck += rounds(10, 60);
        let toll = strike(End::Signal("KILL"), &attached, from..struck);
        if toll.lost > 0 || struck >= 200 {
            break toll;
        }
    };
    println!("figure: callers that refresh by themselves, after {struck} kills: {toll:?}");
    assert!(toll.lost > 0, "{toll:?}");
}

#[test]
fn dropped_tasks_lose_no_login() {
    let acme = surrounded();
    let count = rounds(30, 500).to_string();
    let agent = ended(started(acme.embedder(&["drop", &count])));
    println!("figure: tasks: {}", agent.stdout);
    assert_eq!(agent.code, 0, "{agent:?}");
    assert!(agent.stdout.ends_with("lost 0"), "{agent:?}");
    let unfinished = agent.stdout.split_whitespace().nth(3).unwrap();
    let unfinished: u32 = unfinished.trim_end_matches(',').parse().unwrap();
    // Enough of them to tell; a loaded machine cuts off fewer.
    assert!(unfinished > rounds(30, 500) / 20, "{agent:?}");
    acme.assert_sound();
}

#[test]
fn tasks_that_refresh_by_themselves_lose_logins_when_dropped() {
    // The negative control of the test above.
    let acme = surrounded();
    let agent = ended(started(acme.embedder(&[
        "drop",
        "100",
        "without-detaching",
    ])));
    println!("figure: tasks that refresh by themselves: {}", agent.stdout);
    assert!(agent.stdout.ends_with("lost 1"), "{agent:?}");
}
