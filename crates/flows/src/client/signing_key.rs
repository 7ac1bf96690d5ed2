//! The private key that a client signs with instead of sending a password: RSA, P-256 or Ed25519.
//!
//! It is read from what people have at hand: a PEM file, or the base64 inside of one. It is never sent, and what it signs
//! with is `ring`, which draws what randomness a signature needs by itself.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// A private key, ready to sign. What it is made of does not leave it.
pub struct SigningKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The text is not a private key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKey(&'static str);

impl UnusableKey {
    /// What is wrong with it; never the key itself.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.0
    }
}

/// The key could not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key could not sign")]
pub struct SigningFailed;

impl SigningKey {
    /// Reads a key: PEM, or its base64 alone, in PKCS#8 (RFC 5958), or in PKCS#1 (RFC 8017) for RSA. Line breaks may be
    /// missing, or be the two characters `\n`, as forms and environment files leave them.
    ///
    /// # Errors
    ///
    /// [`UnusableKey`] for anything but RSA of 2048 to 4096 bits, P-256 and Ed25519, unencrypted.
    pub fn read(text: &SecretString) -> Result<Self, UnusableKey> {
        // EXPOSE: decoded into a buffer that is wiped, and from there into the key.
        let der = der(text.expose_secret())?;
        let kind = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map(Kind::Ed25519)
            .or_else(|_| {
                EcdsaKeyPair::from_pkcs8(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &der,
                    &SystemRandom::new(),
                )
                .map(Kind::P256)
            })
            .or_else(|_| {
                RsaKeyPair::from_pkcs8(&der)
                    .or_else(|_| RsaKeyPair::from_der(&der))
                    .map(|key| Kind::Rsa(Box::new(key)))
            });
        kind.map(Self).map_err(|_| {
            UnusableKey(
                "it is none that can be used: RSA of 2048 to 4096 bits, P-256 or Ed25519, in PKCS#8",
            )
        })
    }

    /// The name of its algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
    pub(super) fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Rsa(_) => "RS256",
            Kind::P256(_) => "ES256",
            Kind::Ed25519(_) => "EdDSA",
        }
    }

    /// The signature in the form that JWS wants it (RFC 7518 §3.3 and §3.4, RFC 8037 §3.1).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let random = SystemRandom::new();
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Kind::P256(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Kind::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
        .map_err(|_| SigningFailed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.algorithm())
            .finish()
    }
}

/// The bytes between the two lines of a PEM file (RFC 7468), or of the base64 alone.
fn der(text: &str) -> Result<Zeroizing<Vec<u8>>, UnusableKey> {
    let text = text.trim();
    let body = match text.strip_prefix("-----BEGIN ") {
        None => text,
        Some(rest) => {
            let (label, rest) = rest.split_once("-----").unwrap_or((rest, ""));
            match label {
                "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
                "ENCRYPTED PRIVATE KEY" => {
                    return Err(UnusableKey(
                        "it is encrypted: give it without its passphrase (openssl pkcs8 -in FILE)",
                    ));
                }
                "EC PRIVATE KEY" => {
                    return Err(UnusableKey(
                        "it is not in PKCS#8: convert it (openssl pkcs8 -topk8 -nocrypt -in FILE)",
                    ));
                }
                _ => return Err(UnusableKey("it is not a private key")),
            }
            rest.split_once("-----END ")
                .ok_or(UnusableKey(
                    "its end is missing: give all its lines, or its base64 in one line",
                ))?
                .0
        }
    };
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    for line in body.split("\\n") {
        base64.extend(line.chars().filter(|c| !c.is_whitespace()));
    }
    STANDARD
        .decode(base64.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| UnusableKey("it is neither PEM nor base64"))
}

#[cfg(test)]
mod tests;
