//! The records of one profile or vault. Nothing ties a sealed value to its key, so what is inside has to say the same.

use std::collections::BTreeMap;

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

/// A row that holds a record.
#[derive(Debug)]
pub(super) struct Row {
    /// What its key says of it.
    pub(super) provider: String,
    /// The connection; `None` for a client.
    pub(super) connection: Option<String>,
    /// Its key, for the report.
    pub(super) shown: String,
    /// The record, or why it does not open.
    pub(super) json: Result<SecretSlice<u8>, String>,
}

/// Where records say that they belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The profile or the vault of logins.
    pub(super) logins: &'a str,
    /// The same of clients; `None` where they belong to the whole home.
    pub(super) clients: Option<&'a str>,
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
    /// Where it belongs, as version 0.2 has it.
    profile: Option<String>,
    /// The same, as version 0.7 has it.
    vault_id: Option<String>,
    connection_name: String,
    auth_type: String,
    status: String,
    base_url: Option<String>,
    #[serde(alias = "api_url")]
    host_url: Option<String>,
    scopes: Option<Vec<String>>,
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    token_type: Option<String>,
    expires_at: Option<String>,
    obtained_at: Option<String>,
    api_key: Option<SecretString>,
    /// Cookies, by their names.
    credentials: Option<BTreeMap<String, SecretString>>,
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
    profile: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    base_url: Option<String>,
    #[serde(alias = "api_url")]
    host_url: Option<String>,
}

/// What these rows hold: clients first, because logins need them.
pub(super) fn items(rows: &[Row], owner: Owner<'_>, endpoints: &Endpoints) -> Vec<Item> {
    let mut clients = BTreeMap::new();
    let mut items = Vec::new();
    for row in rows.iter().filter(|row| row.connection.is_none()) {
        match client(row, owner) {
            Ok(record) => {
                items.extend(client_item(row, &record, endpoints));
                clients.insert(row.provider.as_str(), record);
            }
            Err(left) => items.push(Item::left(&*row.shown, &*row.provider, left)),
        }
    }
    for row in rows {
        let Some(connection) = &row.connection else {
            continue;
        };
        let client = clients.get(row.provider.as_str());
        items.push(match login(row, connection, owner, client, endpoints) {
            Ok(login) => Item {
                place: row.shown.clone(),
                provider: row.provider.clone(),
                content: Content::Login(Box::new(login)),
            },
            Err(left) => Item::left(
                &*row.shown,
                &*row.provider,
                left.of_connection(&**connection),
            ),
        });
    }
    items
}

fn client(row: &Row, owner: Owner<'_>) -> Result<ClientRecord, Left> {
    let damaged = |why: String| Left::damaged(Kind::Client, why);
    let record: ClientRecord = read(row).map_err(damaged)?;
    if record.provider != row.provider || record.profile.as_deref() != owner.clients {
        return Err(damaged(MISPLACED.to_owned()));
    }
    Ok(record)
}

fn client_item(row: &Row, record: &ClientRecord, endpoints: &Endpoints) -> Option<Item> {
    Some(Item {
        place: row.shown.clone(),
        provider: row.provider.clone(),
        content: Content::Client(FoundClient {
            credentials: record.credentials()?,
            params: params(record.base_url.as_deref(), record.host_url.as_deref()),
            sent_to: endpoints.of(&row.provider, record.base_url.as_deref()),
        }),
    })
}

fn login(
    row: &Row,
    connection: &str,
    owner: Owner<'_>,
    client: Option<&ClientRecord>,
    endpoints: &Endpoints,
) -> Result<FoundLogin, Left> {
    let damaged = |why: String| Left::damaged(Kind::Login, why);
    let record: ConnectionRecord = read(row).map_err(damaged)?;
    let belongs_to = record.profile.as_deref().or(record.vault_id.as_deref());
    if (record.provider.as_str(), belongs_to) != (&*row.provider, Some(owner.logins))
        || record.connection_name != connection
    {
        return Err(damaged(MISPLACED.to_owned()));
    }
    let base_url = record.base_url.as_deref();
    let base_url = base_url.or(client.and_then(|client| client.base_url.as_deref()));
    let sent_to = endpoints.of(&row.provider, base_url);
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
    } else if let Some(cookies) = record.credentials.filter(|cookies| !cookies.is_empty()) {
        Secrets::Key(cookies)
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

/// The record in a row that was opened.
fn read<R: DeserializeOwned>(row: &Row) -> Result<R, String> {
    let no_record = |_| "it opens, and is not a record".to_owned();
    let opened = row.json.as_ref().map_err(Clone::clone)?;
    // EXPOSE: read from the opened buffer straight into secret types. The text is not in what is said of it.
    let json = opened.expose_secret();
    let version: Version = serde_json::from_slice(json).map_err(no_record)?;
    if version.schema_version != SCHEMA {
        return Err(format!(
            "it has shape {}, and shape {SCHEMA} can be read",
            version.schema_version
        ));
    }
    serde_json::from_slice(json).map_err(no_record)
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
