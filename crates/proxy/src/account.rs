//! Which login a request is made with.

use std::fmt;

use authkeep_core::{ConnectionName, Target};
use authkeep_registry::ProviderName;

/// One login: a provider and one of its connections. Shown as `github=work`, the way options and headers name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The provider.
    pub provider: ProviderName,
    /// The connection.
    pub connection: ConnectionName,
}

impl Account {
    /// The same as a target to be resolved.
    pub fn target(&self) -> Target {
        Target {
            provider: self.provider.clone(),
            connection: Some(self.connection.clone()),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.provider, self.connection)
    }
}
