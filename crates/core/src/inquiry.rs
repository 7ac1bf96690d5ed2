//! All that one login asks a person for, as one question: so that it can be one form.

use secrecy::SecretString;

use crate::{AskError, FieldRequest};

/// What one login asks for.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The provider's name, for people.
    pub provider: String,
    /// The values, in the order in which they are asked for.
    pub fields: Vec<FieldRequest>,
    /// The redirect address that the person registers with the provider, where the login needs one.
    pub redirect: Option<RedirectNote>,
    /// The scopes that the login will ask for, where the person may change them.
    pub scopes: Option<Vec<String>>,
}

/// A redirect address to register with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectNote {
    /// The address, to be copied as it is.
    pub address: String,
    /// Whether it stands for all ports: the login chooses one, and adds it.
    pub port: RedirectPort,
}

/// Which port a redirect comes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectPort {
    /// Any: a provider that follows RFC 8252 §7.3 does not compare it.
    Any,
    /// The one in the address.
    Fixed,
}

/// What the person answered.
#[derive(Debug)]
pub struct Answers {
    /// One for each field, in the same order. `None` for what was left out.
    pub values: Vec<Option<SecretString>>,
    /// The scopes, where the person was shown them.
    pub scopes: Option<Vec<String>>,
}

impl Answers {
    /// The answers of somebody who has said nothing yet.
    pub fn none(inquiry: &Inquiry) -> Self {
        Self {
            values: inquiry.fields.iter().map(|_| None).collect(),
            scopes: None,
        }
    }
}

/// Which values are missing, and why.
#[derive(Debug, thiserror::Error)]
#[error("a value was not given")]
pub struct Unanswered {
    /// The places of the fields in [`Inquiry::fields`]: those that somebody was asked for, or all where nobody can be.
    pub missing: Vec<usize>,
    /// Why there is none.
    #[source]
    pub source: AskError,
}
