//! Makes a stored token run out now, so that a test need not wait for it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use authkeep_core::{Home, ProfileName, Timestamp};
use authkeep_vault::{EntropyError, EntryKey, Expected, SqliteStore, Store};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

/// Longer than any refresh: whoever is at it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The one connection that the torture tests make.
const CONNECTION: &str = "profile:default:acme:connection:default";

/// Opens the vault of the default profile.
///
/// Panics when it cannot be opened.
#[must_use]
pub fn open_vault(authkeep_home: &Path) -> SqliteStore {
    let home = Home::open(authkeep_home)
        .expect("a home in order")
        .expect("a home that was made");
    home.open_vault(&ProfileName::default(), entropy)
        .expect("a vault that opens")
}

/// Makes the access token of `acme` one that ran out years ago. Nothing else of the record changes. Takes the
/// connection's lock like any other writer, so a refresh under way is over when this returns.
///
/// Panics when there is no such login.
pub fn expire(store: &dyn Store) {
    let key = EntryKey::new(CONNECTION).expect("a valid key");
    let _lock = store.lock(&key, PATIENCE).expect("the connection's lock");
    let entry = store.get(&key).expect("a vault that opens");
    let entry = entry.expect("a login of `acme`");
    let mut record = parsed(entry.value.expose_secret());
    for (field, moment) in [
        ("obtained_at", "2001-01-01T00:00:00Z"),
        ("refreshed_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "2001-01-01T01:00:00Z"),
    ] {
        record.insert(field.to_owned(), moment.into());
    }
    let value = serde_json::to_vec(&record).expect("a record is JSON");
    let expected = Expected::Revision(entry.revision);
    store.put(&key, &value, expected).expect("the lock is held");
}

/// Makes the default login of `provider` older by so much, as if it had been made that much earlier.
///
/// Panics when there is no such login.
pub fn age(store: &dyn Store, provider: &str, by: Duration) {
    let key = format!("profile:default:{provider}:connection:default");
    let key = EntryKey::new(&key).expect("a valid key");
    let _lock = store.lock(&key, PATIENCE).expect("the connection's lock");
    let entry = store.get(&key).expect("a vault that opens");
    let entry = entry.expect("a login");
    let mut record = parsed(entry.value.expose_secret());
    for field in ["obtained_at", "refreshed_at", "expires_at"] {
        if let Some(Value::String(moment)) = record.get_mut(field) {
            let then: Timestamp = moment.parse().expect("a moment");
            *moment = then.checked_sub(by).expect("a moment").to_string();
        }
    }
    let value = serde_json::to_vec(&record).expect("a record is JSON");
    let expected = Expected::Revision(entry.revision);
    store.put(&key, &value, expected).expect("the lock is held");
}

/// The stored record of `acme`, if there is one.
///
/// Panics when the vault does not open.
#[must_use]
pub fn stored_record(store: &dyn Store) -> Option<Map<String, Value>> {
    let key = EntryKey::new(CONNECTION).expect("a valid key");
    let entry = store.get(&key).expect("a vault that opens")?;
    Some(parsed(entry.value.expose_secret()))
}

/// Puts a record in place of the stored one of `acme`.
///
/// Panics when the vault does not take it.
pub fn put_record(store: &dyn Store, record: &Map<String, Value>) {
    let key = EntryKey::new(CONNECTION).expect("a valid key");
    let value = serde_json::to_vec(record).expect("a record is JSON");
    store
        .put(&key, &value, Expected::Any)
        .expect("a vault that opens");
}

fn parsed(json: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(json).expect("a record is a JSON object")
}

/// The operating system's random bytes.
///
/// # Errors
/// When it has none.
pub fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
    read.map_err(EntropyError::new)
}
