//! A master key that the caller holds already: handed over by another process, or kept in a place of the caller's.

use super::{KeySource, KeySourceError, MasterKey};
use crate::Entropy;

/// A key source that is the key itself. It makes no key: what is given is all there is.
#[derive(Debug)]
pub struct GivenKey(MasterKey);

impl GivenKey {
    /// Takes the key.
    pub fn new(key: MasterKey) -> Self {
        Self(key)
    }

    fn again(&self) -> MasterKey {
        // EXPOSE: from one master key into another of the same source.
        MasterKey::new(zeroize::Zeroizing::new(*self.0.expose_secret()))
    }
}

impl KeySource for GivenKey {
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError> {
        Ok(Some(self.again()))
    }

    fn create(&self, _: Entropy) -> Result<MasterKey, KeySourceError> {
        Ok(self.again())
    }

    fn kind(&self) -> &'static str {
        "given"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_key_it_was_given() {
        let source = GivenKey::new(MasterKey::new(zeroize::Zeroizing::new([7; 32])));
        let never = |_: &mut [u8]| panic!("it draws no randomness");
        assert_eq!(source.create(never).unwrap().expose_secret(), &[7; 32]);
        assert_eq!(source.load().unwrap().unwrap().expose_secret(), &[7; 32]);
        assert_eq!(format!("{source:?}"), "GivenKey(MasterKey([redacted]))");
    }
}
