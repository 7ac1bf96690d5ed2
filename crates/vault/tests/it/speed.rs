//! What opening and reading costs beside a bare program that does only the unavoidable.

use std::time::{Duration, Instant};

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use authkeep_vault::{Expected, SqliteStore, Store as _};
use rusqlite::{Connection, OpenFlags};

use crate::home::{Home, key};

const ROUNDS: usize = 300;

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

#[test]
#[ignore = "a measurement; run it in release mode on a quiet machine"]
fn opening_and_reading_beside_the_bare_minimum() {
    let home = Home::new();
    let store = home.create("default");
    store.put(&key("a"), &[7; 1500], Expected::Any).unwrap();
    drop(store);
    let options = home.options("default");
    let ours = median(|| {
        let store = SqliteStore::open(&options).unwrap();
        assert!(store.get(&key("a")).unwrap().is_some());
    });
    // The same file, one row, one decryption of a value of that size, and nothing else.
    let path = home.database("default");
    let bare = median(|| {
        let raw = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let mut value: String = raw
            .query_row("SELECT value FROM entry WHERE key = 'a'", [], |row| {
                row.get(0)
            })
            .unwrap();
        let mut bytes = std::mem::take(&mut value).into_bytes();
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from([7; 32]));
        cipher
            .encrypt_inout_detached(&Nonce::from([0; 12]), b"", (&mut bytes[..1500]).into())
            .unwrap();
    });
    println!(
        "open and get: {ours:?}, bare: {bare:?}, {:.2} x",
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}
