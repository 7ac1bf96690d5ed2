//! The caller's environment, as a function from names to values: this crate looks nothing up by itself.

use std::fmt;
use std::sync::Arc;

use authkeep_registry::Definition;
use secrecy::{ExposeSecret, SecretString};

/// Where credentials may be found by the name of a variable. By default nowhere.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<SecretString> + Send + Sync;

impl Environment {
    /// An environment that `lookup` answers for. A variable that is set to nothing counts as not set.
    pub fn new(lookup: impl Fn(&str) -> Option<SecretString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    pub(crate) fn secret(&self, variable: &str) -> Option<SecretString> {
        // EXPOSE: looked at, not kept.
        (self.0)(variable).filter(|value| !value.expose_secret().trim().is_empty())
    }

    pub(crate) fn has(&self, variable: &str) -> bool {
        self.secret(variable).is_some()
    }

    /// A value that is no secret, such as a parameter.
    pub(crate) fn text(&self, variable: &str) -> Option<String> {
        let value = self.secret(variable)?;
        // EXPOSE: what a definition calls a parameter goes into URLs; it only came through the same door as secrets.
        Some(value.expose_secret().trim().to_owned())
    }

    /// The parameters that `definition` lets the environment set, where it does.
    pub(crate) fn params(&self, definition: &Definition) -> Vec<(String, String)> {
        let variables = definition.oauth.iter().flat_map(|oauth| &oauth.client_env);
        variables
            .filter(|(name, _)| definition.params.contains_key(*name))
            .filter_map(|(name, variable)| Some((name.clone(), self.text(variable.as_str())?)))
            .collect()
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
