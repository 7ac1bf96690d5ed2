//! The floor: the least that any program does which keeps sealed JSON records in SQLite.
//!
//! It opens the database read-only, reads a row by its key, opens it with AES-256-GCM, parses the JSON and
//! prints one field; or does that with all rows. It checks nothing, locks nothing, records nothing and
//! has no command line worth the name. What a command of `authkeep` takes beyond it is the price of those.
//!
//! ```text
//! floor seed DB KEYFILE COUNT     floor get DB KEYFILE KEY     floor list DB KEYFILE
//! ```

use std::error::Error;
use std::fs;
use std::io::{self, BufWriter, Write as _};

use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

const NONCE_LEN: usize = 12;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["seed", database, key_file, count] => seed(database, key_file, count.parse()?),
        ["get", database, key_file, key] => get(database, key_file, key),
        ["list", database, key_file] => list(database, key_file),
        _ => Err("floor seed|get|list DB KEYFILE [COUNT|KEY]".into()),
    }
}

fn seed(database: &str, key_file: &str, count: usize) -> Fallible<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    fs::write(key_file, bytes)?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(bytes));
    let mut connection = Connection::open(database)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL)")?;
    let transaction = connection.transaction()?;
    for at in 0..count {
        let name = if at == 0 {
            "default".to_owned()
        } else {
            format!("c{at:04}")
        };
        let record = json!({
            "schema_version": 1,
            "provider": "openai",
            "connection": name,
            "flow": "api_key",
            "fields": { "token": format!("sk-cnry_{at:032x}") },
            "obtained_at": "2026-01-01T00:00:00Z",
            "pinned": { "hosts": ["api.openai.com"] },
        });
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), record.to_string().as_bytes())
            .map_err(|_| "sealing failed")?;
        transaction.execute(
            "INSERT INTO entry VALUES (?1, ?2)",
            (name, [&nonce[..], &sealed[..]].concat()),
        )?;
    }
    transaction.commit()?;
    Ok(())
}

fn get(database: &str, key_file: &str, key: &str) -> Fallible<()> {
    let (cipher, connection) = open(database, key_file)?;
    let sealed: Vec<u8> =
        connection.query_row("SELECT value FROM entry WHERE key = ?1", [key], |row| {
            row.get(0)
        })?;
    let record = opened(&cipher, &sealed)?;
    writeln!(io::stdout(), "{}", text(&record["fields"]["token"]))?;
    Ok(())
}

fn list(database: &str, key_file: &str) -> Fallible<()> {
    let (cipher, connection) = open(database, key_file)?;
    let mut statement = connection.prepare("SELECT value FROM entry ORDER BY key")?;
    let mut rows = statement.query([])?;
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(row) = rows.next()? {
        let record = opened(&cipher, row.get_ref(0)?.as_blob()?)?;
        writeln!(
            out,
            "{}  {}  {}",
            text(&record["provider"]),
            text(&record["connection"]),
            text(&record["flow"])
        )?;
    }
    out.flush()?;
    Ok(())
}

fn open(database: &str, key_file: &str) -> Fallible<(Aes256Gcm, Connection)> {
    let cipher = Aes256Gcm::new_from_slice(&fs::read(key_file)?)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok((cipher, Connection::open_with_flags(database, flags)?))
}

fn opened(cipher: &Aes256Gcm, sealed: &[u8]) -> Fallible<Value> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or("no nonce")?;
    let plain = cipher
        .decrypt(&Nonce::from(*nonce), sealed)
        .map_err(|_| "it does not open")?;
    Ok(serde_json::from_slice(&plain)?)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
