//! The portable form of a sealed value: one line of JSON with everything but the key.
//!
//! ```json
//! {"enc":2,"alg":"AES-256-GCM","kid":"…","rev":7,"nonce":"…","ciphertext":"…","tag":"…"}
//! ```
//!
//! Bytes are standard base64 with padding. `kid` names the key that sealed, `rev` is the revision.
//! Both are also part of the associated data (see [`Place`]), so they cannot be altered.
//! Where envelopes are kept, and under which key, is not known here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::associated_data::Place;
use crate::cipher::{self, NONCE_LEN, TAG_LEN};
use crate::entropy::draw;
use crate::{Entropy, EntropyError};

/// The version this code writes, and the only one it opens.
const ENC: u64 = 2;
const ALG: &str = "AES-256-GCM";

/// A sealed value did not open. No plaintext was produced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// It is not an envelope at all.
    #[error("it is not a sealed value")]
    Malformed,
    /// It is an envelope of another version.
    #[error("it is sealed in format {0}, which this version cannot open")]
    UnknownVersion(u64),
    /// It is sealed with another algorithm.
    #[error("it is sealed with another algorithm than {ALG}")]
    UnknownAlgorithm,
    /// It is sealed with a key that this vault does not have.
    #[error("it is sealed with a key that this vault does not have")]
    UnknownKey,
    /// The revision in its row is not the one it was sealed for.
    #[error("its revision does not match its row")]
    WrongRevision,
    /// Its tag does not fit: it was altered, or sealed for another place or with another key.
    #[error("it was altered or belongs elsewhere")]
    Refused,
}

/// A sealed value, read but not yet opened.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) kid: String,
    pub(crate) revision: u64,
    nonce: [u8; NONCE_LEN],
    ciphertext: Vec<u8>,
    tag: [u8; TAG_LEN],
}

/// Seals a plaintext for a place, under a fresh random nonce.
pub(crate) fn seal(
    key: &[u8; 32],
    place: &Place<'_>,
    plaintext: &[u8],
    entropy: Entropy,
) -> Result<String, EntropyError> {
    seal_bound_to(
        key,
        place,
        &place.associated_data(),
        plaintext,
        draw(entropy)?,
    )
}

/// Seals with chosen associated data and nonce; the tests use it to seal wrongly on purpose.
fn seal_bound_to(
    key: &[u8; 32],
    place: &Place<'_>,
    associated_data: &[u8],
    plaintext: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<String, EntropyError> {
    // The buffer holds the plaintext for a moment, and is zeroed should sealing fail.
    let mut buffer = Zeroizing::new(plaintext.to_vec());
    let tag = cipher::seal(key, &nonce, associated_data, &mut buffer)
        .map_err(|_| EntropyError::new("the value is longer than AES-GCM allows"))?;
    let [nonce, ciphertext, tag] =
        [&nonce[..], &buffer[..], &tag[..]].map(|bytes| STANDARD.encode(bytes));
    let wire = Wire {
        enc: ENC,
        alg: ALG,
        kid: place.kid,
        rev: place.revision,
        nonce: &nonce,
        ciphertext: &ciphertext,
        tag: &tag,
    };
    #[expect(clippy::expect_used, reason = "numbers and strings always serialise")]
    Ok(serde_json::to_string(&wire).expect("an envelope has no map keys that could fail"))
}

impl Envelope {
    /// Reads an envelope. Strict: unknown, missing and repeated fields are refused.
    pub(crate) fn read(text: &str) -> Result<Self, UnsealError> {
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|_| unreadable(text))?;
        if wire.enc != ENC {
            return Err(UnsealError::UnknownVersion(wire.enc));
        }
        if wire.alg != ALG {
            return Err(UnsealError::UnknownAlgorithm);
        }
        Ok(Self {
            kid: wire.kid.to_owned(),
            revision: wire.rev,
            nonce: fixed(wire.nonce)?,
            ciphertext: STANDARD
                .decode(wire.ciphertext)
                .map_err(|_| UnsealError::Malformed)?,
            tag: fixed(wire.tag)?,
        })
    }

    /// Opens it, if it was sealed with this key for exactly this place.
    pub(crate) fn open(
        self,
        key: &[u8; 32],
        place: &Place<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let mut buffer = Zeroizing::new(self.ciphertext);
        cipher::open(
            key,
            &self.nonce,
            &place.associated_data(),
            &mut buffer,
            &self.tag,
        )
        .map_err(|_| UnsealError::Refused)?;
        Ok(buffer)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    enc: u64,
    alg: &'a str,
    kid: &'a str,
    rev: u64,
    nonce: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

/// Says why strict reading failed: a later version may have fields that are unknown here.
fn unreadable(text: &str) -> UnsealError {
    #[derive(Deserialize)]
    struct Version {
        enc: u64,
    }
    match serde_json::from_str::<Version>(text) {
        Ok(Version { enc }) if enc != ENC => UnsealError::UnknownVersion(enc),
        _ => UnsealError::Malformed,
    }
}

fn fixed<const N: usize>(text: &str) -> Result<[u8; N], UnsealError> {
    let bytes = STANDARD.decode(text).map_err(|_| UnsealError::Malformed)?;
    bytes.try_into().map_err(|_| UnsealError::Malformed)
}

#[cfg(test)]
mod tests;
