//! `logout` and `get --refresh` at the same time: whatever their order, nothing comes back and no token stays alive.

use std::ops::Range;
use std::process::Child;
use std::thread;
use std::time::Duration;

use authkeep_tests::{Consent, ended, moment, rounds, started};

use crate::acme::Acme;
use crate::refresh_world::in_parts;

#[derive(Debug, Default)]
struct Seen {
    refreshed_first: u32,
    too_late: u32,
}

#[test]
fn a_refresh_does_not_undo_a_logout() {
    let times = rounds(15, 500);
    let seen = in_parts(times, 4, race);
    println!("figure: logout and refresh, {times} times: {seen:?}");
    assert!(seen.iter().any(|seen| seen.refreshed_first > 0), "{seen:?}");
}

fn race(rounds: Range<u32>) -> Seen {
    let acme = Acme::connected();
    let usual = acme.usual_refresh();
    let mut seen = Seen::default();
    for round in rounds {
        acme.answers_late(20, 1);
        let arguments = [
            "get",
            "acme",
            "--refresh",
            "--field",
            "token",
            "--show-secret",
        ];
        let get = || started(acme.product.command(&arguments));
        let logout = || started(acme.product.command(&["logout", "acme", "--json"]));
        let (get, logout) = if round % 3 == 0 {
            let (logout, get) = apart(logout, get, moment(round, usual));
            (get, logout)
        } else {
            apart(get, logout, moment(round, usual.mul_f64(1.3)))
        };
        let (get, logout) = (ended(get), ended(logout));
        acme.wait_until_quiet();
        assert_eq!(logout.code, 0, "round {round}: {logout:?}");
        assert!(
            logout.stdout.contains("\"revoked\""),
            "round {round}: {logout:?}"
        );
        match get.code {
            0 => seen.refreshed_first += 1,
            _ => seen.too_late += 1,
        }
        let after = acme.product.run(&["get", "acme", "--json"]);
        assert_eq!(after.code, 5, "round {round}: {get:?} {logout:?} {after:?}");
        assert!(acme.record().is_none(), "round {round}: a record is left");
        assert_eq!(live_tokens(&acme), 0, "round {round}: {get:?} {logout:?}");

        // The same looks find the next login alive, so they would have seen one that came back.
        let login = acme.login(Consent::Approve, &[]);
        assert_eq!(login.code, 0, "{login:?}");
        assert!(acme.record().is_some() && live_tokens(&acme) == 2);
    }
    acme.assert_sound();
    seen
}

/// How many of all the tokens that were ever issued are still good.
fn live_tokens(acme: &Acme) -> usize {
    let secrets = acme.server.secrets();
    secrets
        .iter()
        .filter(|secret| acme.server.token_is_active(secret))
        .count()
}

/// Starts one and, after a pause, the other.
fn apart(
    first: impl FnOnce() -> Child,
    second: impl FnOnce() -> Child,
    pause: Duration,
) -> (Child, Child) {
    let first = first();
    thread::sleep(pause);
    (first, second())
}
