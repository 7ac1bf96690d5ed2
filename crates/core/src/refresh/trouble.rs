//! Why the last refresh failed, kept with the login: for the person who asks, and for the next caller, who
//! shall not ask a server again that has asked for a rest.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RefreshError;
use crate::Timestamp;

/// The last refresh of a connection, if it failed. The next one that succeeds clears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it failed.
    pub at: Timestamp,
    /// The error's word for programs; see [`RefreshError::kind`].
    pub kind: String,
    /// What happened, in words. No secret, and nothing that the server said beyond its error code.
    pub message: String,
    /// How many refreshes have failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// Before this moment the server is not asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// Clocks here count whole seconds, so that a moment may be up to one later than it says.
const CLOCK: Duration = Duration::from_secs(1);

impl Trouble {
    pub(super) fn of(error: &RefreshError, failures: u32, now: Timestamp, rest: Duration) -> Self {
        Self {
            at: now,
            kind: error.kind().to_owned(),
            message: error.to_string(),
            failures,
            not_before: now
                .checked_add(rest.saturating_add(CLOCK))
                .ok()
                .filter(|_| !rest.is_zero()),
        }
    }

    /// The moment until which the server is left alone, if that is still to come. A clock that was set back to
    /// before the failure makes the moment meaningless.
    pub(crate) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before
            .filter(|until| now < *until && self.at <= now)
    }
}
