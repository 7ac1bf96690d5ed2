//! Finds the login that is meant, from the vault alone. Synchronous: `get` starts no runtime for it.

use std::time::Duration;

use authkeep_registry::{Definition, ProviderName, RegistryError};

use crate::record::{self, ConnectionRecord, RecordError, Stored};
use crate::{Broker, Connection, ConnectionName, ConnectionStatus, ResolveError, Target};

/// What the vault says of a target.
#[derive(Debug)]
pub enum Lookup {
    /// It can be released as it is.
    Fresh(Connection),
    /// It runs out soon, or has run out, and can be renewed without a person.
    NeedsRefresh(Connection),
    /// There is a login, but a person has to renew it.
    NeedsLogin(Connection, ConnectionStatus),
    /// There is no login of this provider in the profile.
    Missing {
        /// The provider.
        provider: ProviderName,
        /// Environment variables that `login` would take the credential from.
        variables: Vec<String>,
    },
}

/// Why the target could not be found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// No definition and no login has this name.
    #[error("there is no provider `{name}`")]
    UnknownProvider {
        /// What was asked for.
        name: ProviderName,
        /// Similar names that exist.
        closest: Vec<ProviderName>,
    },
    /// The provider has logins, but not this one.
    #[error("`{provider}` has no connection `{connection}`")]
    ConnectionNotFound {
        /// The provider.
        provider: ProviderName,
        /// What was asked for.
        connection: ConnectionName,
        /// The connections it has.
        existing: Vec<ConnectionName>,
    },
    /// Several logins could be meant, and guessing could pick the wrong account.
    #[error("`{provider}` has several connections, and none is the default one")]
    Ambiguous {
        /// The provider.
        provider: ProviderName,
        /// The connections it has.
        existing: Vec<ConnectionName>,
    },
    /// The definitions could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Broker {
    /// Looks `target` up. A token that will not live for `min_ttl` more counts as due for a refresh.
    ///
    /// # Errors
    ///
    /// [`LookupError`] where the name fits nothing or several things, or the vault cannot be read. A provider
    /// without a login is no error: it is [`Lookup::Missing`].
    pub fn lookup(
        &self,
        target: &Target,
        min_ttl: Option<Duration>,
    ) -> Result<Lookup, LookupError> {
        let (provider, definition) = self.canonical(&target.provider)?;
        let Some(connection) = self.stored(&provider, target.connection.as_ref())? else {
            let Some(definition) = definition else {
                let closest = self.parts.registry.closest(target.provider.as_str());
                return Err(LookupError::UnknownProvider {
                    name: provider,
                    closest,
                });
            };
            return Ok(Lookup::Missing {
                variables: token_variables(&definition),
                provider,
            });
        };
        let now = self.now();
        Ok(match connection.status(now) {
            ConnectionStatus::Connected => {
                if connection.can_be_renewed(now) && connection.is_due(now, min_ttl) {
                    Lookup::NeedsRefresh(connection)
                } else {
                    Lookup::Fresh(connection)
                }
            }
            status => Lookup::NeedsLogin(connection, status),
        })
    }

    /// The login as it stands, whether or not it still works.
    ///
    /// # Errors
    ///
    /// [`ResolveError::Missing`] where there is none; otherwise as [`lookup`](Self::lookup).
    pub fn show(&self, target: &Target) -> Result<Connection, ResolveError> {
        match self.lookup(target, None)? {
            Lookup::Fresh(connection)
            | Lookup::NeedsRefresh(connection)
            | Lookup::NeedsLogin(connection, _) => Ok(connection),
            Lookup::Missing { provider, .. } => Err(ResolveError::Missing {
                ways: self.ways(target)?,
                provider,
            }),
        }
    }

    /// Checks that a provider is defined or has something stored.
    ///
    /// # Errors
    ///
    /// [`LookupError::UnknownProvider`] with similar names.
    pub fn require_known(&self, provider: &ProviderName) -> Result<(), LookupError> {
        // A definition that cannot be read is there all the same, and can be taken away.
        let defined = !matches!(self.find(provider), Ok(None));
        if defined || !self.connections_of(provider)?.is_empty() {
            return Ok(());
        }
        let closest = self.parts.registry.closest(provider.as_str());
        Err(LookupError::UnknownProvider {
            name: provider.clone(),
            closest,
        })
    }

    /// The stored login that is meant: the named one; or else the one that was chosen, or `default`, or the only one.
    pub(crate) fn stored(
        &self,
        provider: &ProviderName,
        name: Option<&ConnectionName>,
    ) -> Result<Option<Connection>, LookupError> {
        let wanted = match name {
            Some(name) => name.clone(),
            None => {
                if let Some(chosen) = self.chosen_connection(provider)?
                    && let Some(connection) = self.connection_named(provider, chosen)?
                {
                    return Ok(Some(connection));
                }
                ConnectionName::default()
            }
        };
        if let Some(connection) = self.connection_named(provider, wanted.clone())? {
            return Ok(Some(connection));
        }
        let mut existing = self.connections_of(provider)?;
        match (name, existing.len()) {
            (_, 0) => Ok(None),
            (None, 1) => Ok(existing.pop()),
            (None, _) => Err(LookupError::Ambiguous {
                provider: provider.clone(),
                existing: names(&existing),
            }),
            (Some(_), _) => Err(LookupError::ConnectionNotFound {
                provider: provider.clone(),
                connection: wanted,
                existing: names(&existing),
            }),
        }
    }

    fn connection_named(
        &self,
        provider: &ProviderName,
        name: ConnectionName,
    ) -> Result<Option<Connection>, RecordError> {
        let key = self.keys(provider).connection(&name)?;
        let stored: Option<Stored<ConnectionRecord>> = record::read(self.store(), &key)?;
        Ok(stored.map(|stored| Connection::new(provider.clone(), name, stored.record)))
    }

    /// All logins of one provider, by name.
    pub(crate) fn connections_of(
        &self,
        provider: &ProviderName,
    ) -> Result<Vec<Connection>, RecordError> {
        let prefix = self.keys(provider).connections_prefix();
        let mut found = Vec::new();
        for (key, entry) in self.store().list(&prefix).map_err(RecordError::from)? {
            let Ok(name) = key.as_str()[prefix.len()..].parse::<ConnectionName>() else {
                continue;
            };
            let record = record::parse(&key, &entry.value)?;
            found.push(Connection::new(provider.clone(), name, record));
        }
        Ok(found)
    }
}

fn names(connections: &[Connection]) -> Vec<ConnectionName> {
    connections
        .iter()
        .map(|connection| connection.name().clone())
        .collect()
}

/// The variables of a definition that hold nothing but the live secret: they name what `login` would read.
pub fn token_variables(definition: &Definition) -> Vec<String> {
    field_variables(definition, "token")
}

/// The variables of a definition that hold nothing but the field `name`.
pub(crate) fn field_variables(definition: &Definition, name: &str) -> Vec<String> {
    let whole = format!("{{{name}}}");
    definition
        .env
        .iter()
        .filter(|(_, template)| template.as_str() == whole)
        .map(|(variable, _)| variable.to_string())
        .collect()
}
