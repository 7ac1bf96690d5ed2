//! The key that wraps data keys: 32 random bytes that never reach the database.

use std::fmt;

use zeroize::Zeroizing;

use crate::entropy::{draw, hex};
use crate::subkey::subkey;
use crate::{Entropy, EntropyError};

/// A master key. Zeroed when dropped; `Debug` shows nothing of it.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes 32 bytes as a key. They must come from a random source or a key derivation function.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Makes a new random key.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn generate(entropy: Entropy) -> Result<Self, EntropyError> {
        draw(entropy).map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The raw key, for a key source that stores it or hands it to another process.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }

    /// A public name for the key: 64 bits derived one way from it, in hexadecimal.
    ///
    /// It tells a wrong key from a damaged vault, and says nothing about the key.
    pub fn id(&self) -> String {
        hex(&subkey(&self.0, "authkeep master key id")[..8])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_keys_apart_and_debug_tells_nothing() {
        let [one, two] = [[0xab; 32], [0xac; 32]].map(|b| MasterKey::new(Zeroizing::new(b)));
        assert_eq!(one.id().len(), 16);
        assert_ne!(one.id(), two.id());
        assert_eq!(format!("{one:?}"), "MasterKey([redacted])");
    }
}
