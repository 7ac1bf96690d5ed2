//! The joint at which the master key's home can be exchanged, and the master key itself.
//!
//! A source only keeps the key. What the key opens is not its business.

mod error;
mod given_key;
mod local_file;
mod master_key;

pub use error::KeySourceError;
pub use given_key::GivenKey;
pub use local_file::LocalKeyFile;
pub use master_key::MasterKey;

use crate::Entropy;

/// A place where a master key is kept.
pub trait KeySource: Send + Sync + std::fmt::Debug {
    /// Fetches the key; `None` when there is none yet.
    ///
    /// # Errors
    /// When the place cannot be read, is not private, or holds something else than a key.
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError>;

    /// Makes a key where there is none, and returns the key that is there afterwards.
    ///
    /// Never overwrites: when somebody else made one in the meantime, theirs is returned.
    ///
    /// # Errors
    /// When the place cannot be written. No half-written key is left behind then.
    fn create(&self, entropy: Entropy) -> Result<MasterKey, KeySourceError>;

    /// A short word for the kind of source, such as `local_key`.
    fn kind(&self) -> &'static str;
}
