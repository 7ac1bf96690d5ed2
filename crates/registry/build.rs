//! Makes the table of bundled definitions out of `providers/*.json`: adding a file there is all it takes.
//!
//! Each definition is embedded as one minified text, and beside it stands what a list of providers shows, so that
//! nothing has to be parsed for one. Nothing is judged here: the crate's tests read every file as a stranger's.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script by its environment"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value};

const FOLDER: &str = "providers";

type Documents = BTreeMap<String, Map<String, Value>>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let documents = read_all(Path::new(FOLDER))?;
    let mut table = String::from("&[\n");
    for (name, document) in &documents {
        entry(&mut table, name, document, &documents)
            .map_err(|why| format!("{FOLDER}/{name}.json: {why}"))?;
    }
    table.push_str("]\n");
    let target = PathBuf::from(env::var("OUT_DIR")?).join("bundled.rs");
    fs::write(target, table)?;
    Ok(())
}

fn read_all(folder: &Path) -> Result<Documents, Box<dyn Error>> {
    let mut documents = Documents::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let (Some(name), Some("json")) = (
            path.file_stem().and_then(|stem| stem.to_str()),
            path.extension().and_then(|extension| extension.to_str()),
        ) else {
            return Err(format!("{} is not a definition", path.display()).into());
        };
        let document = serde_json::from_str(&fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        documents.insert(name.to_owned(), document);
    }
    Ok(documents)
}

/// Writes one entry. What a definition does not say, the one that it extends says.
fn entry(
    table: &mut String,
    name: &str,
    document: &Map<String, Value>,
    all: &Documents,
) -> Result<(), Box<dyn Error>> {
    let inherited = |key: &str| {
        let mut at = Some(document);
        // No chain is as long as the table.
        for _ in 0..all.len() {
            if let Some(value) = at?.get(key) {
                return Some(value);
            }
            at = at?
                .get("extends")
                .and_then(Value::as_str)
                .and_then(|parent| all.get(parent));
        }
        None
    };
    if document.get("name").and_then(Value::as_str) != Some(name) {
        return Err("its name is another one than the file's".into());
    }
    let text = |key: &str| inherited(key).and_then(Value::as_str);
    let list = |value: Option<&Value>| -> Vec<String> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    writeln!(
        table,
        "Bundled {{ name: {name:?}, display_name: {:?}, category: {:?}, aliases: &{:?}, flows: &{:?}, extends: {:?}, \
         community_checked: {}, text: {:?} }},",
        text("display_name").ok_or("it has no display name")?,
        text("category").ok_or("it has no category")?,
        list(document.get("aliases")),
        list(inherited("flows")),
        document.get("extends").and_then(Value::as_str),
        document
            .get("community_checked")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        serde_json::to_string(document)?,
    )?;
    Ok(())
}
