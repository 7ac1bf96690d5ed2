//! Items become records: each on its own, so that whoever is interrupted has lost nothing and can start again.

use std::collections::BTreeMap;

use authkeep_audit::{Action, Outcome as Recorded};
use authkeep_registry::{Definition, OnConflict, ProviderName, RegisterError, RegistryError};
use authkeep_vault::{EntryKey, Expected};
use secrecy::{ExposeSecret, SecretString};

use super::record_of::{self, Made};
use super::{Content, Entry, FoundClient, FoundLogin, Item, Kind, Left, Outcome};
use crate::record::{self, ClientRecord, ConnectionRecord, Stored};
use crate::{Broker, ConnectionName, LoginError, Replace, TokenId};

/// How items are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// What to do where the vault has another login of that name.
    pub replace: Replace,
    /// Whether to do it, or only to say what would be done.
    pub mode: ImportMode,
}

/// Whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Store it.
    Store,
    /// Store nothing.
    Rehearse,
}

/// What a definition was found to be in this import.
type Definitions = BTreeMap<ProviderName, Definition>;

impl Broker {
    /// Takes `items` of the program `source` over and says what became of each.
    ///
    /// Each record is written at once and whole; what is there already is left alone, so that an import that was cut off
    /// can simply be made again.
    ///
    /// # Errors
    ///
    /// [`LoginError`] where this vault or its audit log cannot be used. What was taken over until then stays.
    pub async fn import(
        &self,
        source: &str,
        items: Vec<Item>,
        options: ImportOptions,
    ) -> Result<Vec<Entry>, LoginError> {
        let mut definitions = Definitions::new();
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            let import = Import {
                broker: self,
                source,
                options,
            };
            entries.push(import.item(item, &mut definitions).await?);
        }
        Ok(entries)
    }
}

struct Import<'a> {
    broker: &'a Broker,
    source: &'a str,
    options: ImportOptions,
}

/// What the vault has under the key of something that was found.
enum Standing {
    Free(Expected),
    Same,
    Other,
}

impl Import<'_> {
    async fn item(&self, item: Item, known: &mut Definitions) -> Result<Entry, LoginError> {
        let mut entry = Entry {
            place: item.place,
            provider: item.provider,
            kind: item.content.kind(),
            connection: None,
            outcome: Outcome::Imported,
            reason: None,
            next: None,
            hosts: Vec::new(),
            token_endpoint: None,
        };
        let done = match item.content {
            Content::Left(left) => Err(left),
            Content::Definition(text) => self.definition(&mut entry, &text, known),
            Content::Login(login) => match self.defined(&mut entry, known)? {
                Ok(definition) => self.login(&mut entry, *login, &definition).await?,
                Err(left) => Err(left.of_connection(login.connection)),
            },
            Content::Client(client) => match self.defined(&mut entry, known)? {
                Ok(definition) => self.client(&mut entry, client, &definition).await?,
                Err(left) => Err(left),
            },
        };
        if let Err(left) = done {
            entry.outcome = match left.damaged {
                true => Outcome::Damaged,
                false => Outcome::Skipped,
            };
            entry.connection = left.connection.and_then(|name| connection_name(&name));
            entry.reason = Some(left.why);
            entry.next = left.next;
        }
        Ok(entry)
    }

    /// Our definition of the entry's provider, which from now on has our name.
    fn defined(
        &self,
        entry: &mut Entry,
        known: &Definitions,
    ) -> Result<Result<Definition, Left>, LoginError> {
        let left = |why: String| Left::because(entry.kind, why);
        let Ok(name) = entry.provider.parse::<ProviderName>() else {
            return Ok(Err(left("its name cannot be a provider's here".to_owned())));
        };
        let found = match known.get(&name) {
            Some(definition) => Some(definition.clone()),
            None => match self.broker.find(&name) {
                Ok(found) => found.map(|found| found.definition),
                // The other logins do not need it.
                Err(RegistryError::Definition(error)) => {
                    return Ok(Err(
                        left(error.to_string()).next("correct it, then run this again")
                    ));
                }
                Err(error) => return Err(error.into()),
            },
        };
        let Some(definition) = found else {
            let left = left(format!("there is no definition of `{name}` here"));
            return Ok(Err(left.next("register one, then run this again")));
        };
        entry.provider = definition.name.to_string();
        Ok(Ok(definition))
    }

    async fn login(
        &self,
        entry: &mut Entry,
        found: FoundLogin,
        definition: &Definition,
    ) -> Result<Result<(), Left>, LoginError> {
        let Some(name) = connection_name(&found.connection) else {
            let why = "its name cannot be a connection's here";
            return Ok(Err(Left::because(Kind::Login, why)));
        };
        let chosen = found.chosen;
        let Made {
            mut record,
            note,
            needs_login,
        } = match record_of::login(found, definition, self.source, self.broker.now()) {
            Ok(made) => made,
            Err(left) => return Ok(Err(left)),
        };
        let provider = &definition.name;
        provider.as_str().clone_into(&mut record.provider);
        name.as_str().clone_into(&mut record.connection);
        let again = needs_login.then(|| crate::login_command(provider, &name));
        (entry.reason, entry.next) = (note, again);
        entry.connection = Some(name.clone());
        entry.hosts.clone_from(&record.pinned.hosts);
        if record.refresh_token.is_some() {
            let token = record.pinned.token.as_deref();
            entry.token_endpoint = token.and_then(|t| t.lines().next()).map(str::to_owned);
        }
        let key = self.broker.keys(provider).connection(&name)?;
        let same = |stored: &ConnectionRecord| is_same_login(stored, &record);
        let stored = self.put(entry, &key, Some(&name), &record, same).await?;
        if stored && chosen && self.broker.chosen_connection(provider)?.is_none() {
            // The login is there, and can be chosen by hand where this fails.
            if let Err(error) = self.broker.use_connection(provider, &name) {
                tracing::warn!(%provider, %error, "the login that its program used by default was not chosen");
            }
        }
        Ok(Ok(()))
    }

    async fn client(
        &self,
        entry: &mut Entry,
        found: FoundClient,
        definition: &Definition,
    ) -> Result<Result<(), Left>, LoginError> {
        let record = match record_of::client(found, definition) {
            Ok(record) => record,
            Err(left) => return Ok(Err(left)),
        };
        let token = record.pinned.token.as_deref();
        entry.token_endpoint = token.and_then(|t| t.lines().next()).map(str::to_owned);
        let key = self.broker.keys(&definition.name).client()?;
        let same = |stored: &ClientRecord| {
            stored.client_id == record.client_id
                && is_same(stored.secret(), record.client_secret.as_ref())
        };
        self.put(entry, &key, None, &record, same).await?;
        Ok(Ok(()))
    }

    /// Stores a record if its place is free. Says whether it did.
    async fn put<R: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        entry: &mut Entry,
        key: &EntryKey,
        name: Option<&ConnectionName>,
        record: &R,
        same: impl Fn(&R) -> bool,
    ) -> Result<bool, LoginError> {
        // A refresh of the login that is being replaced may be under way.
        let guard = match self.options.mode {
            ImportMode::Store => {
                let guard = self.broker.lock(key, self.broker.lock_patience()).await;
                Some(guard.map_err(LoginError::Lock)?)
            }
            ImportMode::Rehearse => None,
        };
        let stored: Option<Stored<R>> = record::read(self.broker.store(), key)?;
        let standing = match stored {
            None => Standing::Free(Expected::Absent),
            Some(stored) if same(&stored.record) => Standing::Same,
            Some(stored) if self.options.replace != Replace::IfBroken => {
                Standing::Free(Expected::Revision(stored.revision))
            }
            Some(_) => Standing::Other,
        };
        let expected = match standing {
            Standing::Free(expected) => expected,
            Standing::Same => {
                entry.outcome = Outcome::AlreadyThere;
                return Ok(false);
            }
            Standing::Other => {
                entry.outcome = Outcome::Differs;
                entry.reason = Some("another one has this name here, and was kept".to_owned());
                entry.next = Some("--replace puts this one in its place".to_owned());
                return Ok(false);
            }
        };
        if guard.is_none() {
            return Ok(false);
        }
        let provider: ProviderName = match entry.provider.parse() {
            Ok(name) => name,
            Err(_) => return Ok(false), // It is the definition's name by now.
        };
        // First the record of it, then the login: what is not on record does not exist.
        self.broker
            .record(
                Action::Import,
                &provider,
                name,
                Recorded::Ok,
                &[("from", self.source), ("kind", entry.kind.as_str())],
            )
            .map_err(LoginError::NotRecorded)?;
        record::write(self.broker.store(), key, record, expected).map_err(LoginError::NotSaved)?;
        Ok(true)
    }

    fn definition(
        &self,
        entry: &mut Entry,
        text: &str,
        known: &mut Definitions,
    ) -> Result<(), Left> {
        let refused = |error: &dyn std::error::Error| {
            Left::because(Kind::Definition, error.to_string())
                .next("correct it, then register it with `authkeep register FILE`")
        };
        let registry = &self.broker.parts.registry;
        let definition = registry
            .check(&entry.place, text)
            .map_err(|e| refused(&e))?;
        let name = definition.name.clone();
        entry.provider = name.to_string();
        entry.hosts = definition
            .hosts
            .iter()
            .map(|h| h.pattern.as_str().to_owned())
            .collect();
        if self.broker.find(&name).is_ok_and(|found| found.is_some()) {
            // Whether it is the same does not matter: what is here is what logins were made with.
            entry.outcome = Outcome::AlreadyThere;
            entry.reason = Some(format!("`{name}` is defined here, and that was kept"));
            return Ok(());
        }
        if self.options.mode == ImportMode::Rehearse {
            known.insert(name, definition);
            return Ok(());
        }
        match self.broker.register(text, &entry.place, OnConflict::Refuse) {
            Ok(registered) => {
                let warnings = registered.warnings.join("; ");
                entry.reason = Some(warnings).filter(|warnings| !warnings.is_empty());
                Ok(())
            }
            Err(RegisterError::Write { path, source }) => Err(Left::damaged(
                Kind::Definition,
                format!("`{}` cannot be written: {source}", path.display()),
            )),
            Err(error) => Err(refused(&error)),
        }
    }
}

/// Whether the stored login is the one that was found, or was made of it and renewed since.
fn is_same_login(stored: &ConnectionRecord, found: &ConnectionRecord) -> bool {
    let id = |record: &ConnectionRecord| record.imported.as_ref().map(|i| i.id.clone());
    let fields = |record: &ConnectionRecord| {
        TokenId::of_all(
            record
                .fields
                .iter()
                .map(|(name, value)| (name.as_str(), value)),
        )
    };
    let same_params = stored.params == found.params;
    let taken_over = id(stored).is_some() && id(stored) == id(found);
    let has_secret = found.access_token.is_some() || !found.fields.is_empty();
    let equal = has_secret
        && is_same(stored.access_token.as_ref(), found.access_token.as_ref())
        && is_same(stored.refresh_token.as_ref(), found.refresh_token.as_ref())
        && fields(stored) == fields(found);
    same_params && (taken_over || equal)
}

fn is_same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    // EXPOSE: an empty secret is none; the others are compared by their digests.
    let given = |secret: &&SecretString| !secret.expose_secret().is_empty();
    one.filter(given).map(TokenId::of) == other.filter(given).map(TokenId::of)
}

/// A connection's name here: characters that a name cannot have become `-`.
fn connection_name(theirs: &str) -> Option<ConnectionName> {
    let usable = |c: char| match c.is_ascii_alphanumeric() || "._@+-".contains(c) {
        true => c,
        false => '-',
    };
    let name: String = theirs.chars().map(usable).take(64).collect();
    name.parse().ok()
}
