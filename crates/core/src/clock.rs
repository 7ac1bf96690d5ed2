//! The time, as an argument.
//!
//! Expiry is the product, so no code of this crate reads the system clock by itself.

use std::fmt::Debug;

/// A moment in UTC.
pub type Timestamp = jiff::Timestamp;

/// Where the current time comes from.
pub trait Clock: Send + Sync + Debug {
    /// The current moment, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock, in whole seconds: tokens live in seconds, and records are read by people.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock, behind the joint"
    )]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }
}
