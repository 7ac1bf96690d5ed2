//! The name of one entry: a checked string such as `profile:work:github:connection:default`.
//!
//! The vault gives the parts between the colons no meaning.

use std::fmt;
use std::str::FromStr;

/// The longest key, in bytes.
const MAX_LEN: usize = 512;

/// The name of one entry: 1 to 512 bytes of `A-Z a-z 0-9 . _ @ + : -`.
///
/// Every allowed character is ASCII and sorts below `\x7f`, which the store's prefix scan relies on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryKey(String);

/// A string that cannot name an entry. The message shows it cut and escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEntryKey {
    /// Nothing was given.
    #[error("an entry key must not be empty")]
    Empty,
    /// More than 512 bytes.
    #[error("an entry key has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong {
        /// How many bytes there were.
        len: usize,
    },
    /// A character outside the allowed set.
    #[error(
        "the entry key `{key}` contains {character:?}; allowed are letters, digits and `._@+:-`"
    )]
    Character {
        /// The key, escaped and cut to a readable length.
        key: String,
        /// The first character that is not allowed.
        character: char,
    },
}

impl EntryKey {
    /// Checks a string and takes it as a key.
    ///
    /// # Errors
    /// When it is empty, too long, or has a character outside the allowed set.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidEntryKey> {
        let key = key.into();
        if key.is_empty() {
            return Err(InvalidEntryKey::Empty);
        }
        if key.len() > MAX_LEN {
            return Err(InvalidEntryKey::TooLong { len: key.len() });
        }
        if let Some(character) = key.chars().find(|c| !is_allowed(*c)) {
            let shown = key
                .chars()
                .take(64)
                .flat_map(char::escape_default)
                .collect();
            return Err(InvalidEntryKey::Character {
                key: shown,
                character,
            });
        }
        Ok(Self(key))
    }

    /// The key as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryKey {
    type Err = InvalidEntryKey;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::new(key)
    }
}

impl AsRef<str> for EntryKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._@+:-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_product_are_accepted() {
        for key in [
            "a",
            "profile:work:github:connection:me@example.org",
            "A-Z_0.9+x",
            ":",
        ] {
            assert_eq!(EntryKey::new(key).unwrap().as_str(), key);
        }
        assert!(EntryKey::new("k".repeat(MAX_LEN)).is_ok());
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        assert_eq!(EntryKey::new(""), Err(InvalidEntryKey::Empty));
        assert_eq!(
            EntryKey::new("k".repeat(513)),
            Err(InvalidEntryKey::TooLong { len: 513 })
        );
        for (key, character) in [
            ("a b", ' '),
            ("a/b", '/'),
            ("a%", '%'),
            ("ä", 'ä'),
            ("a\0", '\0'),
            ("a\u{7f}", '\u{7f}'),
        ] {
            match key.parse::<EntryKey>() {
                Err(InvalidEntryKey::Character {
                    character: found, ..
                }) => {
                    assert_eq!(found, character);
                }
                other => panic!("{key:?} gave {other:?}"),
            }
        }
    }

    #[test]
    fn a_hostile_key_cannot_write_to_the_terminal_through_the_message() {
        let message = EntryKey::new("\u{1b}[2J\u{202e}x").unwrap_err().to_string();
        assert!(message.is_ascii(), "{message}");
        assert!(!message.contains('\u{1b}'));
    }
}
