//! The time before a token runs out: whatever its life, the caller's wish and the clock, no token is refreshed
//! more than once, and no answer leads to the next request by itself.

use std::collections::HashSet;
use std::time::Duration;

use authkeep_core::Broker;
use authkeep_testkit::oauth_server::{Rotation, ServerOptions};

use crate::fakes::{CONNECTION, World, target};
use crate::process::torture;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const LIFETIMES: [i64; 11] = [1, 2, 5, 10, 30, 59, 60, 5 * MINUTE, HOUR, DAY, 30 * DAY];

/// How often each moment is asked at.
const TIMES: usize = 3;

async fn login(lifetime: i64, rotation: Rotation) -> (World, Broker) {
    let world = World::with(ServerOptions {
        access_token_ttl: Some(lifetime.unsigned_abs()),
        rotation,
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await;
    (world, broker)
}

/// The seconds of two or three lives that are looked at: evenly spread, and all around the ends.
fn moments(lifetime: i64) -> Vec<i64> {
    let (lives, steps) = if torture() { (3, 100) } else { (2, 8) };
    let step = (lifetime / steps).max(1);
    let early = (lifetime / 10).min(5 * MINUTE);
    let mut moments: Vec<i64> = (0..=lives * lifetime).step_by(step as usize).collect();
    for life in 1..=lives {
        let end = life * lifetime;
        for edge in [end - early, end] {
            moments.extend([edge - 1, edge, edge + 1]);
        }
    }
    moments.retain(|moment| *moment >= 0);
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Asks at each moment several times; `ask` says how many requests there were so far. Returns the moments of the
/// requests, with one that cost several counted as often.
async fn requests(moments: &[i64], mut ask: impl AsyncFnMut(i64) -> usize) -> Vec<i64> {
    let mut before = 0;
    let mut requests = Vec::new();
    for moment in moments {
        for _ in 0..TIMES {
            let now = ask(*moment).await;
            requests.extend(std::iter::repeat_n(*moment, now - before));
            before = now;
        }
    }
    requests
}

/// What is wrong with requests at these moments: two that are closer than `gap` seconds.
fn too_close(requests: &[i64], gap: i64) -> Option<(i64, i64)> {
    let mut pairs = requests.windows(2).map(|pair| (pair[0], pair[1]));
    pairs.find(|(one, next)| next - one < gap)
}

#[tokio::test]
async fn a_token_is_refreshed_once_in_its_life() {
    let (mut lives, mut asked) = (0, 0);
    for lifetime in LIFETIMES {
        // A tenth of its life, at most five minutes, in whole seconds.
        let early = (lifetime / 10).min(5 * MINUTE);
        let mut wishes = vec![
            (None, lifetime - early),
            // Asking for more life than there is renews it once a tenth of its life is gone.
            (Some(2 * lifetime), early.max(1)),
        ];
        if torture() {
            wishes.push((Some(lifetime), early.max(1)));
            wishes.push((Some(365 * DAY), early.max(1)));
        }
        for (min_ttl, gap) in wishes {
            lives += 1;
            let (world, broker) = login(lifetime, Rotation::Rotate).await;
            let start = world.clock.now();
            let wanted = min_ttl.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
            let moments = moments(lifetime);
            let found = requests(&moments, async |moment| {
                world.clock.set(start + moment);
                let connection = broker.resolve(&target(), wanted).await.unwrap();
                let expires_at = connection.expires_at().unwrap().as_second();
                assert!(expires_at > start + moment, "a token that has run out");
                world.token_requests() - 1
            })
            .await;
            let close = too_close(&found, gap);
            assert_eq!(close, None, "life {lifetime}, wish {min_ttl:?}: {found:?}");
            assert!(!found.is_empty(), "life {lifetime}: never refreshed");
            let log = world.server.log();
            let sent: Vec<_> = log
                .iter()
                .filter_map(|seen| seen.field("refresh_token"))
                .collect();
            let distinct: HashSet<_> = sent.iter().collect();
            assert_eq!(sent.len(), distinct.len(), "a refresh token was sent twice");
            asked += TIMES * moments.len();
        }
    }
    println!("figure: {lives} lives and wishes, {asked} times asked");
}

/// The control: a window of five minutes for every token, and the caller's wish taken at its word, refresh short
/// tokens at every call, which is what the same look at the same moments finds.
#[tokio::test]
async fn a_window_that_does_not_know_the_lifetime_loops() {
    for (lifetime, min_ttl) in [(5 * MINUTE, 0), (30, 0), (HOUR, 2 * HOUR)] {
        let (mut expires_at, mut sent) = (lifetime, 0);
        let found = requests(&moments(lifetime), async |now| {
            if expires_at - now <= min_ttl.max(5 * MINUTE) {
                expires_at = now + lifetime;
                sent += 1;
            }
            sent
        })
        .await;
        assert!(too_close(&found, 1).is_some(), "life {lifetime}");
    }
}

/// One move of the clock's hand.
#[derive(Clone, Copy, Debug)]
enum Jump {
    By(i64),
    To(i64),
}

use Jump::{By, To};

const Y2038: i64 = 2_147_483_648;
const YEAR_9000: i64 = 221_845_392_000;

const SCENARIOS: [&[Jump]; 20] = [
    &[By(HOUR)],
    &[By(-HOUR)],
    &[By(HOUR), By(-HOUR)],
    &[By(-HOUR), By(HOUR)],
    &[By(HOUR), By(HOUR), By(-2 * HOUR)],
    &[By(1), By(-1), By(1), By(-1)],
    &[By(MINUTE), By(-MINUTE)],
    &[By(-MINUTE), By(-MINUTE), By(-MINUTE)],
    &[By(-DAY)],
    &[By(DAY), By(-DAY)],
    &[By(-30 * DAY)],
    &[By(-365 * DAY), By(365 * DAY)],
    &[By(11 * 365 * DAY), By(-11 * 365 * DAY)],
    &[To(Y2038)],
    &[To(Y2038 - 1), By(1), By(1)],
    &[To(Y2038), By(-HOUR)],
    &[To(YEAR_9000)],
    &[To(YEAR_9000), By(-7_000 * 365 * DAY)],
    &[To(0)],
    &[To(-DAY), To(1), To(Y2038)],
];

#[tokio::test]
async fn a_clock_that_jumps_costs_one_refresh_a_jump_and_never_a_loop() {
    let mut jumps = 0;
    let lifetimes = if torture() {
        &LIFETIMES[3..]
    } else {
        &[30, HOUR]
    };
    for lifetime in lifetimes.iter().copied() {
        let (world, broker) = login(lifetime, Rotation::Keep).await;
        let (start, login) = (world.clock.now(), world.record());
        for min_ttl in [None, Some(Duration::from_secs(2 * lifetime.unsigned_abs()))] {
            for scenario in SCENARIOS {
                world.put(CONNECTION, &login);
                world.clock.set(start + lifetime / 2);
                broker.resolve(&target(), min_ttl).await.unwrap();
                for jump in scenario {
                    match jump {
                        By(seconds) => world.clock.advance(*seconds),
                        To(second) => world.clock.set(*second),
                    }
                    let before = world.token_requests();
                    for _ in 0..5 {
                        broker.resolve(&target(), min_ttl).await.unwrap();
                    }
                    let cost = world.token_requests() - before;
                    assert!(cost <= 1, "life {lifetime}, {scenario:?}: {cost} requests");
                    jumps += 1;
                }
                // Whatever happened, the life that is left is believable, and time goes on as if nothing had.
                let now = world.clock.now();
                let connection = broker.show(&target()).unwrap();
                let left = connection.expires_at().unwrap().as_second() - now;
                assert!(
                    left > 0 && left <= lifetime + lifetime / 10,
                    "{scenario:?}: {left}"
                );
                let before = world.token_requests();
                let gap = match min_ttl {
                    None => lifetime - (lifetime / 10).min(5 * MINUTE),
                    Some(_) => (lifetime / 10).min(5 * MINUTE),
                };
                let steps: Vec<i64> = (1..=12)
                    .step_by(if torture() { 1 } else { 3 })
                    .map(|step| step * lifetime / 10)
                    .collect();
                let found = requests(&steps, async |moment| {
                    world.clock.set(now + moment);
                    broker.resolve(&target(), min_ttl).await.unwrap();
                    world.token_requests() - before
                })
                .await;
                let close = too_close(&found, gap);
                assert_eq!(close, None, "life {lifetime}, {scenario:?}: {found:?}");
            }
        }
    }
    println!("figure: {} scenarios, {jumps} jumps", SCENARIOS.len());
}
