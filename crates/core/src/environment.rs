//! The caller's environment, as a function from names to values: this crate looks nothing up by itself.

use std::fmt;
use std::sync::Arc;

use authkeep_registry::Definition;
use secrecy::{ExposeSecret, SecretString};

use crate::login::client_variable;

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
            .filter(|(name, _)| {
                definition
                    .params
                    .get(*name)
                    .is_some_and(|param| !param.secret)
            })
            .filter_map(|(name, variable)| Some((name.clone(), self.text(variable.as_str())?)))
            .collect()
    }
}

/// The variables that may hold a secret of this provider: those that programs read, those that a login reads, and
/// the OAuth client's secret.
pub fn credential_variables(definition: &Definition) -> Vec<String> {
    let fields = definition.api_key.iter().flat_map(|key| &key.fields);
    let client = definition
        .oauth
        .iter()
        .map(|o| o.client_auth.secret_field());
    let params = definition.secret_params().map(|(name, _)| name.as_str());
    let login_only = (fields.map(|field| field.name.as_str()))
        .chain(client)
        .chain(params);
    let login_only = login_only.map(|name| client_variable(definition, name));
    let read = definition.env.iter().map(|(name, _)| name.to_string());
    read.chain(login_only).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_may_hold_a_secret_is_known() {
        let text = r#"{"schema_version": 2, "name": "ac-me", "display_name": "Acme", "category": "dev",
            "flows": ["api_key", "client_credentials"], "hosts": ["api.acme.example"],
            "params": {"second": {"secret": true}, "tenant": {"optional": true}},
            "oauth": {"token_url": "https://acme.example/token", "client_env": {"client_secret": "ACME_SECRET"},
                "client_credentials": {}, "docs": "https://acme.example"},
            "api_key": {"docs": "https://acme.example", "fields": [{"name": "token"}, {"name": "app_key"}],
                "headers": {"x-key": "{token}", "x-app": "{app_key}"}},
            "env": {"ACME_KEY": "{token}", "ACME_URL": "https://{token}@acme.example"}}"#;
        let definition = Definition::from_json("ac-me.json", text).unwrap();
        let expected = [
            "ACME_KEY",
            "ACME_URL",
            "AC_ME_TOKEN",
            "AC_ME_APP_KEY",
            "ACME_SECRET",
            "AC_ME_SECOND",
        ];
        assert_eq!(credential_variables(&definition), expected);
    }
}
