//! The vault's own counters, sealed under the data key so that nobody else can set them back.
//!
//! It keeps the count of seals, the count of entries and the set MAC. It is read and written in
//! the same transaction as the entry it accounts for; that is the caller's part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::data_key::DataKey;
use crate::set_mac::SetMac;
use crate::{Entropy, EntropyError, Revision, UnsealError};

/// The counters, opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SealedState {
    /// Grows by one with every write; the source of revisions. Kept as the envelope's `rev`.
    pub(crate) generation: u64,
    /// How often the data key has sealed anything, this state included.
    pub(crate) data_key_uses: u64,
    /// How many entries there are.
    pub(crate) entries: u64,
    /// Which entries, in which revision.
    pub(crate) set_mac: SetMac,
}

impl SealedState {
    /// Starts the next write: counts it and returns the revision that belongs to it.
    pub(crate) fn advance(&mut self) -> Revision {
        self.generation += 1;
        Revision::new(self.generation)
    }

    /// Seals the state, counting that very seal too.
    pub(crate) fn seal(
        &mut self,
        data_key: &DataKey,
        vault_id: &str,
        entropy: Entropy,
    ) -> Result<String, EntropyError> {
        self.data_key_uses += 1;
        let wire = Wire {
            data_key_uses: self.data_key_uses,
            entries: self.entries,
            set_mac: STANDARD.encode(self.set_mac.to_bytes()),
        };
        #[expect(clippy::expect_used, reason = "numbers and strings always serialise")]
        let text = serde_json::to_vec(&wire).expect("the state has no map keys that could fail");
        data_key.seal_state(vault_id, self.generation, &text, entropy)
    }

    /// Opens a sealed state.
    pub(crate) fn open(
        sealed: &str,
        data_key: &DataKey,
        vault_id: &str,
    ) -> Result<Self, UnsealError> {
        let (generation, text) = data_key.open_state(vault_id, sealed)?;
        let wire: Wire = serde_json::from_slice(&text).map_err(|_| UnsealError::Malformed)?;
        let set_mac = STANDARD
            .decode(wire.set_mac)
            .map_err(|_| UnsealError::Malformed)?;
        Ok(Self {
            generation,
            data_key_uses: wire.data_key_uses,
            entries: wire.entries,
            set_mac: SetMac::from_bytes(set_mac.try_into().map_err(|_| UnsealError::Malformed)?),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    data_key_uses: u64,
    entries: u64,
    set_mac: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::system_entropy;

    #[test]
    fn a_state_comes_back_as_it_was_sealed_and_counts_its_own_seal() {
        let key = DataKey::generate(system_entropy).unwrap();
        let mut state = SealedState {
            entries: 3,
            ..SealedState::default()
        };
        assert_eq!(state.advance().get(), 1);
        let sealed = state.seal(&key, "vault", system_entropy).unwrap();
        assert_eq!(state.data_key_uses, 1);
        assert_eq!(SealedState::open(&sealed, &key, "vault").unwrap(), state);
        assert_eq!(
            SealedState::open(&sealed, &key, "other"),
            Err(UnsealError::Refused)
        );
    }

    #[test]
    fn a_state_with_an_altered_generation_does_not_open() {
        let key = DataKey::generate(system_entropy).unwrap();
        let mut state = SealedState::default();
        state.advance();
        let sealed = state.seal(&key, "vault", system_entropy).unwrap();
        let altered = sealed.replace("\"rev\":1", "\"rev\":0");
        assert_ne!(sealed, altered);
        assert_eq!(
            SealedState::open(&altered, &key, "vault"),
            Err(UnsealError::Refused)
        );
    }
}
