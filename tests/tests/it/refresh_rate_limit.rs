//! A server that says "later" is left alone until then, however many callers there are.

use std::time::{Duration, Instant};

use authkeep_testkit::oauth_server::Scripted;
use authkeep_tests::{all_at_once, ended, rounds, started, wait_until};

use crate::acme::Acme;

const RETRY_AFTER: Duration = Duration::from_secs(2);

fn too_many_requests() -> Scripted {
    Scripted::Status {
        status: 429,
        headers: vec![("retry-after".to_owned(), RETRY_AFTER.as_secs().to_string())],
        body: Vec::new(),
    }
}

#[test]
fn a_crowd_asks_once_in_each_period() {
    let acme = Acme::connected();
    acme.expire();
    let refusals = rounds(3, 6) as usize;
    acme.server
        .script("/token", vec![too_many_requests(); refusals]);
    let size = rounds(12, 64);
    let start = Instant::now();
    let crowd = all_at_once((0..size).map(|_| acme.get()));
    let served = crowd.iter().filter(|get| acme.is_live(get)).count();
    for get in &crowd {
        assert!([0, 10].contains(&get.code), "{get:?}");
    }
    // Whoever was turned away has to come back, and then the server is well again.
    let mut more = 0;
    wait_until("the token is renewed", || {
        more += 1;
        acme.is_live(&ended(started(acme.get())))
    });
    let seconds = start.elapsed().as_secs_f64();
    let arrivals: Vec<Instant> = acme.refreshes().iter().map(|seen| seen.arrived).collect();
    let gaps = arrivals.windows(2).map(|pair| pair[1] - pair[0]);
    let shortest = gaps.min().unwrap();
    println!(
        "figure: 429 to {size} processes: {served} served, {more} more calls, {} requests in {seconds:.1} s, \
         at least {shortest:?} apart",
        arrivals.len()
    );
    assert_eq!(arrivals.len(), refusals + 1);
    assert!(shortest >= RETRY_AFTER, "{shortest:?}");
}
