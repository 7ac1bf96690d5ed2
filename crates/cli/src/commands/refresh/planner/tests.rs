use authkeep_core::{ConnectionStatus, Trouble};

use super::*;

/// 2027-01-15T08:00:00Z.
const START: i64 = 1_800_000_000;
const SLICE: Duration = Duration::from_secs(5);
const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A login whose token was received at `received` and lives for `life` seconds.
fn login(name: &str, received: i64, life: Option<i64>) -> Login {
    Login {
        id: Id {
            provider: name.parse().unwrap(),
            connection: Default::default(),
        },
        status: ConnectionStatus::Connected,
        refreshable: true,
        expires_at: life.map(|life| at(received + life)),
        obtained_at: at(received),
        refreshed_at: None,
        token: None,
        trouble: None,
    }
}

/// A machine whose servers answer at once: what happens to one login while its clock goes on as the script says.
struct World {
    planner: Planner,
    now: i64,
    life: i64,
    login: Login,
    renewals: Vec<i64>,
    looks: usize,
    /// How many attempts are going to fail.
    failures: usize,
    attempts: Vec<i64>,
}

impl World {
    fn new(life: i64) -> Self {
        Self {
            planner: Planner::new(7),
            now: START,
            life,
            login: login("acme", START, Some(life)),
            renewals: Vec::new(),
            looks: 0,
            failures: 0,
            attempts: Vec::new(),
        }
    }

    /// Looks once, and does what is planned. The clock counts whole seconds and moves by one at least.
    fn look(&mut self) {
        self.looks += 1;
        // A month in steps of five seconds takes long.
        let slice = SLICE.max(Duration::from_secs(self.life.unsigned_abs()) / 2000);
        let plan = self
            .planner
            .plan(at(self.now), slice, std::slice::from_ref(&self.login));
        for (id, lead) in &plan.renew {
            let left = self.login.expires_at.unwrap().as_second() - self.now;
            let lead = i64::try_from(lead.as_secs()).unwrap();
            assert!(
                left <= lead || left > self.life,
                "asked for too early: {left}"
            );
            self.attempts.push(self.now);
            if self.failures == 0 {
                self.planner.succeeded(id);
                self.renewals.push(self.now);
                self.login = login("acme", self.now, Some(self.life));
            } else {
                self.failures -= 1;
                self.planner.failed(at(self.now), id);
            }
        }
        // The end of an attempt wakes the watch at once.
        if plan.renew.is_empty() {
            self.now += i64::try_from(plan.look_again.as_secs()).unwrap().max(1);
        }
        assert!(self.looks < 100_000, "it goes round and round");
    }

    fn run_until(&mut self, then: i64) {
        while self.now < then {
            self.look();
        }
    }

    fn left(&self) -> i64 {
        self.login.expires_at.unwrap().as_second() - self.now
    }
}

#[test]
fn a_token_is_renewed_once_and_never_runs_out() {
    for life in [
        2,
        3,
        4,
        5,
        7,
        10,
        30,
        59,
        60,
        61,
        120,
        600,
        3600,
        7200,
        DAY,
        30 * DAY,
    ] {
        let mut world = World::new(life);
        let lives = 5;
        while world.now < START + life * lives {
            world.look();
            if life > 2 {
                assert!(world.left() > 0, "{life}: ran out at {}", world.now);
            }
        }
        // Each renewal is of another token, and none came before half of the life was gone.
        let mut received = START;
        for renewal in &world.renewals {
            assert!(
                renewal - received >= life / 2,
                "{life}: after {}",
                renewal - received
            );
            received = *renewal;
        }
        let expected = usize::try_from(lives).unwrap();
        let renewed = world.renewals.len();
        assert!(
            (expected - 1..=2 * expected).contains(&renewed),
            "{life}: {renewed} renewals"
        );
    }
}

#[test]
fn a_token_of_one_second_is_renewed_once_a_second() {
    let mut world = World::new(1);
    world.run_until(START + 60);
    assert!(
        (58..=60).contains(&world.renewals.len()),
        "{:?}",
        world.renewals
    );
    let mut seconds = world.renewals.clone();
    seconds.dedup();
    assert_eq!(seconds, world.renewals);
}

#[test]
fn a_token_without_a_life_is_no_reason_to_ask_for_ever() {
    for life in [0, -10] {
        let mut world = World::new(life);
        world.run_until(START + 600);
        assert!(
            (9..=11).contains(&world.renewals.len()),
            "{life}: {:?}",
            world.renewals
        );
    }
}

#[test]
fn after_eight_hours_of_sleep_it_renews_at_the_first_look() {
    let mut world = World::new(3600);
    world.run_until(START + 100);
    assert!(world.renewals.is_empty());
    // The monotonic clock stood still: the watch wakes from a nap of five seconds.
    world.now += 8 * 3600;
    let woke = world.now;
    world.look();
    assert_eq!(world.renewals, [woke]);
    world.run_until(woke + 100);
    assert_eq!(world.renewals.len(), 1);
}

#[test]
fn a_failure_from_before_the_sleep_does_not_put_off_the_first_try_after_it() {
    let mut world = World::new(3600);
    world.failures = usize::MAX;
    world.run_until(START + 3600);
    let before = world.attempts.len();
    assert!(before > 5);
    let Next::Retry(put_off) = world.planner.next(at(world.now), &world.login) else {
        panic!("nothing was put off");
    };
    // Asleep for less than was put off, and for longer.
    world.now += 21;
    let awake = world.now;
    assert!(
        put_off.as_second() > awake,
        "the negative control: without the jump it would wait"
    );
    world.look();
    assert_eq!(world.attempts[before..], [awake]);
    world.failures = 0;
    world.now += 8 * 3600;
    let awake = world.now;
    world.look();
    assert_eq!(world.renewals, [awake]);
}

#[test]
fn failures_are_repeated_ever_more_slowly() {
    let mut world = World::new(3600);
    world.failures = usize::MAX;
    world.run_until(START + 3600 + 600);
    let gaps: Vec<_> = world
        .attempts
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    assert!(gaps[0] <= 3 && gaps[1] <= 5, "{gaps:?}");
    assert!(
        gaps[8..].iter().all(|gap| (30..=61).contains(gap)),
        "{gaps:?}"
    );
    // The first that succeeds ends it.
    world.failures = 0;
    world.run_until(world.now + 120);
    assert_eq!(world.renewals.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_makes_a_token_due() {
    let mut world = World::new(3600);
    world.run_until(START + 100);
    world.now -= 10 * DAY;
    let set = world.now;
    world.look();
    assert_eq!(world.renewals, [set], "its expiry means nothing any more");
    world.run_until(set + 1000);
    assert_eq!(world.renewals.len(), 1, "and the next one's does");

    // Set back by less than the life is left: nothing that can be told, and nothing happens.
    let mut world = World::new(3600);
    world.run_until(START + 1000);
    world.now -= 500;
    world.run_until(START + 1000);
    assert!(world.renewals.is_empty());

    // What was put off on the clock from before is not waited for.
    let mut world = World::new(3600);
    world.failures = 1;
    world.run_until(START + 3600 - 300);
    world.failures = 1;
    world.now = START - 20 * DAY;
    world.look();
    world.look();
    world.run_until(world.now + 10);
    assert_eq!(world.renewals.last().map(|at| *at < START), Some(true));
}

#[test]
fn the_year_2038_is_a_year_like_any_other() {
    const END_OF_32_BITS: i64 = 2_147_483_647;
    let mut world = World::new(3600);
    world.now = END_OF_32_BITS - 3000;
    world.login = login("acme", world.now, Some(3600));
    world.run_until(END_OF_32_BITS + 3 * 3600);
    assert!(
        (3..=5).contains(&world.renewals.len()),
        "{:?}",
        world.renewals
    );
    // A clock that jumps from a wrong past to there, and the other way.
    let mut world = World::new(3600);
    world.run_until(START + 10);
    world.now = END_OF_32_BITS + 10;
    world.look();
    assert_eq!(world.renewals.len(), 1);
    world.now = START + 20;
    world.look();
    assert_eq!(world.renewals.len(), 2);
    // At the ends of time nothing overflows.
    for (now, received) in [
        (-377_705_023_201, 253_402_200_000),
        (253_402_200_000, -377_705_023_201),
    ] {
        let mut planner = Planner::new(1);
        planner.plan(at(now), SLICE, &[login("acme", received, Some(10))]);
    }
}

#[test]
fn what_cannot_be_renewed_is_left_alone() {
    let expired = at(START + 10_000);
    let check = |change: fn(&mut Login)| {
        let mut login = login("acme", START, Some(60));
        change(&mut login);
        let mut planner = Planner::new(1);
        let plan = planner.plan(expired, SLICE, std::slice::from_ref(&login));
        (
            plan.renew.len(),
            plan.look_again,
            planner.next(expired, &login),
        )
    };
    assert_eq!(check(|_| {}).0, 1, "the negative control");
    let never = (0, SLICE, Next::Never);
    assert_eq!(check(|login| login.refreshable = false), never);
    assert_eq!(check(|login| login.expires_at = None), never);
    for status in [
        |login: &mut Login| login.status = ConnectionStatus::ReauthRequired,
        |login: &mut Login| login.status = ConnectionStatus::Revoked,
        |login: &mut Login| login.status = ConnectionStatus::Invalid,
        |login: &mut Login| login.status = ConnectionStatus::Expired,
    ] {
        assert_eq!(check(status), never);
    }
}

#[test]
fn a_server_that_asked_for_a_rest_gets_it() {
    let mut planner = Planner::new(1);
    let mut login = login("acme", START, Some(60));
    login.trouble = Some(Trouble {
        at: at(START + 50),
        kind: "unavailable".to_owned(),
        message: "later".to_owned(),
        failures: 1,
        not_before: Some(at(START + 650)),
    });
    let due = planner.plan(at(START + 649), SLICE, std::slice::from_ref(&login));
    assert!(due.renew.is_empty());
    let due = planner.plan(at(START + 650), SLICE, std::slice::from_ref(&login));
    assert_eq!(due.renew.len(), 1);
    // A rest that was asked for on a clock that has been set back since means nothing.
    let mut planner = Planner::new(1);
    login.expires_at = Some(at(START + 10));
    assert_eq!(planner.plan(at(START + 40), SLICE, &[login]).renew.len(), 1);
}

#[test]
fn one_that_is_under_way_is_not_started_again_and_does_not_hold_up_the_others() {
    let mut planner = Planner::new(1);
    let silent = login("silent", START, Some(60));
    let other = login("other", START, Some(120));
    let both = [silent.clone(), other.clone()];
    let plan = planner.plan(at(START + 60), SLICE, &both);
    assert_eq!(plan.renew.len(), 1);
    assert_eq!(planner.next(at(START + 60), &silent), Next::UnderWay);
    for now in 61..130 {
        let plan = planner.plan(at(START + now), SLICE, &both);
        let ids: Vec<_> = plan.renew.iter().map(|(id, _)| id.clone()).collect();
        assert!(!ids.contains(&silent.id));
        if ids.contains(&other.id) {
            return;
        }
    }
    panic!("the other was never renewed");
}

#[test]
fn a_crowd_goes_through_the_door_in_order_of_need() {
    let mut planner = Planner::new(1);
    let crowd: Vec<_> = (0..50)
        .map(|i| login(&format!("p{i}"), START - i, Some(60)))
        .collect();
    let now = at(START + 60);
    let first = planner.plan(now, SLICE, &crowd).renew;
    assert_eq!(first.len(), AT_ONCE);
    assert_eq!(first[0].0, crowd[49].id, "what runs out first comes first");
    assert!(planner.plan(now, SLICE, &crowd).renew.is_empty());
    for (id, _) in &first[..3] {
        planner.succeeded(id);
    }
    // Those three were not really renewed here, and are due still; so are the others.
    assert_eq!(planner.plan(now, SLICE, &crowd).renew.len(), 3);
    // Logins that are gone leave their places.
    assert_eq!(planner.plan(now, SLICE, &crowd[..10]).renew.len(), 10);
}

#[test]
fn machines_that_logged_in_together_do_not_ask_together() {
    let login = login("acme", START, Some(3600));
    let mut turns: Vec<_> = (0..200)
        .map(|seed| match Planner::new(seed).next(at(START), &login) {
            Next::At(then) => then.as_second(),
            other => panic!("{other:?}"),
        })
        .collect();
    turns.sort_unstable();
    let spread = turns[199] - turns[0];
    turns.dedup();
    assert!(
        turns.len() > 100 && spread > 250,
        "{} turns over {spread} s",
        turns.len()
    );
    // One machine does not change its mind.
    let again = |now| Planner::new(5).next(at(START + now), &login);
    assert_eq!(again(0), again(1000));
}
