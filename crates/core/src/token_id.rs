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

    /// One name for several named secrets, whatever they are.
    pub(crate) fn of_all<'a>(
        secrets: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
    ) -> Self {
        let mut all = Sha256::new();
        for (name, secret) in secrets {
            // EXPOSE: into a one-way function.
            for part in [name, secret.expose_secret()] {
                all.update(Sha256::digest(part));
            }
        }
        Self(hex(&all.finalize()[..16]))
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

    #[test]
    fn a_name_for_several_changes_with_any_of_them() {
        let id = |pairs: &[(&'static str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (*name, SecretString::from(*value)))
                .collect();
            TokenId::of_all(pairs.iter().map(|(name, value)| (*name, value)))
        };
        let all = [
            id(&[]),
            id(&[("a", "b")]),
            id(&[("a", "c")]),
            id(&[("ab", "")]),
            id(&[("a", ""), ("b", "")]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }
}
