//! The real binary on a machine whose clock jumps (by libfaketime): a jump costs one refresh at most, and nothing that
//! follows it costs another.

use std::path::Path;

use authkeep_core::{Clock as _, SystemClock};
use authkeep_testkit::home::{Output, run};
use authkeep_tests::rounds;
use serde_json::json;

use crate::acme::Acme;
use crate::refresh_world::{GET, in_parts};

/// One move of the clock's hand.
#[derive(Clone, Copy, Debug)]
enum Jump {
    /// By so many seconds.
    By(i64),
    /// To so many seconds after 1970.
    To(i64),
}

use Jump::{By, To};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const Y2038: i64 = 2_147_483_648;

const SCENARIOS: [&[Jump]; 20] = [
    &[By(HOUR)],
    &[By(-HOUR)],
    &[By(HOUR), By(-HOUR)],
    &[By(-HOUR), By(HOUR)],
    &[By(HOUR), By(HOUR)],
    &[By(-HOUR), By(-HOUR)],
    &[By(2 * HOUR), By(-2 * HOUR)],
    &[By(HOUR / 2)],
    &[By(-HOUR / 2), By(HOUR)],
    &[By(55 * 60), By(60)],
    &[By(DAY)],
    &[By(-DAY), By(DAY)],
    &[By(-30 * DAY)],
    &[By(YEAR), By(-YEAR)],
    &[By(-10 * YEAR), By(20 * YEAR)],
    &[To(Y2038 - 1), By(2)],
    &[To(Y2038)],
    &[To(Y2038), By(-Y2038 / 2)],
    &[To(Y2038 + 60 * YEAR), By(-HOUR)],
    &[To(DAY), To(Y2038)],
];

fn now() -> i64 {
    SystemClock.now().as_second()
}

/// `get` by a clock that is so many seconds ahead.
fn get(acme: &Acme, ahead: i64) -> Output {
    let mut command = acme.product.home().command(Path::new("faketime"));
    command.args(["--exclude-monotonic", "-f", &format!("{ahead:+}")]);
    command.arg(authkeep_tests::authkeep_bin()).args(GET);
    run(&mut command)
}

#[test]
fn a_jump_of_the_clock_costs_one_refresh_and_never_a_loop() {
    let calls = rounds(3, 20);
    let scenarios = u32::try_from(SCENARIOS.len()).unwrap();
    let counted = in_parts(scenarios, 4, |part| {
        let acme = Acme::connected();
        let (mut jumps, mut refreshes) = (0, 0);
        for at in part {
            let scenario = SCENARIOS[at as usize];
            // Back to the real time, where the last scenario may have left a token of another age.
            let before = acme.asked_and_granted().0;
            for _ in 0..calls {
                assert_eq!(get(&acme, 0).code, 0);
            }
            let mut asked = acme.asked_and_granted().0;
            assert!(asked - before <= 1, "before {scenario:?}");
            let mut ahead = 0;
            for jump in scenario {
                match jump {
                    By(seconds) => ahead += seconds,
                    To(second) => ahead = second - now(),
                }
                for _ in 0..calls {
                    let output = get(&acme, ahead);
                    assert_eq!(output.code, 0, "{scenario:?}: {output:?}");
                    let token = output.stdout.trim_end();
                    assert!(acme.server.token_is_active(token), "{scenario:?}");
                }
                let now_asked = acme.asked_and_granted().0;
                assert!(now_asked - asked <= 1, "{scenario:?}: {jump:?}");
                refreshes += now_asked - asked;
                asked = now_asked;
                jumps += 1;
            }
        }
        (jumps, refreshes)
    });
    let jumps: u32 = counted.iter().map(|(jumps, _)| jumps).sum();
    let refreshes: usize = counted.iter().map(|(_, refreshes)| refreshes).sum();
    // Most of these jumps do leave the token old, or make its age unbelievable: the clock was seen to jump.
    assert!(refreshes > 15, "{refreshes}");
    println!(
        "figure: the binary under libfaketime, {scenarios} scenarios, {jumps} jumps, {calls} calls after each: \
         {refreshes} refreshes, at most one a jump, 0 loops"
    );
}

#[test]
fn an_expiry_by_the_servers_clock_would_be_a_loop() {
    // The negative control: the life of the token is counted from the server's moment, not from that of its receipt.
    let acme = Acme::connected();
    let before = acme.asked_and_granted().0;
    for _ in 0..3 {
        assert_eq!(get(&acme, 2 * HOUR).code, 0);
        let mut record = acme.record().unwrap();
        for (field, moment) in [
            ("expires_at", "2001-01-01T01:00:00Z"),
            ("refreshed_at", "2001-01-01T00:00:00Z"),
        ] {
            record[field] = json!(moment);
        }
        acme.put(&record);
    }
    assert_eq!(acme.asked_and_granted().0 - before, 3);
}
