//! That a refresh was begun: written before the request, cleared by the write that saves its outcome.
//!
//! Whoever finds one under the lock knows that the request may have reached the server and that its answer
//! reached nobody. The login is in doubt: the server may have rotated the refresh token. Sending it once more
//! can only help. Where the first request never arrived, or the server forgives a repetition, it brings the
//! login back; where it does not, the login was lost already, and the server says so.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenId};

/// A refresh whose outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// The refresh token that was, or was to be, sent.
    pub(crate) token: TokenId,
    /// When it was first sent without an outcome.
    pub(crate) since: Timestamp,
    /// Whether whoever wrote this is still at work, or died. `false`: the request was sent and no answer came.
    pub(crate) open: bool,
    /// How many refreshers in a row died over this token.
    #[serde(default)]
    pub(crate) deaths: u32,
}

/// How often a refresher may die over one token. The first death is followed by one more request; the second
/// says that something kills whoever tries, and trying again for ever would not mend it.
const DEATHS: u32 = 2;

impl Intent {
    /// The intent to send `token` now, given what was found under the lock.
    pub(crate) fn next(found: Option<&Self>, token: TokenId, now: Timestamp) -> Self {
        match found.filter(|found| found.token == token) {
            // Of another token: that login was replaced since, and the doubt went with it.
            None => Self {
                token,
                since: now,
                open: true,
                deaths: 0,
            },
            Some(found) => Self {
                token,
                since: found.since,
                open: true,
                deaths: found.deaths + u32::from(found.open),
            },
        }
    }

    /// Whether the outcome of an earlier request is unknown.
    pub(crate) fn is_in_doubt(found: Option<&Self>, token: &TokenId) -> bool {
        found.is_some_and(|found| found.token == *token)
    }

    /// Whether nobody should try any more.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.deaths >= DEATHS
    }

    /// The same intent once its request was sent and its answer did not come.
    pub(crate) fn unanswered(self) -> Self {
        Self {
            open: false,
            deaths: 0,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> TokenId {
        TokenId::of(&secrecy::SecretString::from(text))
    }

    fn next(found: Option<&Intent>) -> Intent {
        Intent::next(found, token("one"), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn two_deaths_in_a_row_are_enough() {
        let first = next(None);
        assert!(!first.is_hopeless());
        let second = next(Some(&first));
        assert_eq!((second.deaths, second.is_hopeless()), (1, false));
        assert!(next(Some(&second)).is_hopeless());
    }

    #[test]
    fn an_answer_that_did_not_come_is_no_death() {
        let mut intent = next(None);
        for _ in 0..100 {
            intent = next(Some(&intent.unanswered()));
        }
        assert_eq!(intent.deaths, 0);
    }

    #[test]
    fn deaths_count_only_in_a_row() {
        let once_dead = next(Some(&next(None)));
        assert_eq!(once_dead.deaths, 1);
        let answered = next(Some(&once_dead.unanswered()));
        assert!(!next(Some(&answered)).is_hopeless());
    }

    #[test]
    fn the_doubt_ends_with_the_token_it_was_about() {
        let old = Intent {
            token: token("another"),
            deaths: 7,
            ..next(None)
        };
        assert_eq!(next(Some(&old)), next(None));
        assert!(!Intent::is_in_doubt(Some(&old), &token("one")));
        assert!(Intent::is_in_doubt(Some(&old), &old.token));
        assert!(!Intent::is_in_doubt(None, &old.token));
    }
}
