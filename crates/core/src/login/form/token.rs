//! What nobody can guess: the form's address, the browser's cookie, and the mark inside the page.

use std::fmt;

use authkeep_vault::{Entropy, EntropyError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// 256 random bits as 43 characters that need no quoting in a path, a cookie or HTML.
pub(super) struct Token(SecretString);

impl Token {
    pub(super) fn new(entropy: Entropy) -> Result<Self, EntropyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy(bytes.as_mut_slice())?;
        Ok(Self(SecretString::from(
            URL_SAFE_NO_PAD.encode(bytes.as_slice()),
        )))
    }

    /// The token, for the one browser that it is for.
    pub(super) fn expose(&self) -> &str {
        // EXPOSE: this method is the one way out of the type, and named so.
        self.0.expose_secret()
    }

    /// Whether `candidate` is this token, in time that depends on its length alone.
    pub(super) fn matches(&self, candidate: &str) -> bool {
        self.expose().as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
