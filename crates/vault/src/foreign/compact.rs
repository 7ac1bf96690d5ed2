//! The compact envelope: `base64(nonce).base64(ciphertext and tag)`, AES-256-GCM without associated data.

use std::fmt;

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
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| SealedFault::Malformed);
        let nonce: [u8; NONCE_LEN] = decode(nonce)?
            .try_into()
            .map_err(|_| SealedFault::Malformed)?;
        let mut buffer = Zeroizing::new(decode(ciphertext)?);
        let at = buffer.len().checked_sub(TAG_LEN);
        let at = at.ok_or(SealedFault::Malformed)?;
        let (text, tag) = buffer.split_at_mut(at);
        let tag: [u8; TAG_LEN] = (&*tag).try_into().map_err(|_| SealedFault::Malformed)?;
        cipher::open(&self.0, &nonce, b"", text, &tag).map_err(|_| SealedFault::Refused)?;
        Ok(SecretSlice::from(text.to_vec()))
    }
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
