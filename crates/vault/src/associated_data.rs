//! What a ciphertext is bound to: the place it was sealed for.
//!
//! It only spells the place out as bytes; sealing and opening are done elsewhere.

/// What kind of plaintext is sealed. Two kinds never open in each other's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A caller's value.
    Entry,
    /// A data key, sealed by the master key.
    DataKey,
    /// The vault's own counters.
    State,
}

/// The place of one ciphertext.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) vault_id: &'a str,
    /// The entry's key; the data key's id; empty for the state.
    pub(crate) name: &'a str,
    pub(crate) revision: u64,
    /// The id of the key that seals.
    pub(crate) kid: &'a str,
}

/// Names the format, so that no ciphertext of another format or product opens here.
const FORMAT_LABEL: &str = "authkeep envelope 2";

impl Place<'_> {
    /// The associated data of AES-256-GCM for this place:
    ///
    /// ```text
    /// field("authkeep envelope 2") field(purpose) field(vault id) field(name) u64(revision) field(kid)
    ///
    /// field(s)  the length of s in bytes as u32, then s in UTF-8
    /// purpose   "entry" | "data-key" | "state"
    /// ```
    ///
    /// Integers are big-endian. Every field is always present and carries its length, so two
    /// different places never yield the same bytes.
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        let purpose = match self.purpose {
            Purpose::Entry => "entry",
            Purpose::DataKey => "data-key",
            Purpose::State => "state",
        };
        let mut bytes = Vec::with_capacity(128 + self.name.len());
        for field in [FORMAT_LABEL, purpose, self.vault_id, self.name] {
            put_field(&mut bytes, field);
        }
        bytes.extend_from_slice(&self.revision.to_be_bytes());
        put_field(&mut bytes, self.kid);
        bytes
    }
}

/// Appends the length as u32, big-endian, then the text.
///
/// All names here are far below 4 GiB; a longer one would be cut in its length only, and would
/// then simply not open.
pub(crate) fn put_field(bytes: &mut Vec<u8>, field: &str) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PLACE: Place<'_> = Place {
        purpose: Purpose::Entry,
        vault_id: "v",
        name: "a:b",
        revision: 258,
        kid: "k",
    };

    #[test]
    fn the_encoding_is_pinned() {
        assert_eq!(
            PLACE.associated_data(),
            b"\0\0\0\x13authkeep envelope 2\0\0\0\x05entry\0\0\0\x01v\0\0\0\x03a:b\
              \0\0\0\0\0\0\x01\x02\0\0\0\x01k"
        );
    }

    #[test]
    fn every_part_of_the_place_changes_the_bytes() {
        let variants = [
            PLACE,
            Place {
                purpose: Purpose::State,
                ..PLACE
            },
            Place {
                purpose: Purpose::DataKey,
                ..PLACE
            },
            Place {
                vault_id: "w",
                ..PLACE
            },
            Place {
                name: "a:c",
                ..PLACE
            },
            Place {
                revision: 259,
                ..PLACE
            },
            Place { kid: "l", ..PLACE },
            // Characters moved over a field's edge: without lengths these would be equal.
            Place {
                vault_id: "va",
                name: ":b",
                ..PLACE
            },
            Place {
                vault_id: "",
                name: "va:b",
                ..PLACE
            },
        ];
        let distinct: BTreeSet<_> = variants.iter().map(Place::associated_data).collect();
        assert_eq!(distinct.len(), variants.len());
    }
}
