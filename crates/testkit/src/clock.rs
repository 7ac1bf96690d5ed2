//! A clock that moves only when a test moves it.
//!
//! It implements no trait of the product: whoever has a clock joint wraps it in three lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Seconds since the Unix epoch, set by hand. Clones share the same hand.
#[derive(Clone, Debug)]
pub struct ManualClock {
    seconds: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows `unix_seconds` until it is moved.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        Self {
            seconds: Arc::new(AtomicI64::new(unix_seconds)),
        }
    }

    /// The time it shows, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.seconds.load(Ordering::SeqCst)
    }

    /// Moves the clock by `seconds`; a negative number is a wall clock set back.
    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the clock to `unix_seconds`.
    pub fn set(&self, unix_seconds: i64) {
        self.seconds.store(unix_seconds, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// 2027-01-15T08:00:00Z: a fixed day, so that a failure reads the same on every run.
    fn default() -> Self {
        Self::at(1_800_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::ManualClock;

    #[test]
    fn clones_share_the_hand_and_time_can_run_backwards() {
        let clock = ManualClock::at(100);
        let other = clock.clone();
        clock.advance(50);
        assert_eq!(other.now(), 150);
        other.advance(-100);
        assert_eq!(clock.now(), 50);
        clock.set(7);
        assert_eq!(other.now(), 7);
    }
}
