//! What to renew now, and when to look again: decided from the clock on the wall and what the vault holds.
//! Nothing here waits, sends or reads a clock.
//!
//! A laptop's monotonic clock stands still while it sleeps, and a wall clock can be set. So nothing is planned by
//! timers that run for hours: the watch looks at the wall clock every few seconds, each look decides anew, and a
//! look that finds the clock elsewhere than expected forgets what it had put off.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use authkeep_core::Timestamp;

use super::lead::{lead, window};
use super::login::{Id, Login};

/// So many renewals are under way at most, those that run out first before the others.
const AT_ONCE: usize = 16;
/// How far the wall clock may be from where it is expected before it counts as a jump.
const TOLERANCE: Duration = Duration::from_secs(20);
/// A failed attempt is repeated after this, then after twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A token that is given no life at all is renewed so often.
const LIFELESS: Duration = Duration::from_secs(60);
/// Around the moment at which something is due, the clock is looked at so often: it counts whole seconds.
const CLOSE_LOOK: Duration = Duration::from_millis(200);

/// Remembers which attempts are under way and which have failed. Clocks and logins are handed in.
#[derive(Debug)]
pub(super) struct Planner {
    /// Differs from machine to machine.
    seed: u64,
    attempts: BTreeMap<Id, Attempts>,
    /// When it last looked, and how soon it meant to look again.
    looked: Option<(Timestamp, Duration)>,
}

#[derive(Debug, Default)]
struct Attempts {
    under_way: bool,
    /// How many in a row have failed.
    failures: u32,
    not_before: Option<Timestamp>,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Renew these, if they have less life left than is said here.
    pub(super) renew: Vec<(Id, Duration)>,
    /// Look again after so long at the latest.
    pub(super) look_again: Duration,
}

/// What comes next for one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is being renewed.
    UnderWay,
    /// It is time to renew it.
    Now,
    /// It is to be renewed then.
    At(Timestamp),
    /// The last attempt failed, and another one is made then.
    Retry(Timestamp),
    /// There is nothing to renew.
    Never,
}

impl Planner {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            attempts: BTreeMap::new(),
            looked: None,
        }
    }

    /// Decides what is to be done at `now`, looking again after `slice` at the latest. What it says is to be
    /// renewed counts as under way until it has [`succeeded`](Self::succeeded) or [`failed`](Self::failed).
    pub(super) fn plan(&mut self, now: Timestamp, slice: Duration, logins: &[Login]) -> Plan {
        if self.has_jumped(now) {
            // What was put off was put off on another clock, and the network is often just back: try at once.
            for attempts in self.attempts.values_mut() {
                attempts.not_before = None;
            }
        }
        self.attempts
            .retain(|id, _| logins.iter().any(|login| login.id == *id));

        let mut due: Vec<&Login> = logins
            .iter()
            .filter(|login| self.next(now, login) == Next::Now)
            .collect();
        due.sort_by_key(|login| login.expires_at);
        let under_way = self.attempts.values().filter(|a| a.under_way).count();
        due.truncate(AT_ONCE.saturating_sub(under_way));
        let renew: Vec<_> = due
            .iter()
            .map(|login| (login.id.clone(), self.lead(login)))
            .collect();
        for (id, _) in &renew {
            self.attempts.entry(id.clone()).or_default().under_way = true;
        }
        let look_again = logins
            .iter()
            .filter_map(|login| match self.next(now, login) {
                Next::At(then) | Next::Retry(then) => Some(pause_until(now, then)),
                // The end of an attempt makes room for the next, and wakes the watch by itself.
                Next::UnderWay | Next::Now | Next::Never => None,
            })
            .fold(slice, Duration::min);
        self.looked = Some((now, look_again));
        Plan { renew, look_again }
    }

    /// Takes note of an attempt that has renewed a login.
    pub(super) fn succeeded(&mut self, id: &Id) {
        self.attempts.remove(id);
    }

    /// Takes note of an attempt that has failed at `now`, and returns how many have in a row.
    pub(super) fn failed(&mut self, now: Timestamp, id: &Id) -> u32 {
        let Some(attempts) = self.attempts.get_mut(id) else {
            return 0; // It was removed meanwhile.
        };
        attempts.under_way = false;
        attempts.failures = attempts.failures.saturating_add(1);
        let jitter = jitter(self.seed, id, attempts.failures.into());
        let pause = pause_after(attempts.failures, jitter);
        attempts.not_before = now.checked_add(pause).ok();
        attempts.failures
    }

    /// What comes next for a login.
    pub(super) fn next(&self, now: Timestamp, login: &Login) -> Next {
        let attempts = self.attempts.get(&login.id);
        if attempts.is_some_and(|attempts| attempts.under_way) {
            return Next::UnderWay;
        }
        let (Some(expires_at), true) = (login.expires_at, login.refreshable) else {
            return Next::Never;
        };
        if login.needs_person() {
            return Next::Never;
        }
        let due = self.due_at(login, expires_at, now);
        let retry = attempts.and_then(|attempts| attempts.not_before);
        // The core asks nobody who is resting; trying would only fail again.
        match retry
            .max(login.resting(now))
            .filter(|retry| *retry > now && *retry > due)
        {
            Some(retry) => Next::Retry(retry),
            None if due <= now => Next::Now,
            None => Next::At(due),
        }
    }

    fn due_at(&self, login: &Login, expires_at: Timestamp, now: Timestamp) -> Timestamp {
        let lifetime = login.lifetime().unwrap_or_default();
        let left = Duration::try_from(expires_at.duration_since(now)).unwrap_or_default();
        if left > lifetime + window(lifetime) {
            // Received before the clock was set back: its expiry means nothing any more. The core sees it so too.
            return now;
        }
        if lifetime < Duration::from_secs(1) {
            // The server gives tokens that are dead on arrival. Asking again at once would never end.
            let received = login.received_at().min(now);
            return received.checked_add(LIFELESS).unwrap_or(received);
        }
        let due = expires_at.checked_sub(self.lead(login));
        due.unwrap_or(Timestamp::MIN)
    }

    fn lead(&self, login: &Login) -> Duration {
        let token = login.expires_at.map_or(0, Timestamp::as_second);
        let jitter = jitter(self.seed, &login.id, token);
        lead(login.lifetime().unwrap_or_default(), jitter)
    }

    /// Whether the wall clock is not where it was expected: the machine slept, or the clock was set.
    fn has_jumped(&self, now: Timestamp) -> bool {
        let Some((then, pause)) = self.looked else {
            return false;
        };
        match Duration::try_from(now.duration_since(then)) {
            Ok(passed) => passed > pause + TOLERANCE,
            Err(_) => true, // It was set back.
        }
    }
}

/// Thousandths that are always the same for one machine, login and token, and else have nothing in common.
fn jitter(seed: u64, id: &Id, token: i64) -> u32 {
    let mut hasher = DefaultHasher::new();
    (seed, id, token).hash(&mut hasher);
    u32::try_from(hasher.finish() % 1000).unwrap_or_default()
}

/// How long to wait after so many failures in a row: half of it fixed, half of it jitter.
fn pause_after(failures: u32, jitter: u32) -> Duration {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE);
    pause / 2 + pause * jitter / 2000
}

/// How long to sleep for something that is due `then`: a second short of it, and from there on in small steps,
/// because `now` may be a second late.
fn pause_until(now: Timestamp, then: Timestamp) -> Duration {
    let until = Duration::try_from(then.duration_since(now)).unwrap_or_default();
    until.saturating_sub(Duration::from_secs(1)).max(CLOSE_LOOK)
}

#[cfg(test)]
mod tests;
