//! Which state of an entry somebody means: its revision, and the precondition built on it.

use std::fmt;

/// One written state of an entry.
///
/// Revisions come from a counter of the whole vault, so none is ever used twice: an entry that was
/// deleted and written again has a revision that nobody can have read before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Revision(u64);

impl Revision {
    /// Takes a number as a revision. For backends; callers only pass on what they have read.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number. Larger is later.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What must be there for a `put` or `delete` to happen: a compare-and-swap precondition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expected {
    /// There is no such entry.
    Absent,
    /// The entry is still in the state that was read.
    Revision(Revision),
    /// Whatever is there may be replaced.
    Any,
}

impl Expected {
    /// Whether the precondition holds for what is there now.
    pub fn admits(self, current: Option<Revision>) -> bool {
        match self {
            Self::Absent => current.is_none(),
            Self::Revision(revision) => current == Some(revision),
            Self::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_precondition_admits_exactly_what_it_says() {
        let (one, two) = (Revision::new(1), Revision::new(2));
        for (expected, none, first, second) in [
            (Expected::Absent, true, false, false),
            (Expected::Revision(one), false, true, false),
            (Expected::Any, true, true, true),
        ] {
            assert_eq!(expected.admits(None), none, "{expected:?}");
            assert_eq!(expected.admits(Some(one)), first, "{expected:?}");
            assert_eq!(expected.admits(Some(two)), second, "{expected:?}");
        }
    }
}
