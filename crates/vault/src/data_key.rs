//! The random key that seals a vault's values, and its wrapping by the master key.
//!
//! It counts nothing and stores nothing.

use std::fmt;

use secrecy::SecretSlice;
use zeroize::Zeroizing;

use crate::associated_data::{Place, Purpose};
use crate::entropy::{draw, draw_id};
use crate::envelope::{self, Envelope};
use crate::{Entropy, EntropyError, EntryKey, MasterKey, Revision, UnsealError};

/// A data key, unwrapped. `Debug` shows its id only.
pub(crate) struct DataKey {
    kid: String,
    bytes: Zeroizing<[u8; 32]>,
}

/// A wrapped data key did not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnwrapError {
    /// Another master key wrapped it.
    WrongKey,
    /// This master key wrapped it, but it was altered since.
    Damaged(UnsealError),
}

impl DataKey {
    /// Makes a new key with a new id.
    pub(crate) fn generate(entropy: Entropy) -> Result<Self, EntropyError> {
        Ok(Self {
            kid: draw_id::<8>(entropy)?,
            bytes: Zeroizing::new(draw(entropy)?),
        })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The raw key, for deriving further keys from it.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals the key itself. The envelope's `kid` is the master key's id.
    pub(crate) fn wrap(
        &self,
        master: &MasterKey,
        vault_id: &str,
        entropy: Entropy,
    ) -> Result<String, EntropyError> {
        let master_id = master.id();
        let place = wrapping_place(vault_id, &self.kid, &master_id);
        // EXPOSE: the master key, to the cipher.
        envelope::seal(master.expose_secret(), &place, self.bytes.as_ref(), entropy)
    }

    /// Opens a wrapped key.
    pub(crate) fn unwrap(
        wrapped: &str,
        kid: &str,
        master: &MasterKey,
        vault_id: &str,
    ) -> Result<Self, UnwrapError> {
        let envelope = Envelope::read(wrapped).map_err(UnwrapError::Damaged)?;
        let sealed_by = envelope.kid.clone();
        // EXPOSE: the master key, to the cipher.
        let bytes = envelope
            .open(
                master.expose_secret(),
                &wrapping_place(vault_id, kid, &sealed_by),
            )
            .map_err(|why| {
                // The key's id is derived only now: it decides what to say, not whether to open.
                if sealed_by == master.id() {
                    UnwrapError::Damaged(why)
                } else {
                    UnwrapError::WrongKey
                }
            })?;
        let bytes: &[u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| UnwrapError::Damaged(UnsealError::Malformed))?;
        Ok(Self {
            kid: kid.to_owned(),
            bytes: Zeroizing::new(*bytes),
        })
    }

    /// Seals an entry's value.
    pub(crate) fn seal_entry(
        &self,
        vault_id: &str,
        key: &EntryKey,
        revision: Revision,
        value: &[u8],
        entropy: Entropy,
    ) -> Result<String, EntropyError> {
        let place = self.place(Purpose::Entry, vault_id, key.as_str(), revision.get());
        envelope::seal(&self.bytes, &place, value, entropy)
    }

    /// Opens an entry's value, read from the row of this key and revision.
    pub(crate) fn open_entry(
        &self,
        vault_id: &str,
        key: &EntryKey,
        revision: Revision,
        envelope: Envelope,
    ) -> Result<SecretSlice<u8>, UnsealError> {
        if envelope.revision != revision.get() {
            return Err(UnsealError::WrongRevision);
        }
        let place = self.place(Purpose::Entry, vault_id, key.as_str(), revision.get());
        let mut value = envelope.open(&self.bytes, &place)?;
        // Decoding leaves spare capacity. Shrinking a vector may move it and leave the plaintext
        // behind unzeroed, so it is copied to an exact one and the old one is zeroed as it drops.
        if value.capacity() != value.len() {
            value = Zeroizing::new(value.as_slice().to_vec());
        }
        Ok(std::mem::take(&mut *value).into())
    }

    /// Seals the vault's state.
    pub(crate) fn seal_state(
        &self,
        vault_id: &str,
        generation: u64,
        state: &[u8],
        entropy: Entropy,
    ) -> Result<String, EntropyError> {
        envelope::seal(
            &self.bytes,
            &self.place(Purpose::State, vault_id, "", generation),
            state,
            entropy,
        )
    }

    /// Opens the vault's state and returns it with its generation.
    pub(crate) fn open_state(
        &self,
        vault_id: &str,
        sealed: &str,
    ) -> Result<(u64, Zeroizing<Vec<u8>>), UnsealError> {
        let envelope = Envelope::read(sealed)?;
        if envelope.kid != self.kid {
            return Err(UnsealError::UnknownKey);
        }
        let generation = envelope.revision;
        let place = self.place(Purpose::State, vault_id, "", generation);
        Ok((generation, envelope.open(&self.bytes, &place)?))
    }

    fn place<'a>(
        &'a self,
        purpose: Purpose,
        vault_id: &'a str,
        name: &'a str,
        revision: u64,
    ) -> Place<'a> {
        Place {
            purpose,
            vault_id,
            name,
            revision,
            kid: &self.kid,
        }
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn wrapping_place<'a>(vault_id: &'a str, kid: &'a str, master_id: &'a str) -> Place<'a> {
    Place {
        purpose: Purpose::DataKey,
        vault_id,
        name: kid,
        revision: 0,
        kid: master_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::system_entropy;

    #[test]
    fn a_wrapped_key_opens_for_its_master_key_id_and_vault_only() {
        let master = MasterKey::generate(system_entropy).unwrap();
        let other = MasterKey::generate(system_entropy).unwrap();
        let key = DataKey::generate(system_entropy).unwrap();
        let wrapped = key.wrap(&master, "vault", system_entropy).unwrap();

        let again = DataKey::unwrap(&wrapped, key.kid(), &master, "vault").unwrap();
        assert_eq!(again.bytes(), key.bytes());
        let refusal =
            |kid: &str, master, vault| DataKey::unwrap(&wrapped, kid, master, vault).unwrap_err();
        assert_eq!(refusal(key.kid(), &other, "vault"), UnwrapError::WrongKey);
        let damaged = UnwrapError::Damaged(UnsealError::Refused);
        assert_eq!(refusal(key.kid(), &master, "elsewhere"), damaged);
        assert_eq!(refusal("0000000000000000", &master, "vault"), damaged);
    }

    #[test]
    fn debug_shows_no_key_bytes() {
        let key = DataKey {
            kid: "id".to_owned(),
            bytes: Zeroizing::new([0xab; 32]),
        };
        assert_eq!(format!("{key:?}"), "DataKey { kid: \"id\", .. }");
    }
}
