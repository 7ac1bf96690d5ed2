//! The compact envelope: `base64(nonce).base64(ciphertext and tag)`, AES-256-GCM without associated data. A later form of
//! it is one base64 text of all three, and has its key wrapped by one that is derived from a secret.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use zeroize::Zeroizing;

use crate::cipher::{self, NONCE_LEN, TAG_LEN};

/// The key of another program's vault. Zeroed when dropped; `Debug` shows nothing of it.
pub struct CompactKey(Zeroizing<[u8; 32]>);

/// The text is not 32 bytes in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not 32 bytes in base64")]
pub struct NotAKey;

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedFault {
    /// The text is not an envelope.
    #[error("it is not a sealed value")]
    Malformed,
    /// The tag does not fit.
    #[error("it does not open with this key: the key is another one, or the value was altered")]
    Refused,
}

/// A key that is sealed with another one, which Argon2id makes of a secret (RFC 9106; 64 MiB, three passes, four
/// lanes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The salt, in base64.
    pub salt: String,
    /// The nonce, in base64.
    pub nonce: String,
    /// The sealed key and its tag, in base64.
    pub ciphertext: String,
}

impl WrappedKey {
    /// Opens the key with its secret.
    ///
    /// # Errors
    /// [`SealedFault`] where the secret is another one, or this is no wrapped key.
    pub fn open(&self, secret: &SecretString) -> Result<CompactKey, SealedFault> {
        let salt = STANDARD
            .decode(&self.salt)
            .map_err(|_| SealedFault::Malformed)?;
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(64 * 1024, 3, 4, Some(32)).map_err(|_| SealedFault::Malformed)?;
        // EXPOSE: into the derivation, whose result is zeroed.
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret.expose_secret().trim().as_bytes(), &salt, &mut *key)
            .map_err(|_| SealedFault::Malformed)?;
        let opened = CompactKey(key).open(&format!("{}.{}", self.nonce, self.ciphertext))?;
        // EXPOSE: copied into a buffer that is zeroed.
        let key: [u8; 32] = opened
            .expose_secret()
            .try_into()
            .map_err(|_| SealedFault::Malformed)?;
        Ok(CompactKey(Zeroizing::new(key)))
    }
}

impl CompactKey {
    /// Reads a key from its base64 text; white space around it does not matter.
    ///
    /// # Errors
    /// [`NotAKey`] when the text is anything else.
    pub fn from_base64(text: &SecretString) -> Result<Self, NotAKey> {
        // EXPOSE: decoded into a buffer that is zeroed.
        let text = text.expose_secret().trim();
        let bytes = STANDARD.decode(text).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| NotAKey)?;
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| NotAKey)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// Opens one value.
    ///
    /// # Errors
    /// [`SealedFault`]; nothing of the plaintext is kept then.
    pub fn open(&self, sealed: &str) -> Result<SecretSlice<u8>, SealedFault> {
        let (nonce, ciphertext) = sealed.split_once('.').ok_or(SealedFault::Malformed)?;
        self.open_parts(&decoded(nonce)?, decoded(ciphertext)?)
    }

    /// Opens one value of the later form: base64 of nonce, ciphertext and tag.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_joined(&self, sealed: &str) -> Result<SecretSlice<u8>, SealedFault> {
        let all = decoded(sealed)?;
        let (nonce, ciphertext) = all
            .split_at_checked(NONCE_LEN)
            .ok_or(SealedFault::Malformed)?;
        self.open_parts(nonce, ciphertext.to_vec())
    }

    fn open_parts(
        &self,
        nonce: &[u8],
        ciphertext: Vec<u8>,
    ) -> Result<SecretSlice<u8>, SealedFault> {
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| SealedFault::Malformed)?;
        let mut buffer = Zeroizing::new(ciphertext);
        let at = buffer.len().checked_sub(TAG_LEN);
        let at = at.ok_or(SealedFault::Malformed)?;
        let (text, tag) = buffer.split_at_mut(at);
        let tag: [u8; TAG_LEN] = (&*tag).try_into().map_err(|_| SealedFault::Malformed)?;
        cipher::open(&self.0, &nonce, b"", text, &tag).map_err(|_| SealedFault::Refused)?;
        Ok(SecretSlice::from(text.to_vec()))
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, SealedFault> {
    STANDARD.decode(text).map_err(|_| SealedFault::Malformed)
}

impl fmt::Debug for CompactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompactKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> CompactKey {
        CompactKey::from_base64(&SecretString::from(STANDARD.encode([byte; 32]))).unwrap()
    }

    fn sealed(key: &CompactKey, text: &[u8]) -> String {
        let nonce = [9; NONCE_LEN];
        let mut buffer = text.to_vec();
        let tag = cipher::seal(&key.0, &nonce, b"", &mut buffer).unwrap();
        buffer.extend(tag);
        format!("{}.{}", STANDARD.encode(nonce), STANDARD.encode(buffer))
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_alone() {
        let sealed = sealed(&key(1), b"plain");
        assert_eq!(key(1).open(&sealed).unwrap().expose_secret(), b"plain");
        assert_eq!(key(2).open(&sealed).unwrap_err(), SealedFault::Refused);
        for at in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(key(1).open(&other).is_err(), "{at}");
        }
        for odd in ["", ".", "AAAA", "AAAA.AAAA", "!.!"] {
            assert_eq!(
                key(1).open(odd).unwrap_err(),
                SealedFault::Malformed,
                "{odd}"
            );
        }
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let read = |text: &str| CompactKey::from_base64(&SecretString::from(text));
        assert!(read(&format!(" {}\n", STANDARD.encode([7; 32]))).is_ok());
        for odd in ["", "AAAA", &STANDARD.encode([7; 31]), "not base64 at all"] {
            assert_eq!(read(odd).unwrap_err(), NotAKey, "{odd}");
        }
        assert_eq!(format!("{:?}", key(7)), "CompactKey([redacted])");
    }
}
