//! A vault by itself, with a key source of one's own.
//!
//! Run with `cargo run -p authkeep-vault --example vault_alone`. It uses a temporary directory.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authkeep_vault::{
    Entropy, EntropyError, EntryKey, Expected, KeySource, KeySourceError, MasterKey, PutError,
    SqliteOptions, SqliteStore, Store as _,
};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

/// Keeps the master key in memory: the vault is lost with the process.
#[derive(Default)]
struct InMemory(Mutex<Option<Zeroizing<[u8; 32]>>>);

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InMemory")
    }
}

impl KeySource for InMemory {
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.clone().map(MasterKey::new))
    }

    fn create(&self, entropy: Entropy) -> Result<MasterKey, KeySourceError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(present) = kept.clone() {
            return Ok(MasterKey::new(present));
        }
        let key = MasterKey::generate(entropy)?;
        *kept = Some(Zeroizing::new(*key.expose_secret()));
        Ok(key)
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

fn system_entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let store = SqliteStore::create(&SqliteOptions {
        dir: home.path().join("profiles/default"),
        key_source: Arc::new(InMemory::default()),
        entropy: system_entropy,
    })?;

    // Hold the key's lock while deciding what to write, so that no other process decides too.
    let key: EntryKey = "note:greeting".parse()?;
    let guard = store.lock(&key, Duration::from_secs(5))?;
    let first = store.put(&key, b"hello", Expected::Absent)?;
    drop(guard);

    // A write states what it is based on. One that is based on an old state is refused.
    store.put(&key, b"hello again", Expected::Revision(first))?;
    match store.put(&key, b"too late", Expected::Revision(first)) {
        Err(PutError::Conflict { current }) => println!("refused, now at {current:?}"),
        other => println!("unexpected: {other:?}"),
    }

    if let Some(entry) = store.get(&key)? {
        // EXPOSE: the example's own greeting.
        let text = String::from_utf8_lossy(entry.value.expose_secret()).into_owned();
        println!("{key} at revision {}: {text}", entry.revision);
    }
    println!("sound: {}", store.verify()?.is_sound());
    Ok(())
}
