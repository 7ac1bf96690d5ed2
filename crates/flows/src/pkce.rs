//! Proof Key for Code Exchange (RFC 7636), method S256.
//!
//! The method `plain` does not exist here, so that nothing can fall back to it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The only challenge method this crate speaks, as it is written in requests.
pub(crate) const CHALLENGE_METHOD: &str = "S256";

/// The secret half of the proof: 43 characters that carry 256 bits (RFC 7636 §4.1).
///
/// Not `Clone`: one verifier belongs to one login.
pub struct CodeVerifier {
    text: SecretString,
    challenge: Writing,
}

/// How the challenge is written.
#[derive(Clone, Copy)]
enum Writing {
    Base64Url,
    Hex,
}

impl CodeVerifier {
    /// A verifier from 32 bytes of a cryptographic random source, used for nothing else.
    pub fn from_entropy(mut bytes: [u8; 32]) -> Self {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Self {
            text: SecretString::from(text.as_str()),
            challenge: Writing::Base64Url,
        }
    }

    /// The same verifier, whose challenge is written in hexadecimal: TikTok's way, which no RFC knows.
    #[must_use]
    pub fn with_hex_challenge(self) -> Self {
        Self {
            challenge: Writing::Hex,
            ..self
        }
    }

    /// The public half, `BASE64URL(SHA256(verifier))`, 43 characters (RFC 7636 §4.2); or the hash in hexadecimal, 64.
    pub fn challenge(&self) -> String {
        // EXPOSE: hashed at once, and the hash is public by design.
        let hash = Sha256::digest(self.text.expose_secret().as_bytes());
        match self.challenge {
            Writing::Base64Url => URL_SAFE_NO_PAD.encode(hash),
            Writing::Hex => hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The verifier itself, for the token request only.
    pub fn expose(&self) -> &str {
        // EXPOSE: this method is the one way out of the type, and named so.
        self.text.expose_secret()
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier([redacted])")
    }
}

/// The authorization server names its PKCE methods, and S256 is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the authorization server does not offer the PKCE method S256, and weaker ones are refused"
)]
pub struct PkceUnsupported;

/// Judges `code_challenge_methods_supported` of the server's metadata (RFC 8414 §2).
///
/// `None` means that the server names no methods. The challenge is sent all the same, since many
/// servers that check it do not advertise it, and the others ignore it.
///
/// # Errors
/// [`PkceUnsupported`] when methods are named but S256 is not: going on would mean `plain`, or no
/// proof at all.
pub fn check_challenge_methods(advertised: Option<&[String]>) -> Result<(), PkceUnsupported> {
    match advertised {
        Some(methods) if !methods.iter().any(|method| method == CHALLENGE_METHOD) => {
            Err(PkceUnsupported)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7636_appendix_b() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212,
            37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = CodeVerifier::from_entropy(octets);
        assert_eq!(
            verifier.expose(),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        // The same hash, as a tool on the command line writes it.
        assert_eq!(
            verifier.with_hex_challenge().challenge(),
            "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"
        );
    }

    #[test]
    fn a_server_that_only_knows_plain_is_refused() {
        let methods = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            check_challenge_methods(Some(&methods(&["plain"]))),
            Err(PkceUnsupported)
        );
        assert_eq!(check_challenge_methods(Some(&[])), Err(PkceUnsupported));
        assert_eq!(
            check_challenge_methods(Some(&methods(&["s256"]))),
            Err(PkceUnsupported)
        );
        assert_eq!(
            check_challenge_methods(Some(&methods(&["plain", "S256"]))),
            Ok(())
        );
        assert_eq!(check_challenge_methods(None), Ok(()));
    }
}
