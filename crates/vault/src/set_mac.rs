//! One number for the set of all (key, revision) pairs, kept up to date by adding and removing.
//!
//! It is the sum modulo 2^256 of `HMAC-SHA256(k, u32(len(key)) || key || u64(revision))` over all
//! entries, integers big-endian, where `k` is derived from the data key. Order plays no part, so
//! one write costs one or two HMACs however many entries there are. Where the sum is stored and
//! how it is kept from being altered is not known here: it is a plain number, to be sealed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Revision;
use crate::associated_data::put_field;
use crate::data_key::DataKey;
use crate::subkey::subkey;

/// The sum, as 32 bytes, big-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SetMac([u8; 32]);

/// The derived key under which pairs are turned into numbers.
pub(crate) struct SetMacKey(Zeroizing<[u8; 32]>);

impl SetMacKey {
    pub(crate) fn new(data_key: &DataKey) -> Self {
        Self(subkey(data_key.bytes(), "authkeep set mac"))
    }

    fn number(&self, key: &str, revision: Revision) -> [u8; 32] {
        let mut message = Vec::with_capacity(key.len() + 12);
        put_field(&mut message, key);
        message.extend_from_slice(&revision.get().to_be_bytes());
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()).expect("any length is valid");
        mac.update(&message);
        mac.finalize().into_bytes().into()
    }
}

impl SetMac {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The set with one more pair.
    #[must_use]
    pub(crate) fn with(self, mac_key: &SetMacKey, key: &str, revision: Revision) -> Self {
        Self(add(self.0, mac_key.number(key, revision)))
    }

    /// The set with one pair less.
    #[must_use]
    pub(crate) fn without(self, mac_key: &SetMacKey, key: &str, revision: Revision) -> Self {
        Self(add(self.0, negate(mac_key.number(key, revision))))
    }
}

fn add(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = false;
    for at in (0..32).rev() {
        let (partial, over) = a[at].overflowing_add(b[at]);
        let (digit, over_again) = partial.overflowing_add(u8::from(carry));
        sum[at] = digit;
        carry = over || over_again;
    }
    sum
}

/// The two's complement, so that adding it subtracts.
fn negate(number: [u8; 32]) -> [u8; 32] {
    let mut one = [0; 32];
    one[31] = 1;
    add(number.map(|byte| !byte), one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::system_entropy;

    fn key() -> SetMacKey {
        SetMacKey::new(&DataKey::generate(system_entropy).unwrap())
    }

    #[test]
    fn order_plays_no_part_and_removal_undoes_addition() {
        let (key, one, two) = (key(), Revision::new(1), Revision::new(2));
        let empty = SetMac::default();
        let both = empty.with(&key, "a", one).with(&key, "b", two);
        assert_eq!(both, empty.with(&key, "b", two).with(&key, "a", one));
        assert_eq!(both.without(&key, "b", two), empty.with(&key, "a", one));
        assert_eq!(both.without(&key, "a", one).without(&key, "b", two), empty);
    }

    #[test]
    fn other_sets_have_other_numbers() {
        let (key, one, two) = (key(), Revision::new(1), Revision::new(2));
        let empty = SetMac::default();
        let set = empty.with(&key, "a", one);
        assert_ne!(set, empty);
        assert_ne!(set, empty.with(&key, "a", two));
        assert_ne!(set, empty.with(&key, "b", one));
        assert_ne!(set, empty.with(&self::key(), "a", one), "another data key");
        assert_ne!(set, set.with(&key, "a", one), "twice is not once");
    }

    #[test]
    fn addition_carries_over_all_bytes() {
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(add([0xff; 32], one), [0; 32]);
        assert_eq!(negate(one), [0xff; 32]);
        assert_eq!(negate([0; 32]), [0; 32]);
    }
}
