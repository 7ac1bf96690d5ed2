//! The one rule for names of providers, connections and profiles.
//!
//! A name becomes a file name, a part of a vault key and a word in a shell, so the rule is strict
//! enough for all three. It says nothing about whether the named thing exists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text;

/// Words that have a meaning of their own inside vault keys.
const RESERVED: [&str; 5] = ["metadata", "state", "client", "connection", "secret"];
const LONGEST: usize = 64;

/// A checked provider name, such as `github`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

impl ProviderName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check_name(name)?;
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for ProviderName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        name.parse()
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0
    }
}

impl AsRef<str> for ProviderName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that breaks the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not a usable name: {why}")]
pub struct InvalidName {
    shown: String,
    why: &'static str,
}

impl InvalidName {
    /// The part of the rule that the name breaks.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.why
    }
}

/// Checks a name against `[A-Za-z0-9][A-Za-z0-9._@+-]*`, at most 64 characters, no reserved word.
///
/// # Errors
/// [`InvalidName`] shows the name, made safe to print, and says which part of the rule it breaks.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST {
        "it is longer than 64 characters"
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        "it must start with a letter or digit"
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._@+-".contains(&b))
    {
        "only letters, digits and `. _ @ + -` are allowed"
    } else if RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word)) {
        "the word is reserved"
    } else {
        return Ok(());
    };
    Err(InvalidName {
        shown: text::quote(name),
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass() {
        for name in ["github", "a", "7", "me@work", "a.b-c_d+e", &"x".repeat(64)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn bad_names_say_why() {
        for (name, why) in [
            ("", "empty"),
            (".", "start with"),
            ("..", "start with"),
            ("-x", "start with"),
            ("../../etc/passwd", "start with"),
            ("a/../b", "only letters"),
            ("a\\b", "only letters"),
            ("a:b", "only letters"),
            ("a b", "only letters"),
            ("a\0", "only letters"),
            ("ä", "start with"),
            ("metadata", "reserved"),
            ("Secret", "reserved"),
            (&"x".repeat(65), "longer"),
        ] {
            let error = check_name(name).expect_err("this name is refused");
            assert!(error.reason().contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn the_message_is_safe_to_print() {
        let error = "a\u{1b}[2J".parse::<ProviderName>().expect_err("refused");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
