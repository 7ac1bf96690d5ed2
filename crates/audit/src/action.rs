//! The kinds of events, and which of them must survive a lost power supply.

use std::fmt;
use std::str::FromStr;

/// What was done, or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A credential was acquired and stored.
    Login,
    /// A credential was taken over from another program.
    Import,
    /// A credential was handed to somebody.
    Release,
    /// A credential was renewed.
    Refresh,
    /// One connection was removed here.
    Logout,
    /// A credential was revoked at its provider.
    Revoke,
    /// Everything of a provider was removed.
    Remove,
    /// A connection was chosen for where none is named.
    Use,
    /// A provider definition was added or replaced.
    Register,
    /// A provider definition was removed.
    Unregister,
    /// A profile was created.
    ProfileCreate,
    /// A profile was deleted.
    ProfileDelete,
    /// A home was set up.
    Init,
}

impl Action {
    /// All actions, in the order of the log's documentation.
    pub const ALL: [Self; 13] = [
        Self::Login,
        Self::Import,
        Self::Release,
        Self::Refresh,
        Self::Logout,
        Self::Revoke,
        Self::Remove,
        Self::Use,
        Self::Register,
        Self::Unregister,
        Self::ProfileCreate,
        Self::ProfileDelete,
        Self::Init,
    ];

    /// The word that stands in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Import => "import",
            Self::Release => "release",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::Revoke => "revoke",
            Self::Remove => "remove",
            Self::Use => "use",
            Self::Register => "register",
            Self::Unregister => "unregister",
            Self::ProfileCreate => "profile_create",
            Self::ProfileDelete => "profile_delete",
            Self::Init => "init",
        }
    }

    /// Whether the line must be on the disk before `append` returns.
    ///
    /// A release must not: it is far too frequent to wait for the disk. Its line is with the
    /// operating system when `append` returns, which outlives a killed process but not a lost
    /// power supply. Everything else changes what is stored, and waits.
    pub fn is_durable(self) -> bool {
        !matches!(self, Self::Release)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no action of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no action `{}`", .0.escape_default())]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == word)
            .ok_or_else(|| UnknownAction(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own_and_is_found_by_it() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        assert!("LOGIN".parse::<Action>().is_err());
        assert!("".parse::<Action>().is_err());
    }

    #[test]
    fn only_a_release_does_not_wait_for_the_disk() {
        let waiting = Action::ALL.into_iter().filter(|action| action.is_durable());
        assert_eq!(waiting.count(), Action::ALL.len() - 1);
        assert!(!Action::Release.is_durable());
    }
}
