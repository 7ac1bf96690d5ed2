//! Which connection is meant where none is named: the one that was chosen, else the one named `default`, else the
//! only one. Where that leaves several, nobody guesses.

use std::collections::BTreeMap;

use authkeep_audit::{Action, AppendError, Outcome};
use authkeep_registry::ProviderName;
use authkeep_vault::{Expected, PutError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{self, RecordError, Stored};
use crate::{Broker, Connection, ConnectionName, LookupError};

/// What is kept of a provider beside its logins and its client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProviderRecord {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_connection: Option<String>,
    /// What a newer version keeps besides; it survives a rewrite.
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

impl ProviderRecord {
    /// The connection that a person has chosen.
    pub(crate) fn chosen(&self) -> Option<ConnectionName> {
        self.default_connection.as_ref()?.parse().ok()
    }
}

/// Why a connection could not be made the default one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UseError {
    /// The provider has no login at all.
    #[error("there is no login to `{provider}` in this profile")]
    NotLoggedIn {
        /// The provider.
        provider: ProviderName,
    },
    /// It is not there, or cannot be looked up.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The audit log could not be written, so nothing was changed.
    #[error("the choice could not be recorded")]
    NotRecorded(#[source] AppendError),
    /// The vault could not be written.
    #[error("the choice could not be saved")]
    NotSaved(#[source] PutError),
}

impl Broker {
    /// From now on, `name` is the connection of `provider` that is used where none is named. Returns the provider's
    /// own name, for which `provider` may be an alias.
    ///
    /// # Errors
    ///
    /// [`UseError`]; the choice is as it was.
    pub fn use_connection(
        &self,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<ProviderName, UseError> {
        let (provider, definition) = self.canonical(provider).map_err(LookupError::from)?;
        if self.stored(&provider, Some(name))?.is_none() {
            return Err(match definition {
                Some(_) => UseError::NotLoggedIn { provider },
                None => UseError::Lookup(LookupError::UnknownProvider {
                    closest: self.parts.registry.closest(provider.as_str()),
                    name: provider,
                }),
            });
        }
        self.record(Action::Use, &provider, Some(name), Outcome::Ok, &[])
            .map_err(UseError::NotRecorded)?;
        self.change(&provider, |kept| {
            kept.default_connection = Some(name.to_string());
            Change::Needed
        })?;
        Ok(provider)
    }

    /// The connection that was chosen for where none is named; it may be gone by now.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where the vault cannot be read.
    pub fn chosen_connection(
        &self,
        provider: &ProviderName,
    ) -> Result<Option<ConnectionName>, RecordError> {
        let key = self.keys(provider).metadata()?;
        let stored: Option<Stored<ProviderRecord>> = record::read(self.store(), &key)?;
        Ok(stored.and_then(|stored| stored.record.chosen()))
    }

    /// Takes the choice back if it was `ended`, a login that is no more. Another one of that name might be somebody
    /// else's.
    pub(crate) fn forget_choice(&self, provider: &ProviderName, ended: &ConnectionName) {
        let forgotten = self.change(provider, |kept| {
            if kept.chosen().as_ref() != Some(ended) {
                return Change::NotNeeded;
            }
            kept.default_connection = None;
            Change::Needed
        });
        if let Err(error) = forgotten {
            tracing::warn!(%provider, %error, "the choice of a connection that is gone could not be taken back");
        }
    }

    /// Changes what is kept of the provider. What somebody else has changed meanwhile is read again.
    fn change(
        &self,
        provider: &ProviderName,
        change: impl Fn(&mut ProviderRecord) -> Change,
    ) -> Result<(), UseError> {
        let key = self.keys(provider).metadata().map_err(LookupError::from)?;
        let mut tries = MOST_TRIES;
        loop {
            let stored: Option<Stored<ProviderRecord>> =
                record::read(self.store(), &key).map_err(LookupError::from)?;
            let (mut record, expected) = match stored {
                Some(Stored { record, revision }) => (record, Expected::Revision(revision)),
                None => (ProviderRecord::default(), Expected::Absent),
            };
            if change(&mut record) == Change::NotNeeded {
                return Ok(());
            }
            match record::write(self.store(), &key, &record, expected) {
                Err(PutError::Conflict { .. }) if tries > 0 => tries -= 1,
                outcome => return outcome.map(drop).map_err(UseError::NotSaved),
            }
        }
    }
}

/// How often somebody else may come first.
const MOST_TRIES: u32 = 100;

/// Whether there is something to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Needed,
    NotNeeded,
}

impl Default for ProviderRecord {
    fn default() -> Self {
        Self {
            schema_version: record::SCHEMA_VERSION,
            default_connection: None,
            unknown: BTreeMap::new(),
        }
    }
}

/// The one of `connections` that is meant where none is named.
pub(crate) fn meant<'a>(
    connections: &'a [Connection],
    chosen: Option<&ConnectionName>,
) -> Option<&'a Connection> {
    let named = |name: &ConnectionName| connections.iter().find(|c| c.name() == name);
    let default = ConnectionName::default();
    chosen
        .and_then(named)
        .or_else(|| named(&default))
        .or(match connections {
            [only] => Some(only),
            _ => None,
        })
}
