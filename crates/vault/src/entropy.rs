//! Randomness as an argument: the type of the function that supplies it, and its failure.
//!
//! The vault never reaches for a random source itself. A program passes the operating system's;
//! a test may pass a counted or a failing one.

use std::error::Error;

/// Fills the whole buffer with cryptographically secure random bytes, or fails.
///
/// Nonces, data keys, vault ids and master keys all come from it.
pub type Entropy = fn(&mut [u8]) -> Result<(), EntropyError>;

/// The random source could not deliver. Nothing may be sealed without it.
#[derive(Debug, thiserror::Error)]
#[error("the random source failed")]
pub struct EntropyError {
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl EntropyError {
    /// Wraps the cause that the random source reported.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

/// Draws a fixed number of random bytes.
pub(crate) fn draw<const N: usize>(entropy: Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy(&mut bytes)?;
    Ok(bytes)
}

/// Draws `N` random bytes and writes them as `2 * N` lower-case hexadecimal digits, for an id.
pub(crate) fn draw_id<const N: usize>(entropy: Entropy) -> Result<String, EntropyError> {
    Ok(hex(&draw::<N>(entropy)?))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_twice_as_many_hex_digits() {
        fn steady(bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(0xa7);
            Ok(())
        }
        assert_eq!(draw_id::<4>(steady).unwrap(), "a7a7a7a7");
    }

    #[test]
    fn a_failing_source_is_reported_with_its_cause() {
        fn broken(_: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError::new("no device"))
        }
        let error = draw_id::<4>(broken).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "no device");
    }
}
