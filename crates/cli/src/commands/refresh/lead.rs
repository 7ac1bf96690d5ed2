//! How long before its expiry a token is renewed by `--watch`. A pure function of the token's life.

use std::time::Duration;

/// How long before a token's expiry the commands that hand it out renew it themselves.
///
/// It follows the core's rule; the watch has to be there first.
pub(super) fn window(lifetime: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_secs(300);
    LONGEST.min(lifetime / 10)
}

/// How long before its expiry a token that lives for `lifetime` is renewed; always less than `lifetime`, so that a
/// token is renewed once at most. `jitter` is in thousandths, 0 to 999, and moves it by up to one
/// [`window`], so that machines that logged in together do not ask together.
///
/// It is twice the window. Short lives need more: a third of the life, at most half a minute beyond the window,
/// leaves time for a second attempt; and a whole second at least, because expiries are counted in whole seconds.
pub(super) fn lead(lifetime: Duration, jitter: u32) -> Duration {
    const SECOND_ATTEMPT: Duration = Duration::from_secs(30);
    const CLOCK_STEP: Duration = Duration::from_secs(1);
    let window = window(lifetime);
    let base = (window * 2)
        .max((window + SECOND_ATTEMPT).min(lifetime / 3))
        .max(CLOCK_STEP.min(lifetime / 2));
    base + window * jitter.min(999) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    /// Every second up to an hour, then ever wider apart up to thirty days.
    fn lifetimes() -> impl Iterator<Item = Duration> {
        let mut next = 1;
        std::iter::from_fn(move || {
            let seconds = next;
            next += (seconds / 3600).max(1);
            (seconds <= 30 * DAY).then_some(Duration::from_secs(seconds))
        })
    }

    #[test]
    fn a_fresh_token_is_never_due_and_the_watch_comes_before_get() {
        let mut seen = 0;
        for lifetime in lifetimes() {
            for jitter in [0, 1, 500, 999] {
                let lead = lead(lifetime, jitter);
                assert!(lead < lifetime, "{lifetime:?} {jitter}: {lead:?}");
                assert!(lead > window(lifetime), "{lifetime:?} {jitter}: {lead:?}");
                // From two seconds on there is a whole step of the clock in which the watch is due and `get` is not.
                if lifetime >= Duration::from_secs(2) {
                    let ahead = lead.as_secs().saturating_sub(window(lifetime).as_secs());
                    assert!(ahead >= 1, "{lifetime:?} {jitter}: {lead:?}");
                }
                seen += 1;
            }
        }
        assert!(seen > 15_000, "{seen}");
    }

    #[test]
    fn long_lives_are_renewed_ten_to_fifteen_minutes_ahead() {
        let minutes = |lifetime, jitter| lead(Duration::from_secs(lifetime), jitter).as_secs() / 60;
        assert_eq!((minutes(3600, 0), minutes(3600, 999)), (10, 14));
        assert_eq!((minutes(30 * DAY, 0), minutes(30 * DAY, 999)), (10, 14));
        assert_eq!(lead(Duration::from_secs(60), 0), Duration::from_secs(20));
        assert_eq!(lead(Duration::from_secs(3), 0), Duration::from_secs(1));
    }

    #[test]
    fn the_jitter_spreads_what_would_come_together() {
        let lifetime = Duration::from_secs(3600);
        let mut leads: Vec<_> = (0..1000).map(|jitter| lead(lifetime, jitter)).collect();
        leads.dedup();
        assert_eq!(leads.len(), 1000);
    }
}
