//! The secrets of OAuth, each a type of its own.
//!
//! None of them can be printed, compared or serialised; all of them are wiped when dropped. The
//! text leaves through `expose`, which is easy to search for.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(SecretString);

        impl $name {
            /// Wraps the text. It is not checked: readers of responses check before they wrap.
            pub fn new(value: impl Into<SecretString>) -> Self {
                Self(value.into())
            }

            /// The text itself. Whoever calls this is responsible for where it goes.
            pub fn expose(&self) -> &str {
                // EXPOSE: this method is the one way out of the type, and named so.
                self.0.expose_secret()
            }

            /// The text, still wrapped, for callers that pass it on without looking.
            pub fn as_secret(&self) -> &SecretString {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

secret! {
    /// What opens the service's API (RFC 6749 §1.4).
    #[derive(Clone)]
    AccessToken
}

secret! {
    /// What buys the next access token (RFC 6749 §1.5).
    #[derive(Clone)]
    RefreshToken
}

secret! {
    /// The password of a confidential client (RFC 6749 §2.3.1).
    #[derive(Clone)]
    ClientSecret
}

secret! {
    /// What manages a registered client (RFC 7592 §3).
    #[derive(Clone)]
    RegistrationToken
}

secret! {
    /// What the redirect brings back, good for one exchange (RFC 6749 §1.3.1).
    ///
    /// Not `Clone`: servers treat a second use as theft and revoke what the first one bought.
    AuthorizationCode
}

secret! {
    /// What a device polls with until the person has approved (RFC 8628 §3.2). Whoever has it gets the tokens.
    DeviceCode
}
