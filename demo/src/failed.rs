//! Why the demonstration stopped.

/// The reason, for people.
pub(crate) struct Failed(pub(crate) String);
