//! Closed lists of words, such as the flows: one macro gives the enum, its words and its parser.

use crate::text;

/// A text that is not in a closed list of words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not one of {expected}")]
pub struct UnknownWord {
    shown: String,
    expected: String,
}

impl UnknownWord {
    pub(crate) fn new(found: &str, expected: &[&str]) -> Self {
        Self {
            shown: text::quote(found),
            expected: expected.join(", "),
        }
    }
}

macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in definitions.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::definition::word::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::definition::word::UnknownWord::new(other, &[$($word),+])),
                }
            }
        }
    };
}

pub(crate) use words;
