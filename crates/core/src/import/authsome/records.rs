//! The sealed records of one profile. Nothing ties a sealed value to its key, so what is inside has to say the same.

use std::collections::BTreeMap;

use authkeep_vault::{CompactKey, SealedRow};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::{
    Content, Credentials, FoundClient, FoundLogin, Item, Kind, Left, Secrets, Tokens,
};
use super::endpoints::Endpoints;
use crate::Timestamp;
use crate::record::Verdict;

/// The shape that is read.
const SCHEMA: u32 = 2;

#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) profile: &'a str,
    pub(super) key: &'a CompactKey,
    pub(super) endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Version {
    #[serde(default = "first")]
    schema_version: u32,
}

fn first() -> u32 {
    1
}

#[derive(Deserialize)]
struct ConnectionRecord {
    provider: String,
    profile: String,
    connection_name: String,
    auth_type: String,
    status: String,
    base_url: Option<String>,
    host_url: Option<String>,
    scopes: Option<Vec<String>>,
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    token_type: Option<String>,
    expires_at: Option<String>,
    obtained_at: Option<String>,
    api_key: Option<SecretString>,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    id: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
struct ClientRecord {
    provider: String,
    profile: String,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    base_url: Option<String>,
    host_url: Option<String>,
}

/// What the key of a row says of it.
struct Place<'a> {
    provider: &'a str,
    connection: Option<&'a str>,
}

impl Records<'_> {
    /// Clients first, because logins need them.
    pub(super) fn items(&self, rows: &[SealedRow]) -> Vec<Item> {
        let mut clients = BTreeMap::new();
        let mut items = Vec::new();
        for row in rows {
            let Some(place) = self
                .place(&row.key)
                .filter(|place| place.connection.is_none())
            else {
                continue;
            };
            match self.client(&place, row) {
                Ok(record) => {
                    if let Some(item) = self.client_item(&place, &record, row) {
                        items.push(item);
                        clients.insert(place.provider.to_owned(), record);
                    }
                }
                Err(left) => items.push(Item::left(self.shown(row), place.provider, left)),
            }
        }
        for row in rows {
            let Some(place) = self.place(&row.key) else {
                continue;
            };
            let Some(connection) = place.connection else {
                continue;
            };
            let found = self.login(&place, connection, row, clients.get(place.provider));
            items.push(match found {
                Ok(login) => Item {
                    place: self.shown(row),
                    provider: place.provider.to_owned(),
                    content: Content::Login(Box::new(login)),
                },
                Err(left) => Item::left(
                    self.shown(row),
                    place.provider,
                    left.of_connection(connection),
                ),
            });
        }
        items
    }

    /// The row's key without the profile, which the report names anyway.
    fn shown(&self, row: &SealedRow) -> String {
        let prefix = format!("profile:{}:", self.profile);
        let key = row.key.strip_prefix(&prefix).unwrap_or(&row.key);
        key.to_owned()
    }

    /// `None` for rows that hold neither a login nor a client.
    fn place<'k>(&self, key: &'k str) -> Option<Place<'k>> {
        let rest = key.strip_prefix("profile:")?.strip_prefix(self.profile)?;
        let rest = rest.strip_prefix(':')?;
        if let Some(provider) = rest.strip_suffix(":client") {
            return Some(Place {
                provider,
                connection: None,
            });
        }
        let (provider, connection) = rest.split_once(":connection:")?;
        Some(Place {
            provider,
            connection: Some(connection),
        })
    }

    fn client(&self, place: &Place<'_>, row: &SealedRow) -> Result<ClientRecord, Left> {
        let damaged = |why: String| Left::damaged(Kind::Client, why);
        let record: ClientRecord = self.open(row).map_err(damaged)?;
        if (record.provider.as_str(), record.profile.as_str()) != (place.provider, self.profile) {
            return Err(damaged(MISPLACED.to_owned()));
        }
        Ok(record)
    }

    fn client_item(
        &self,
        place: &Place<'_>,
        record: &ClientRecord,
        row: &SealedRow,
    ) -> Option<Item> {
        Some(Item {
            place: self.shown(row),
            provider: place.provider.to_owned(),
            content: Content::Client(FoundClient {
                credentials: record.credentials()?,
                params: params(record.base_url.as_deref(), record.host_url.as_deref()),
                sent_to: self
                    .endpoints
                    .of(place.provider, record.base_url.as_deref()),
            }),
        })
    }

    fn login(
        &self,
        place: &Place<'_>,
        connection: &str,
        row: &SealedRow,
        client: Option<&ClientRecord>,
    ) -> Result<FoundLogin, Left> {
        let damaged = |why: String| Left::damaged(Kind::Login, why);
        let record: ConnectionRecord = self.open(row).map_err(damaged)?;
        let said = [&record.provider, &record.profile, &record.connection_name];
        if said != [place.provider, self.profile, connection] {
            return Err(damaged(MISPLACED.to_owned()));
        }
        let base_url = record.base_url.as_deref();
        let base_url = base_url.or(client.and_then(|client| client.base_url.as_deref()));
        let sent_to = self.endpoints.of(place.provider, base_url);
        let params = params(base_url, record.host_url.as_deref());
        let expires_at = time(record.expires_at.as_deref()).map_err(damaged)?;
        let obtained_at = time(record.obtained_at.as_deref()).map_err(damaged)?;
        let given = |secret: Option<SecretString>| {
            // EXPOSE: looked at, not kept.
            secret.filter(|secret| !secret.expose_secret().is_empty())
        };
        let key = given(record.api_key);
        let access = given(record.access_token);
        let refresh = given(record.refresh_token);
        let nothing = || Left::because(Kind::Login, "there is no secret in it");
        let secrets = if record.auth_type == "api_key" {
            let key = key.ok_or_else(nothing)?;
            Secrets::Key([("token".to_owned(), key)].into())
        } else if access.is_none() && refresh.is_none() {
            return Err(nothing());
        } else {
            Secrets::Tokens(Tokens {
                access,
                refresh,
                token_type: record.token_type,
                scopes: record.scopes.unwrap_or_default(),
                expires_at,
                client: client.and_then(ClientRecord::credentials),
            })
        };
        let account = record
            .account
            .and_then(|account| account.label.or(account.id));
        let (verdict, note) = verdict(&record.status);
        Ok(FoundLogin {
            params,
            account,
            obtained_at,
            verdict,
            sent_to,
            note,
            ..FoundLogin::new(connection, secrets)
        })
    }

    fn open<R: DeserializeOwned>(&self, row: &SealedRow) -> Result<R, String> {
        let opened: SecretSlice<u8> = self
            .key
            .open(&row.value)
            .map_err(|error| error.to_string())?;
        // EXPOSE: read from the opened buffer straight into secret types. The text is not in what is said of it.
        let json = opened.expose_secret();
        let version: Version =
            serde_json::from_slice(json).map_err(|_| "it opens, and is not a record".to_owned())?;
        if version.schema_version != SCHEMA {
            return Err(format!(
                "it has shape {}, and shape {SCHEMA} can be read",
                version.schema_version
            ));
        }
        serde_json::from_slice(json).map_err(|_| "it opens, and is not a record".to_owned())
    }
}

const MISPLACED: &str = "what is sealed in it belongs under another name";

impl ClientRecord {
    fn credentials(&self) -> Option<Credentials> {
        Some(Credentials {
            id: self.client_id.clone().filter(|id| !id.is_empty())?,
            secret: self.client_secret.clone().filter(|secret| {
                // EXPOSE: looked at, not kept.
                !secret.expose_secret().is_empty()
            }),
        })
    }
}

/// A self-hosted service has addresses of its own for its pages and for its API.
fn params(base_url: Option<&str>, host_url: Option<&str>) -> BTreeMap<String, String> {
    let mut params = BTreeMap::new();
    let Some(base) = base_url.map(|base| base.trim_end_matches('/')) else {
        return params;
    };
    params.insert("base_url".to_owned(), base.to_owned());
    if let Some(host) = host_url.filter(|host| !host.starts_with("regex:") && !host.is_empty()) {
        let host = host.trim_end_matches('/');
        let url = match host.contains("://") {
            true => host.to_owned(),
            false => format!("https://{host}"),
        };
        params.insert("api_url".to_owned(), url);
    }
    params
}

/// Python writes a moment in UTC with or without saying so.
fn time(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text else { return Ok(None) };
    let read = text.parse().or_else(|_| format!("{text}Z").parse());
    read.map(Some)
        .map_err(|_| "it holds a time that cannot be read".to_owned())
}

/// Expiry follows from the clock here, so only what the server said counts.
fn verdict(status: &str) -> (Verdict, Option<String>) {
    let said = |verdict| (verdict, Some(format!("authsome has it as {status}")));
    match status {
        "revoked" => said(Verdict::Revoked),
        "invalid" | "not_connected" => said(Verdict::ReauthRequired),
        _ => (Verdict::Good, None),
    }
}
