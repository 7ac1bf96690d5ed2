//! What becomes of a lock whose holder is stopped, killed, or one of very many.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fixture; a failure here is a failed test"
)]

use std::fs;
use std::time::{Duration, Instant};

use authkeep_vault::{LockError, LockGuard, SqliteStore, Store as _};
use rustix::process::{Signal, kill_process};

use crate::child::{Running, Task, start};
use crate::home::{Home, key, random};

const SHORT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(20);

/// Few as a rule; many when a long run is asked for.
#[expect(clippy::disallowed_methods, reason = "the only switch of these tests")]
fn count(quick: usize, full: usize) -> usize {
    match std::env::var("AUTHKEEP_TORTURE") {
        Ok(_) => full,
        Err(_) => quick,
    }
}

/// The smallest, the middle and the largest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!(
        "min {:?}, median {:?}, 95 % {:?}, max {:?}",
        at(0),
        at(50),
        at(95),
        at(100)
    )
}

fn take(store: &SqliteStore) -> Result<LockGuard, LockError> {
    store.lock(&key("a"), LONG)
}

#[test]
fn a_stopped_holder_keeps_the_lock_but_nobody_waits_for_ever() {
    let home = Home::new();
    let store = home.create("default");
    let child = start(Task::Lock, home.path(), None);
    kill_process(child.id(), Signal::STOP).unwrap();
    match store.lock(&key("a"), SHORT) {
        Err(LockError::Busy { waited }) => assert!((SHORT..LONG).contains(&waited)),
        found => panic!("{found:?}"),
    }
    // The control: the same holder gives the lock back once it runs again and ends.
    kill_process(child.id(), Signal::CONT).unwrap();
    child.finish();
    drop(take(&store).unwrap());

    // And killed while it is stopped, it gives the lock back as well.
    let child = start(Task::Lock, home.path(), None);
    kill_process(child.id(), Signal::STOP).unwrap();
    child.kill();
    drop(take(&store).unwrap());
}

#[test]
fn whoever_waits_has_the_lock_soon_after_its_holder_is_killed() {
    let home = Home::new();
    let store = home.create("default");
    let mut times = Vec::new();
    for _ in 0..count(8, 200) {
        let child = start(Task::Lock, home.path(), None);
        let time = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| take(&store).map(|guard| (Instant::now(), guard)));
            // The waiter looks after the lock every so often; the kill falls anywhere in between.
            let pause = 20_000 + u64::try_from(random(10_000)).unwrap();
            std::thread::sleep(Duration::from_micros(pause));
            assert!(!waiter.is_finished(), "the control: no kill, no lock");
            let killed = Instant::now();
            child.kill();
            waiter.join().unwrap().unwrap().0 - killed
        });
        times.push(time);
    }
    assert!(times.iter().all(|time| *time < Duration::from_secs(1)));
    println!("kills: {}; {}", times.len(), spread(times));
}

/// Lets many processes count up in one file. Returns the count reached and the longest waits.
fn count_up(processes: usize, rounds: usize, how: &str) -> (usize, Vec<Duration>) {
    let home = Home::new();
    drop(home.create("default"));
    let counter = home.path().join("counter");
    fs::write(&counter, "0").unwrap();
    let mut children: Vec<Running> = (0..processes)
        .map(|_| start(Task::Count, home.path(), None))
        .collect();
    for child in &mut children {
        child.tell(&format!("{rounds} {how}"));
    }
    let waits = children
        .into_iter()
        .map(|mut child| {
            let longest = child.next_line().unwrap().parse().unwrap();
            child.finish();
            Duration::from_micros(longest)
        })
        .collect();
    let reached = fs::read_to_string(counter).unwrap().parse().unwrap_or(0);
    (reached, waits)
}

#[test]
fn many_processes_exclude_each_other() {
    let (processes, rounds) = (count(12, 64), count(10, 50));
    let started = Instant::now();
    let (reached, waits) = count_up(processes, rounds, "locked");
    println!(
        "{processes} processes, {rounds} rounds each: counted {reached} in {:?}; longest waits: {}",
        started.elapsed(),
        spread(waits)
    );
    assert_eq!(reached, processes * rounds);
    // The control: without the lock, counts are lost.
    let (reached, _) = count_up(processes, rounds, "unlocked");
    println!(
        "without the lock: counted {reached} of {}",
        processes * rounds
    );
    assert!(reached < processes * rounds);
}
