//! Keys for further purposes, derived from a random key by HKDF-SHA256 (RFC 5869).
//!
//! Only for inputs that are uniformly random already; a passphrase needs a slow function instead.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Derives 32 bytes for one purpose. No salt; the purpose is HKDF's `info`.
pub(crate) fn subkey(key: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    #[expect(
        clippy::expect_used,
        reason = "HKDF-SHA256 yields up to 8160 bytes; 32 always fit"
    )]
    Hkdf::<Sha256>::new(None, key)
        .expand(purpose.as_bytes(), derived.as_mut())
        .expect("32 bytes are within HKDF's limit");
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::hex;

    /// RFC 5869 has no case with a 32-byte input and no salt, so this value was computed apart
    /// from this code with Python's `hmac` module, following section 2 by hand.
    #[test]
    fn a_known_value() {
        assert_eq!(
            hex(subkey(&[7; 32], "authkeep test").as_ref()),
            "49b45eeec47b7a16a0d1cc59c3597f5963de7769028fcf57f5c258c956ea688c"
        );
    }

    #[test]
    fn purposes_and_keys_separate() {
        assert_ne!(subkey(&[7; 32], "a"), subkey(&[7; 32], "b"));
        assert_ne!(subkey(&[7; 32], "a"), subkey(&[8; 32], "a"));
    }
}
