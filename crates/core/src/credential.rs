//! A credential that has been released: the secret itself, by field name.

mod stand_in;

use std::collections::BTreeMap;

use authkeep_registry::Template;
use secrecy::{ExposeSecret, SecretString};

pub use self::stand_in::StandIn;

use crate::CredentialKind;
use crate::connection::Connection;

/// A released secret. It exists only after the release is on record, and its `Debug` shows nothing.
#[derive(Debug)]
pub struct Credential {
    kind: CredentialKind,
    env: Vec<(String, Template)>,
    fields: BTreeMap<String, SecretString>,
    /// No secret, but some services want it in each request.
    client_id: Option<SecretString>,
}

/// The credential has no such field.
#[derive(Debug, thiserror::Error)]
#[error("there is no field `{name}` (there are: {})", known.join(", "))]
pub struct UnknownField {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

impl Credential {
    /// A credential of these secrets by field name, `token` being the live one: for those who hold secrets by other means
    /// than the vault. It has no environment variables.
    pub fn new(kind: CredentialKind, fields: BTreeMap<String, SecretString>) -> Self {
        Self {
            kind,
            env: Vec::new(),
            fields,
            client_id: None,
        }
    }

    pub(crate) fn of(connection: Connection) -> Self {
        let kind = connection.kind();
        let env = connection.environment();
        let client_id = connection.client_id().map(SecretString::from);
        let mut fields = connection.record.fields;
        fields.extend(connection.record.secret_params);
        if let Some(token) = connection.record.access_token {
            fields.insert("token".to_owned(), token);
        }
        Self {
            kind,
            env,
            fields,
            client_id,
        }
    }

    /// The live secret by field name: `token` for any kind, `access_token` or `api_key` for its own kind, or
    /// a name of the definition. `client_id` is there too, which is no secret.
    ///
    /// # Errors
    ///
    /// [`UnknownField`] lists the names there are.
    pub fn field(&self, name: &str) -> Result<&SecretString, UnknownField> {
        let other_name = match (name, self.kind) {
            ("access_token", CredentialKind::OAuth) | ("api_key", CredentialKind::ApiKey) => {
                "token"
            }
            _ => name,
        };
        // Some keys have a field of that very name besides.
        let field = self.fields.get(name);
        let field = field.or_else(|| self.fields.get(other_name));
        let client_id = self.client_id.as_ref().filter(|_| name == "client_id");
        field.or(client_id).ok_or_else(|| UnknownField {
            name: name.to_owned(),
            known: self.fields.keys().cloned().collect(),
        })
    }

    /// Renders one of the provider's templates with these secrets; `None` where it needs a field that this
    /// credential does not have.
    pub fn render(&self, template: &Template) -> Option<SecretString> {
        // EXPOSE: into the rendered value, which is a secret again at once.
        template
            .render(|name| self.field(name).ok().map(|secret| secret.expose_secret()))
            .map(SecretString::from)
    }

    /// The environment variables that the provider's definition set from this credential at login. A variable
    /// with a missing part is left out. Refresh tokens are never among them.
    pub fn environment(&self) -> Vec<(String, SecretString)> {
        let rendered =
            |(name, template): &(String, Template)| Some((name.clone(), self.render(template)?));
        self.env.iter().filter_map(rendered).collect()
    }
}
