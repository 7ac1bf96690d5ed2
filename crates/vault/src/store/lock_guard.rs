//! Proof that a lock is held. Dropping it is the only way to give the lock back.

use std::fmt;

/// Holds a lock until it is dropped.
///
/// What holds it is the backend's own: a locked file here, a database session elsewhere.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct LockGuard {
    _holder: Box<dyn Send + Sync>,
}

impl LockGuard {
    /// Wraps a value whose `Drop` gives the lock back.
    pub fn new(holder: impl Send + Sync + 'static) -> Self {
        Self {
            _holder: Box::new(holder),
        }
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").finish_non_exhaustive()
    }
}
