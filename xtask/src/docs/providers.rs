//! The pages of the providers, made from their definitions, so that the two cannot differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::shell::{Failed, cargo, root};

const FOLDER: &str = "docs/providers";

/// Pages by their file name.
type Pages = BTreeMap<String, String>;

/// Writes the pages anew, and removes those of providers that are gone.
pub(super) fn write() -> Result<(), Failed> {
    let (folder, pages) = (root().join(FOLDER), made()?);
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    for gone in read(&folder)?
        .keys()
        .filter(|name| !pages.contains_key(*name))
    {
        let file = folder.join(gone);
        fs::remove_file(&file).map_err(|error| failed(&file, error))?;
    }
    for (name, page) in pages {
        let file = folder.join(name);
        fs::write(&file, page).map_err(|error| failed(&file, error))?;
    }
    Ok(())
}

/// Checks that the pages are as they would be written.
pub(super) fn check() -> Result<(), Failed> {
    let (there, wanted) = (read(&root().join(FOLDER))?, made()?);
    let names = there.keys().chain(wanted.keys());
    let stale = names
        .into_iter()
        .find(|name| there.get(*name) != wanted.get(*name));
    match stale {
        None => Ok(()),
        Some(name) => Err(Failed(format!(
            "{FOLDER}/{name} is out of date: run `cargo xtask docs`"
        ))),
    }
}

fn made() -> Result<Pages, Failed> {
    let folder = root().join("target/provider-pages");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    }
    let target = folder.to_string_lossy();
    let run = ["run", "--quiet", "--locked", "-p", "authkeep-core"];
    let example = ["--example", "provider_pages", "--", &target];
    cargo(&[&run[..], &example[..]].concat())?;
    read(&folder)
}

fn read(folder: &Path) -> Result<Pages, Failed> {
    let mut pages = Pages::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let page = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        pages.insert(name.into_owned(), page);
    }
    Ok(pages)
}

fn failed(path: &Path, error: std::io::Error) -> Failed {
    Failed(format!("{}: {error}", path.display()))
}
