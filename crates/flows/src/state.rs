//! The `state` value that ties a callback to the login that asked for it (RFC 6749 §10.12).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// 256 random bits as 43 characters, one value for one login.
///
/// Not `Clone` and not comparable with `==`: the one comparison takes the same time wherever the
/// values differ.
pub struct State(SecretString);

impl State {
    /// A state from 32 bytes of a cryptographic random source, used for nothing else.
    pub fn from_entropy(mut bytes: [u8; 32]) -> Self {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Self(SecretString::from(text.as_str()))
    }

    /// The value, for the authorization URL only.
    pub fn expose(&self) -> &str {
        // EXPOSE: this method is the one way out of the type, and named so.
        self.0.expose_secret()
    }

    /// Whether `candidate` is exactly this value, in time that depends on its length alone.
    pub fn matches(&self, candidate: &str) -> bool {
        // EXPOSE: compared here and not kept.
        let own = self.0.expose_secret().as_bytes();
        own.ct_eq(candidate.as_bytes()).into()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_value_matches() {
        let state = State::from_entropy([0xa7; 32]);
        let text = state.expose().to_owned();
        assert_eq!(text.len(), 43);
        assert!(state.matches(&text));
        assert!(!state.matches(""));
        assert!(!state.matches(&text[..42]));
        assert!(!state.matches(&format!("{text}=")));
        assert!(!state.matches(&text.to_ascii_uppercase()));
        assert!(!state.matches(&format!("{text}{text}")));
    }
}
