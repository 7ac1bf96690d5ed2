//! The key that a signature is made with, and what it signs: Signature Version 4 of Amazon Web Services, HMAC-SHA256 all
//! the way.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The name of the algorithm in headers and texts.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends a scope, and the derivation of a key.
pub(super) const TERMINATOR: &str = "aws4_request";

/// Where and when a signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The moment, as `20150830T123600Z`.
    pub moment: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
    /// The service by its signing name, such as `s3`.
    pub service: String,
}

impl Scope {
    /// The day of the moment.
    pub fn day(&self) -> &str {
        self.moment.get(..8).unwrap_or_default()
    }
}

/// As it stands behind the name of the key: `20150830/eu-west-1/s3/aws4_request`.
impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            region, service, ..
        } = self;
        write!(f, "{}/{region}/{service}/{TERMINATOR}", self.day())
    }
}

/// A key that is good for one scope, derived from the secret access key.
pub struct SigningKey {
    key: Zeroizing<[u8; 32]>,
    scope: Scope,
}

/// It shows the scope.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.scope)
    }
}

impl SigningKey {
    /// The key for `scope`.
    pub fn derive(secret_access_key: &SecretString, scope: Scope) -> Self {
        // EXPOSE: into the key that is derived from it, which is wiped too.
        let secret = secret_access_key.expose_secret();
        let start = Zeroizing::new(format!("AWS4{secret}"));
        let parts = [scope.day(), &scope.region, &scope.service, TERMINATOR];
        let mut key = Zeroizing::new(hmac(start.as_bytes(), parts[0].as_bytes()));
        for part in &parts[1..] {
            *key = hmac(&*key, part.as_bytes());
        }
        Self { key, scope }
    }

    /// Where and when it is good.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The signature of a canonical request, in hexadecimal digits.
    pub fn sign_request(&self, canonical: &[u8]) -> String {
        self.sign(ALGORITHM, &[&hash(canonical)])
    }

    /// The signature of a text that is made of the algorithm's name, moment, scope, and these lines.
    pub(super) fn sign(&self, algorithm: &str, lines: &[&str]) -> String {
        let Scope { moment, .. } = &self.scope;
        let text = format!(
            "{algorithm}\n{moment}\n{}\n{}",
            self.scope,
            lines.join("\n")
        );
        hex(&hmac(&*self.key, text.as_bytes()))
    }
}

/// The hash of a body or a part of one, in hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is valid");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}
