//! Every provider of a profile and how it stands. Read from the vault and the definitions; nothing is sent.

use std::collections::BTreeMap;

use authkeep_registry::{Flow, ProviderName, Registry, RegistryError, Source};

use crate::default_connection::{ProviderRecord, meant};
use crate::record::{self, RecordError};
use crate::{Broker, Connection, ConnectionName, LookupError};

/// How far a provider is set up in a profile. Derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProviderState {
    /// There is at least one login.
    Connected,
    /// The OAuth client is saved, or that of the provider whose definition it extends, but nobody is logged in.
    Configured,
    /// There is a definition.
    Available,
}

impl ProviderState {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Configured => "configured",
            Self::Available => "available",
        }
    }
}

/// Whether a definition can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionState {
    /// It is there and has no faults.
    Readable,
    /// It is there and cannot be used.
    Broken,
    /// There is none any more, only what was stored with it.
    Gone,
}

impl DefinitionState {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Broken => "broken",
            Self::Gone => "gone",
        }
    }
}

/// One provider in a profile.
#[derive(Debug)]
pub struct ProviderStatus {
    /// Its name.
    pub name: ProviderName,
    /// Where its definition comes from; `None` where it has logins but no definition any more.
    pub source: Option<Source>,
    /// Whether the definition can be used.
    pub definition: DefinitionState,
    /// The provider whose definition its own extends, and whose OAuth client serves it too.
    pub extends: Option<ProviderName>,
    /// The flows its definition offers; empty where the definition cannot be read.
    pub flows: Vec<Flow>,
    /// How far it is set up.
    pub state: ProviderState,
    /// Its logins, by name.
    pub connections: Vec<Connection>,
    /// The connection that a person has chosen for where none is named; it may be gone.
    pub chosen: Option<ConnectionName>,
}

impl ProviderStatus {
    /// The login that is used where none is named; `None` where there is none, or nobody could say which.
    pub fn default_connection(&self) -> Option<&Connection> {
        meant(&self.connections, self.chosen.as_ref())
    }
}

/// The providers that are defined, as they stand where nothing was ever stored.
///
/// # Errors
///
/// [`RegistryError`] where the folder of the user's definitions cannot be read.
pub fn available(registry: &Registry) -> Result<Vec<ProviderStatus>, RegistryError> {
    let readable = registry.summaries()?.into_iter().flatten();
    let mut readable: BTreeMap<_, _> = readable
        .map(|summary| (summary.name, (summary.flows, summary.extends)))
        .collect();
    let status = |(name, source)| {
        let (definition, (flows, extends)) = match readable.remove(&name) {
            Some(known) => (DefinitionState::Readable, known),
            None => (DefinitionState::Broken, (Vec::new(), None)),
        };
        ProviderStatus {
            name,
            source: Some(source),
            definition,
            extends,
            flows,
            state: ProviderState::Available,
            connections: Vec::new(),
            chosen: None,
        }
    };
    Ok(registry.names()?.into_iter().map(status).collect())
}

impl Broker {
    /// Lists all providers that are defined or have something stored, by name.
    ///
    /// # Errors
    ///
    /// [`LookupError`] where the vault or the folder of definitions cannot be read. A single broken
    /// definition hides only itself.
    pub fn list(&self) -> Result<Vec<ProviderStatus>, LookupError> {
        let defined = available(&self.parts.registry)?;
        let mut providers: BTreeMap<ProviderName, ProviderStatus> = defined
            .into_iter()
            .map(|status| (status.name.clone(), status))
            .collect();
        let prefix = format!("profile:{}:", self.profile());
        let mut clients = Vec::new();
        for (key, entry) in self.store().list(&prefix).map_err(RecordError::from)? {
            let Some((provider, rest)) = key.as_str()[prefix.len()..].split_once(':') else {
                continue;
            };
            let Ok(provider) = provider.parse::<ProviderName>() else {
                continue;
            };
            let status = providers
                .entry(provider.clone())
                .or_insert_with(|| ProviderStatus {
                    name: provider.clone(),
                    source: None,
                    definition: DefinitionState::Gone,
                    extends: None,
                    flows: Vec::new(),
                    state: ProviderState::Available,
                    connections: Vec::new(),
                    chosen: None,
                });
            if let Some(Ok(name)) = rest
                .strip_prefix("connection:")
                .map(str::parse::<ConnectionName>)
            {
                let record = record::parse(&key, &entry.value)?;
                status.state = ProviderState::Connected;
                status
                    .connections
                    .push(Connection::new(provider, name, record));
            } else if rest == "metadata" {
                let record: ProviderRecord = record::parse(&key, &entry.value)?;
                status.chosen = record.chosen();
            } else if rest == "client" {
                status.state = status.state.min(ProviderState::Configured);
                clients.push(provider);
            }
        }
        // A parent's parent shares its client too, and no chain is longer than that of the definitions.
        while let Some(client) = clients.pop() {
            let heirs = providers
                .values_mut()
                .filter(|heir| heir.extends.as_ref() == Some(&client) && heir.name != client);
            for heir in heirs.filter(|heir| heir.state == ProviderState::Available) {
                heir.state = ProviderState::Configured;
                clients.push(heir.name.clone());
            }
        }
        Ok(providers.into_values().collect())
    }
}
