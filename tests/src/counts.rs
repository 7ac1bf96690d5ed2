//! How often a test repeats itself, and when in each round it strikes.

use std::time::Duration;

/// Spreads `rounds` moments evenly between 0 and `most`, in an order in which a few of them are spread as well.
#[must_use]
pub fn moment(round: u32, most: Duration) -> Duration {
    /// The golden ratio: its multiples fill an interval more evenly than chance does.
    const STEP: f64 = 0.618_033_988_749_894_9;
    most.mul_f64((f64::from(round) * STEP).fract())
}

/// How many rounds: `full` with `AUTHKEEP_TORTURE` set, else `quick`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "how much to test is the environment's to say"
)]
pub fn rounds(quick: u32, full: u32) -> u32 {
    if std::env::var_os("AUTHKEEP_TORTURE").is_some() {
        full
    } else {
        quick
    }
}
