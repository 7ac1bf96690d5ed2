//! AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag, in place.
//!
//! It neither chooses nonces nor decides what is authenticated; [`envelope`](crate::envelope)
//! does. It is the only place where the cipher is called.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce, Tag};

pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// The tag does not fit: another key, other associated data, or altered bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Turns plaintext into ciphertext and returns the tag.
///
/// A nonce must never be used twice with one key.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN], Refused> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .encrypt_inout_detached(&Nonce::from(*nonce), associated_data, buffer.into())
        .map(Into::into)
        .map_err(|_| Refused)
}

/// Turns ciphertext into plaintext, if the tag fits. Otherwise the buffer holds no plaintext.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Refused> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            associated_data,
            buffer.into(),
            &Tag::from(*tag),
        )
        .map_err(|_| Refused)
}

#[cfg(test)]
mod tests;
