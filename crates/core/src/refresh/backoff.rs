//! When a failed request is followed by another: within one call, and by the next call.
//!
//! Pauses have full jitter, so that machines which failed together do not come back together. A `Retry-After`
//! (RFC 9110 §10.2.3) is the server's word and overrides both.

use std::time::Duration;

use super::RefreshError;

/// How persistent a refresh is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many requests one call sends at most: 3.
    pub tries: u32,
    /// The longest pause before the second request; it doubles before each further one: 500 ms.
    pub first_pause: Duration,
    /// The longest `Retry-After` and the longest rest that are waited for within a call: 5 s. What is longer is left
    /// to the next call.
    pub patience: Duration,
    /// How long the server is left alone after a first failed call; it doubles with each further one: 1 s.
    pub first_rest: Duration,
    /// The longest that it is left alone of our own accord: 60 s.
    pub longest_rest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            tries: 3,
            first_pause: Duration::from_millis(500),
            patience: Duration::from_secs(5),
            first_rest: Duration::from_secs(1),
            longest_rest: Duration::from_secs(60),
        }
    }
}

/// What a request costs if the server acts on it and its answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsesUp {
    /// The refresh token, where it rotates.
    RefreshToken,
    /// Nothing: a client may ask for a token of its own any number of times.
    Nothing,
}

/// No server is believed that asks for more: a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl Backoff {
    /// How long to wait before the request is sent again within the same call; `None`: it is not.
    ///
    /// `sent` requests were sent so far, `chance` is a random number. A request that may have reached the server
    /// without its answer reaching us is not repeated here if it used something up: that is the in-doubt path's
    /// business.
    pub(super) fn pause(
        &self,
        sent: u32,
        error: &RefreshError,
        uses_up: UsesUp,
        chance: u64,
    ) -> Option<Duration> {
        let harmless =
            error.may_be_repeated() || uses_up == UsesUp::Nothing && error.leaves_doubt();
        if sent >= self.tries || !harmless {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.patience).then_some(asked);
        }
        let longest = self.first_pause.saturating_mul(1 << (sent - 1).min(16));
        let nanoseconds = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Some(Duration::from_nanos(chance % nanoseconds.max(1)))
    }

    /// How long the server is left alone after a call that failed, the `failures`-th in a row.
    pub(super) fn rest(&self, failures: u32, error: &RefreshError) -> Duration {
        if let Some(asked) = error.retry_after() {
            return asked.min(LONGEST_RETRY_AFTER);
        }
        match error {
            // A person mends these, and shall see at once that it helped.
            RefreshError::NoConnection { .. } | RefreshError::Rejected { .. } => self.first_rest,
            _ => {
                let doubled = 1 << failures.saturating_sub(1).min(16);
                self.first_rest
                    .saturating_mul(doubled)
                    .min(self.longest_rest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: fn() -> Backoff = Backoff::default;

    fn provider() -> authkeep_registry::ProviderName {
        "acme".parse().unwrap()
    }

    fn unavailable(seconds: Option<u64>) -> RefreshError {
        RefreshError::Unavailable {
            provider: provider(),
            status: 503,
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_are_random_and_their_bound_doubles() {
        let error = unavailable(None);
        let pause = |sent, chance| BACKOFF().pause(sent, &error, UsesUp::RefreshToken, chance);
        for chance in [0, 1, 123_456_789, u64::MAX] {
            assert!(pause(1, chance).unwrap() < Duration::from_millis(500));
            assert!(pause(2, chance).unwrap() < Duration::from_secs(1));
            assert_eq!(pause(3, chance), None, "three requests are enough");
        }
        assert!(pause(2, 999_999_999).unwrap() > Duration::from_millis(999));
        assert_eq!(pause(1, 0), Some(Duration::ZERO));
    }

    #[test]
    fn the_servers_word_counts() {
        let pause = |seconds| {
            let error = unavailable(Some(seconds));
            BACKOFF().pause(1, &error, UsesUp::RefreshToken, u64::MAX)
        };
        assert_eq!(pause(2), Some(Duration::from_secs(2)));
        assert_eq!(pause(6), None);
        let rest = |seconds| BACKOFF().rest(9, &unavailable(Some(seconds)));
        assert_eq!(rest(2), Duration::from_secs(2));
        assert_eq!(rest(3_600), Duration::from_secs(3_600));
        assert_eq!(rest(u64::MAX), LONGEST_RETRY_AFTER);
    }

    #[test]
    fn what_may_have_arrived_is_not_sent_again_in_the_same_call() {
        let provider = provider();
        let why = String::new();
        let lost = RefreshError::NoAnswer {
            provider: provider.clone(),
            why: why.clone(),
        };
        let pause = |error, uses_up| BACKOFF().pause(1, error, uses_up, 1);
        assert_eq!(pause(&lost, UsesUp::RefreshToken), None);
        // The controls: what used nothing up is, and so is what never left.
        assert!(pause(&lost, UsesUp::Nothing).is_some());
        let unsent = RefreshError::NoConnection { provider, why };
        assert!(pause(&unsent, UsesUp::RefreshToken).is_some());
    }

    #[test]
    fn rests_grow_and_end() {
        let rests: Vec<_> = [1, 2, 3, 7, 40, u32::MAX]
            .map(|failures| BACKOFF().rest(failures, &unavailable(None)).as_secs())
            .into();
        assert_eq!(rests, [1, 2, 4, 60, 60, 60]);
    }
}
