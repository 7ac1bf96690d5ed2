//! The shapes that are stored, sealed, in the vault: JSON with a `schema_version`.
//!
//! Fields this version does not know survive a rewrite, so that an older binary does not lose what a newer
//! one stored. These types stay inside the crate: a stored shape is a promise to the disk, a domain type
//! is a promise to the caller, and they change at different times.

use std::collections::BTreeMap;

use authkeep_registry::{BindError, Definition, Provider};
use authkeep_vault::{EntryKey, Expected, PutError, Revision, Store, StoreError};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::pinned::Pinned;
use crate::refresh::{Intent, Trouble};
use crate::registration::{Registration, Slot};
use crate::{ConnectionName, ProfileName, Timestamp, TokenId};

/// The newest record shape this version writes and reads.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// One login: what was granted, to whom, and where it may be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConnectionRecord {
    pub(crate) schema_version: u32,
    pub(crate) provider: String,
    pub(crate) connection: String,
    /// The flow's word in the definition schema, such as `authorization_code`.
    pub(crate) flow: String,
    #[serde(default)]
    pub(crate) verdict: Verdict,
    #[serde(
        default,
        serialize_with = "expose",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) access_token: Option<SecretString>,
    #[serde(
        default,
        serialize_with = "expose",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) refresh_token: Option<SecretString>,
    /// The fields of an API key, by the definition's names; the live secret is `token`.
    #[serde(
        default,
        serialize_with = "expose_all",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(crate) fields: BTreeMap<String, SecretString>,
    /// The definition's secret parameters, by name: they go beside the token or the key, whichever of them it is.
    #[serde(
        default,
        serialize_with = "expose_all",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(crate) secret_params: BTreeMap<String, SecretString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes_asked: Vec<String>,
    /// What the server said it granted; absent when it said nothing, which means what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Vec<String>>,
    /// Whose login it is, in the service's own words; absent where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    pub(crate) obtained_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refreshed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    /// When the refresh token runs out, and the login with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_expires_at: Option<Timestamp>,
    /// The condition under which it does; absent where the server said so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_expires_if: Option<String>,
    /// A refresh that was begun and whose outcome nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_intent: Option<Intent>,
    /// Why the last refresh failed; a success clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_trouble: Option<Trouble>,
    /// The client that the tokens were issued to: no other may renew or revoke them. It is kept with them,
    /// because another login of the same provider may use another client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<ClientRecord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) pinned: Pinned,
    /// The program it was taken over from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) imported: Option<Imported>,
    /// What else the token response said, scrubbed of everything that looks like a token.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) token_response: Map<String, Value>,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

/// What the provider last said of a login. Expiry is not stored: it follows from the clock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Nothing bad is known of it.
    #[default]
    Good,
    /// The refresh token was refused: a person has to log in again.
    ReauthRequired,
    /// It was revoked at the server, and the local deletion did not come to pass.
    Revoked,
}

/// Where a login was taken over from. Its tokens may have been renewed since, and are not to be replaced by the old ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Imported {
    /// The program, or the kind of file.
    pub(crate) from: String,
    /// A public name of the secrets as they were there.
    pub(crate) id: TokenId,
}

/// The OAuth client that a provider's app registration gave the user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClientRecord {
    pub(crate) schema_version: u32,
    pub(crate) client_id: String,
    #[serde(
        default,
        serialize_with = "expose",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) client_secret: Option<SecretString>,
    /// What it signs with where it has no secret. A field of its own, because it may never be sent, whatever a
    /// definition makes of the client later.
    #[serde(
        default,
        serialize_with = "expose",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) private_key: Option<SecretString>,
    /// Where this client's secret may be sent, or be signed with; fixed when it was entered.
    pub(crate) pinned: Pinned,
    /// How it was registered; absent if a person has entered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registration: Option<Registration>,
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

impl ConnectionRecord {
    pub(crate) fn new_at(now: Timestamp, pinned: Pinned) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            provider: String::new(),
            connection: String::new(),
            flow: String::new(),
            verdict: Verdict::Good,
            access_token: None,
            refresh_token: None,
            fields: BTreeMap::new(),
            secret_params: BTreeMap::new(),
            token_type: None,
            scopes_asked: Vec::new(),
            scopes: None,
            account: None,
            obtained_at: now,
            refreshed_at: None,
            expires_at: None,
            login_expires_at: None,
            login_expires_if: None,
            refresh_intent: None,
            refresh_trouble: None,
            client: None,
            params: BTreeMap::new(),
            pinned,
            imported: None,
            token_response: Map::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// The scopes that were asked for and not granted.
    pub(crate) fn scopes_missing(&self) -> impl Iterator<Item = &str> {
        let granted = self.scopes.as_ref();
        let missing = move |scope: &&String| granted.is_some_and(|some| !some.contains(scope));
        let asked = self.scopes_asked.iter();
        asked.filter(missing).map(String::as_str)
    }

    /// The provider as it was at login: with its parameters, and with the endpoints that its issuer named then.
    pub(crate) fn provider(&self, definition: &Definition) -> Result<Provider, BindError> {
        let mut provider = definition.bind(&self.params)?;
        self.pinned.complete(&mut provider);
        Ok(provider)
    }

    /// The id of the client that the tokens were issued to.
    pub(crate) fn client_id(&self) -> Option<&str> {
        self.client.as_ref().map(|client| client.client_id.as_str())
    }

    /// How long the current access token lives in all, from when it was received.
    pub(crate) fn lifetime(&self) -> Option<std::time::Duration> {
        let received = self.refreshed_at.unwrap_or(self.obtained_at);
        std::time::Duration::try_from(self.expires_at?.duration_since(received)).ok()
    }
}

impl ClientRecord {
    pub(crate) fn new(
        client_id: String,
        client_secret: Option<SecretString>,
        pinned: Pinned,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            client_id,
            client_secret,
            private_key: None,
            pinned,
            registration: None,
            unknown: BTreeMap::new(),
        }
    }

    /// The client of those who have none, because the service does without.
    pub(crate) fn nobody() -> Self {
        Self::new(String::new(), None, Pinned::default())
    }

    pub(crate) fn is_nobody(&self) -> bool {
        self.client_id.is_empty()
    }

    /// What it proves itself with, if anything.
    pub(crate) fn secret(&self) -> Option<&SecretString> {
        self.private_key.as_ref().or(self.client_secret.as_ref())
    }
}

pub(crate) fn expose<S: Serializer>(
    secret: &Option<SecretString>,
    to: S,
) -> Result<S::Ok, S::Error> {
    // EXPOSE: into the buffer that the vault seals; `write` zeroes it.
    secret
        .as_ref()
        .map(|secret| secret.expose_secret())
        .serialize(to)
}

fn expose_all<S: Serializer>(
    fields: &BTreeMap<String, SecretString>,
    to: S,
) -> Result<S::Ok, S::Error> {
    // EXPOSE: into the buffer that the vault seals; `write` zeroes it.
    to.collect_map(
        fields
            .iter()
            .map(|(name, secret)| (name, secret.expose_secret())),
    )
}

/// Why a record that the vault opened cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A newer version wrote it.
    #[error(
        "the record `{key}` was written by a newer version (shape {found}, this version reads {SCHEMA_VERSION})"
    )]
    Newer {
        /// The entry's key.
        key: String,
        /// The shape's version.
        found: u32,
    },
    /// It is sealed correctly but is not a record.
    #[error("the record `{key}` cannot be read (line {line}, column {column})")]
    Malformed {
        /// The entry's key.
        key: String,
        /// Where the reader stopped. The text itself is secret and is not shown.
        line: usize,
        /// Where the reader stopped.
        column: usize,
    },
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which records a provider has in a profile, and under which keys.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    pub(crate) profile: &'a ProfileName,
    pub(crate) provider: &'a str,
}

impl Keys<'_> {
    pub(crate) fn connection(&self, name: &ConnectionName) -> Result<EntryKey, RecordError> {
        self.key(&format!("connection:{name}"))
    }

    /// Names the lock for which callers queue who want a connection renewed. Nothing is stored under it.
    pub(crate) fn turn(&self, name: &ConnectionName) -> Result<EntryKey, RecordError> {
        self.key(&format!("turn:{name}"))
    }

    pub(crate) fn client(&self) -> Result<EntryKey, RecordError> {
        self.key("client")
    }

    /// What is kept of the provider itself: which of its connections is the default one.
    pub(crate) fn metadata(&self) -> Result<EntryKey, RecordError> {
        self.key("metadata")
    }

    /// A client that was registered for this provider, which is nobody's to enter.
    pub(crate) fn registration(&self, slot: &Slot) -> Result<EntryKey, RecordError> {
        match slot.as_str() {
            "" => self.key("registration"),
            slot => self.key(&format!("registration:{slot}")),
        }
    }

    /// What the keys of all of them begin with, and no others.
    pub(crate) fn registrations_prefix(&self) -> String {
        format!("profile:{}:{}:registration", self.profile, self.provider)
    }

    pub(crate) fn connections_prefix(&self) -> String {
        format!("profile:{}:{}:connection:", self.profile, self.provider)
    }

    fn key(&self, rest: &str) -> Result<EntryKey, RecordError> {
        let text = format!("profile:{}:{}:{rest}", self.profile, self.provider);
        EntryKey::new(&text).map_err(|_| RecordError::Malformed {
            key: text,
            line: 0,
            column: 0,
        })
    }
}

/// A record with the revision it was read at.
#[derive(Debug)]
pub(crate) struct Stored<R> {
    pub(crate) record: R,
    pub(crate) revision: Revision,
}

pub(crate) fn read<R: DeserializeOwned>(
    store: &dyn Store,
    key: &EntryKey,
) -> Result<Option<Stored<R>>, RecordError> {
    let Some(entry) = store.get(key)? else {
        return Ok(None);
    };
    Ok(Some(Stored {
        record: parse(key, &entry.value)?,
        revision: entry.revision,
    }))
}

pub(crate) fn parse<R: DeserializeOwned>(
    key: &EntryKey,
    value: &SecretSlice<u8>,
) -> Result<R, RecordError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: u32,
    }
    // EXPOSE: read from the opened buffer straight into secret types.
    let json = value.expose_secret();
    serde_json::from_slice(json).map_err(|error| {
        // Only on failure is it worth asking whether a newer version explains it.
        match serde_json::from_slice::<Version>(json) {
            Ok(version) if version.schema_version > SCHEMA_VERSION => RecordError::Newer {
                key: key.to_string(),
                found: version.schema_version,
            },
            _ => RecordError::Malformed {
                key: key.to_string(),
                line: error.line(),
                column: error.column(),
            },
        }
    })
}

pub(crate) fn write<R: Serialize>(
    store: &dyn Store,
    key: &EntryKey,
    record: &R,
    expected: Expected,
) -> Result<Revision, PutError> {
    #[expect(
        clippy::expect_used,
        reason = "the records' maps have string keys, so JSON cannot refuse them"
    )]
    let json = serde_json::to_vec(record).expect("a record is JSON");
    // The buffer holds plaintext secrets: from here on it is zeroed when dropped.
    let json = SecretSlice::from(json);
    // EXPOSE: the vault seals it.
    store.put(key, json.expose_secret(), expected)
}
