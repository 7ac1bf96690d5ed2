//! Names of profiles and connections. They share the providers' rule, so that any of them can stand in
//! an entry key, a file name or a command line.

use std::fmt;
use std::str::FromStr;

use authkeep_registry::{InvalidName, check_name};

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default.to_owned())
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                check_name(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_name!(
    /// A connection of one provider, such as `default` or `work`.
    ConnectionName,
    "default"
);
checked_name!(
    /// An isolated set of credentials with a vault of its own.
    ProfileName,
    "default"
);
