//! Names of profiles and connections. They share the providers' rule, so that any of them can stand in
//! an entry key, a file name or a command line.

use std::fmt;
use std::str::FromStr;

use authkeep_registry::{InvalidName, ProviderName, check_name};
use serde::{Deserialize, Serialize};

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
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

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
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

/// The command that logs in to this connection, as it would be typed.
pub fn login_command(provider: &ProviderName, connection: &ConnectionName) -> String {
    if *connection == ConnectionName::default() {
        format!("authkeep login {provider}")
    } else {
        format!("authkeep login {provider} --connection {connection}")
    }
}
