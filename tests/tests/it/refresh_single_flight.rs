//! Many callers want a token that has run out: one of them renews it, and all get the new one.

use std::time::Instant;

use authkeep_tests::{all_at_once, rounds};

use crate::acme::Acme;
use crate::refresh_world::GET;

/// Every expiry is answered by one token request, whose token each caller prints.
fn each_expiry_costs_one_request(
    acme: &Acme,
    expiries: u32,
    crowd: impl Fn() -> Vec<String>,
) -> String {
    let (asked, granted) = acme.asked_and_granted();
    let secrets = acme.server.secrets().len();
    let start = Instant::now();
    let mut tokens = vec![acme.product.secret("acme", "token")];
    let mut callers = 0;
    for expiry in 0..expiries {
        acme.expire();
        let mut printed = crowd();
        callers += printed.len();
        printed.dedup();
        assert_eq!(
            printed.len(),
            1,
            "expiry {expiry}: not all got the same: {printed:?}"
        );
        let token = printed.remove(0);
        assert!(
            acme.server.token_is_active(&token),
            "expiry {expiry}: `{token}`"
        );
        assert!(!tokens.contains(&token), "expiry {expiry}: an old one");
        tokens.push(token);
    }
    let seconds = start.elapsed().as_secs_f64();
    acme.wait_until_quiet();
    let (asked, granted) = (
        acme.asked_and_granted().0 - asked,
        acme.asked_and_granted().1 - granted,
    );
    assert_eq!((asked, granted), (expiries as usize, expiries as usize));
    // An access token and a refresh token for each.
    assert_eq!(acme.server.secrets().len() - secrets, 2 * asked);
    acme.assert_sound();
    format!(
        "{callers} callers over {expiries} expiries: {asked} token requests, {granted} granted, {seconds:.1} s"
    )
}

#[test]
fn a_crowd_of_processes_asks_once() {
    let acme = Acme::connected();
    let size = rounds(16, 64);
    let crowd = || {
        let ended = all_at_once((0..size).map(|_| acme.get()));
        ended
            .into_iter()
            .map(|get| {
                assert_eq!(get.code, 0, "{get:?}");
                get.stdout
            })
            .collect()
    };
    let figure = each_expiry_costs_one_request(&acme, rounds(6, 50), crowd);
    println!("figure: single flight, {size} processes: {figure}");
}

#[test]
fn tasks_of_one_process_and_other_processes_ask_once() {
    let acme = Acme::connected();
    let tasks = rounds(64, 256).to_string();
    let crowd = || {
        let agent = acme.embedder(&["resolve", &tasks]);
        let ended = all_at_once(std::iter::once(agent).chain((0..8).map(|_| acme.get())));
        ended
            .into_iter()
            .flat_map(|process| {
                assert_eq!(process.code, 0, "{process:?}");
                let lines = process.stdout.lines().map(str::to_owned);
                lines.collect::<Vec<_>>()
            })
            .collect()
    };
    let figure = each_expiry_costs_one_request(&acme, rounds(4, 50), crowd);
    println!("figure: single flight, {tasks} tasks and 8 processes: {figure}");
}

#[test]
fn without_locks_the_same_crowd_loses_the_login() {
    // The negative control: the same library and the same crowd. The server kills the login at the second use of
    // a refresh token.
    let mut lost = 0;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let acme = Acme::connected();
        acme.answers_late(30, 1000);
        acme.expire();
        let arguments = ["resolve", "16", "without-lock"];
        let ended = all_at_once((0..4).map(|_| acme.embedder(&arguments)));
        assert!(ended.iter().all(|agent| agent.code == 0), "{ended:?}");
        seen.push(acme.asked_and_granted());
        acme.expire();
        lost += u32::from(acme.product.run(&GET).code == 4);
    }
    println!(
        "figure: 64 callers without locks, 3 times: (asked, granted) {seen:?}, {lost} logins lost"
    );
    assert!(lost > 0 && seen.iter().any(|(asked, granted)| asked > granted));
}
