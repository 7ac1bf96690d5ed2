//! Telling tokens apart without showing them.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// A public name of one token: 128 bits of its SHA-256, in hexadecimal. The token cannot be had from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(String);

impl TokenId {
    pub(crate) fn of(token: &SecretString) -> Self {
        // EXPOSE: into a one-way function.
        let digest = Sha256::digest(token.expose_secret());
        Self(hex(&digest[..16]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart_and_not_shown() {
        let id = |text: &str| TokenId::of(&SecretString::from(text));
        assert_eq!(id("abc").0, "ba7816bf8f01cfea414140de5dae2223");
        assert_ne!(id("abc"), id("abd"));
    }
}
