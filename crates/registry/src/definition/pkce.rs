//! How a service wants the proof that a code belongs to the login that asked for it (RFC 7636).

use serde_json::Value;

use crate::reader::{Fields, kind};

/// How PKCE is used. The method is S256 in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// The challenge is written in base64url, as the standard says.
    Standard,
    /// It is written in hexadecimal (TikTok).
    Hex,
    /// Not at all, because the service rejects it.
    Off,
}

impl Pkce {
    /// Reads `true`, `false` or `"hex"`; absent means `true`.
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        match fields.take("pkce") {
            None | Some(Value::Bool(true)) => Self::Standard,
            Some(Value::Bool(false)) => Self::Off,
            Some(Value::String(word)) if word == "hex" => Self::Hex,
            Some(other) => {
                let found = kind(other);
                fields.fault(
                    "pkce",
                    format!("must be true or false, or \"hex\" (found {found})"),
                );
                Self::Standard
            }
        }
    }
}
