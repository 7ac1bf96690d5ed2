//! When a server that cannot answer now wants to be asked again (RFC 9110 §10.2.3).
//!
//! Only read here. Whether to wait, give up or write the time down is the caller's decision.

use std::time::{Duration, SystemTime};

use crate::http::HttpResponse;

/// The value of a `Retry-After` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this time from the moment of the answer, in whole seconds, at most ten years.
    After(Duration),
    /// At this moment by the server's clock, which may not agree with ours.
    At(SystemTime),
}

impl RetryAfter {
    /// Reads a number of seconds or a date in any of the three forms of RFC 9110 §5.6.7. `None`
    /// for everything else: a wish that cannot be understood is no wish.
    ///
    /// A number too large for any clock is still a number, and read as ten years. The two-digit
    /// years of the oldest form are those from 1970 to 2069.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim_matches([' ', '\t']);
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
            // Only digits are left, so nothing but their number can be wrong.
            let seconds = value.parse().unwrap_or(u64::MAX);
            return Some(Self::After(Duration::from_secs(seconds).min(LONGEST)));
        }
        httpdate::parse_http_date(value).ok().map(Self::At)
    }

    /// The header of a response: the first, if it came more than once.
    pub(crate) fn of(response: &HttpResponse) -> Option<Self> {
        Self::parse(response.header("retry-after")?)
    }

    /// How long to wait for an answer had at `now`: zero for a date that has passed, and at most
    /// ten years.
    pub fn wait(&self, now: SystemTime) -> Duration {
        let wait = match self {
            Self::After(wait) => *wait,
            Self::At(then) => then.duration_since(now).unwrap_or(Duration::ZERO),
        };
        wait.min(LONGEST)
    }
}

/// Ten years, as for a token's lifetime: no sum with a clock overflows.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn after(seconds: u64) -> Option<RetryAfter> {
        Some(RetryAfter::After(Duration::from_secs(seconds)))
    }

    #[test]
    fn seconds_and_all_three_dates() {
        // The examples of RFC 9110 §5.6.7 and §10.2.3.
        let moment = Some(RetryAfter::At(at(784_111_777)));
        let new_year = Some(RetryAfter::At(at(946_684_799)));
        let table = [
            ("120", after(120)),
            ("0", after(0)),
            ("007", after(7)),
            (" 30\t", after(30)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", moment),
            ("Sunday, 06-Nov-94 08:49:37 GMT", moment),
            ("Sun Nov  6 08:49:37 1994", moment),
            (" Fri, 31 Dec 1999 23:59:59 GMT ", new_year),
        ];
        for (value, expected) in table {
            assert_eq!(RetryAfter::parse(value), expected, "{value:?}");
        }
    }

    #[test]
    fn too_much_is_ten_years() {
        let ten_years = LONGEST.as_secs();
        for value in ["316224001", "18446744073709551615", "18446744073709551616"] {
            assert_eq!(RetryAfter::parse(value), after(ten_years), "{value}");
        }
        assert_eq!(
            RetryAfter::parse(&"9".repeat(8_000)),
            after(ten_years),
            "8000 digits"
        );
        assert_eq!(
            RetryAfter::parse("316223999"),
            after(ten_years - 1),
            "the control: a second less than ten years is read as it is"
        );
        let end_of_time = RetryAfter::parse("Fri, 31 Dec 9999 23:59:59 GMT").expect("a date");
        assert_eq!(end_of_time.wait(UNIX_EPOCH), LONGEST);
    }

    #[test]
    fn garbage_is_no_wish() {
        for value in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "0x10",
            "1 s",
            "1, 2",
            "1\n",
            "\u{661}",
            "soon",
            "NaN",
            "2026-01-01T00:00:00Z",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1894 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37",
            "Sun Nov  6 08:49:37 94",
        ] {
            assert_eq!(RetryAfter::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn the_first_header_counts() {
        let headers = ["7", "9"].map(|value| ("Retry-After".to_owned(), value.to_owned()));
        let response = HttpResponse::new(429, headers.to_vec(), Vec::new());
        assert_eq!(RetryAfter::of(&response), after(7));
        let response = HttpResponse::new(429, Vec::new(), Vec::new());
        assert_eq!(RetryAfter::of(&response), None);
    }

    #[test]
    fn a_moment_is_waited_for_until_it_has_passed() {
        let moment = RetryAfter::At(at(1_000));
        assert_eq!(moment.wait(at(990)), Duration::from_secs(10));
        assert_eq!(moment.wait(at(1_000)), Duration::ZERO);
        assert_eq!(moment.wait(at(5_000)), Duration::ZERO);
        let delay = RetryAfter::After(Duration::from_secs(3));
        assert_eq!(delay.wait(at(0)), delay.wait(at(5_000)));
        let eternity = RetryAfter::After(Duration::MAX);
        assert_eq!(eternity.wait(at(0)), LONGEST);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(value in "\\PC{0,60}", now in any::<u32>()) {
            if let Some(wish) = RetryAfter::parse(&value) {
                prop_assert!(wish.wait(at(now.into())) <= LONGEST);
            }
        }

        #[test]
        fn nearly_dates_do_not_either(
            value in "(Sun|Monday|Wednesday)[, ]{1,2}[0-9 ]{2}[ -](Jan|Feb|Dec|Nov)[ -][0-9]{2,4} \
                      [0-9]{2}:[0-9]{2}:[0-9]{2}( GMT| [0-9]{4})?",
        ) {
            if let Some(wish) = RetryAfter::parse(&value) {
                prop_assert!(matches!(wish, RetryAfter::At(_)), "{}", value);
                prop_assert!(wish.wait(UNIX_EPOCH) <= LONGEST);
            }
        }

        #[test]
        fn every_number_of_seconds_is_read(seconds in any::<u64>()) {
            prop_assert_eq!(
                RetryAfter::parse(&seconds.to_string()),
                after(seconds.min(LONGEST.as_secs()))
            );
        }

        /// Every second from 1970 to 9999 reads back as it was written.
        #[test]
        fn every_moment_is_read(seconds in 0_u64..253_402_300_800) {
            let value = httpdate::fmt_http_date(at(seconds));
            prop_assert_eq!(RetryAfter::parse(&value), Some(RetryAfter::At(at(seconds))));
        }

        #[test]
        fn the_wait_ends_at_the_moment(then in any::<u32>(), now in any::<u32>()) {
            let wait = RetryAfter::At(at(then.into())).wait(at(now.into()));
            prop_assert_eq!(wait, Duration::from_secs(then.saturating_sub(now).into()).min(LONGEST));
        }
    }
}
