//! The bundled definitions, read as a stranger's would be: from their files, with every check.
//!
//! Each rule is a function over definitions, so that a planted fault shows that it bites.

mod names;
mod overlaps;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use authkeep_registry::{Definition, Flow, HostRule, Registry};
use serde_json::{Value, json};

/// Where the files are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("providers")
}

/// All definitions by name, and the faults of those that cannot be read.
fn read_all() -> (Vec<Definition>, Vec<String>) {
    let registry = Registry::new(None);
    let (mut definitions, mut faults) = (Vec::new(), Vec::new());
    let mut files: Vec<_> = fs::read_dir(folder()).unwrap().flatten().collect();
    files.sort_by_key(fs::DirEntry::path);
    for file in files {
        let name = file.file_name().into_string().unwrap();
        match registry.check(&name, &fs::read_to_string(file.path()).unwrap()) {
            Ok(definition) if format!("{}.json", definition.name) == name => {
                definitions.push(definition);
            }
            Ok(definition) => faults.push(format!("{name} is called {}", definition.name)),
            Err(error) => faults.push(error.to_string()),
        }
    }
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    (definitions, faults)
}

fn bundled() -> Vec<Definition> {
    static ALL: LazyLock<(Vec<Definition>, Vec<String>)> = LazyLock::new(read_all);
    let (definitions, faults) = &*ALL;
    assert_eq!(*faults, [""; 0]);
    definitions.clone()
}

/// A definition for planting: a good one with some fields changed.
fn planted(name: &str, changes: Value) -> Definition {
    let mut document = json!({
        "schema_version": 2, "name": name, "display_name": name, "category": "other",
        "flows": ["api_key"], "hosts": [format!("api.{name}.example")],
        "api_key": {"docs": "https://example.com/keys"},
        "env": {format!("{}_KEY", name.to_uppercase()): "{token}"}
    });
    for (key, value) in changes.as_object().unwrap() {
        document[key] = value.clone();
    }
    Registry::new(None)
        .check("planted.json", &document.to_string())
        .unwrap()
}

fn with(mut definitions: Vec<Definition>, one: Definition) -> Vec<Definition> {
    definitions.push(one);
    definitions
}

/// Whether a parameter is the whole host, or a base URL.
fn names_the_host(rule: &HostRule) -> bool {
    let pattern = rule.pattern.as_str();
    let host = pattern.split('/').next().unwrap_or_default();
    host.starts_with('{') && host.find('}') == Some(host.len() - 1)
}

/// The rows of the table below a heading of a page, as cells.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut rows = Vec::new();
    for line in page.lines() {
        if line.starts_with("## ") {
            inside = line == heading;
        } else if inside && line.starts_with("| `") {
            let cells = line.trim_matches('|').split(" | ");
            rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
    }
    rows
}

/// What stands in backticks.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Definitions that leave a person without a page to go to, a variable, or a word to group by.
fn unfinished(definitions: &[Definition]) -> Vec<String> {
    const CATEGORIES: [&str; 18] = [
        "ai",
        "cloud",
        "comms",
        "crm",
        "data",
        "dev",
        "finance",
        "hr",
        "identity",
        "llm",
        "marketing",
        "mcp",
        "media",
        "monitoring",
        "productivity",
        "search",
        "social",
        "support",
    ];
    let mut found = Vec::new();
    for definition in definitions {
        let mut lacks = |what: &str| found.push(format!("{}: {what}", definition.name));
        let (key, oauth) = (&definition.api_key, &definition.oauth);
        let key_page = key.as_ref().is_none_or(|key| key.docs.is_some());
        if definition.flows.contains(&Flow::ApiKey) && !key_page {
            lacks("no page where the key is made");
        }
        // Where clients register themselves there is no page to go to.
        let client_page = oauth.as_ref().is_none_or(|oauth| {
            oauth.docs.is_some() || oauth.registration_url.is_some() || oauth.token_url.is_none()
        });
        if !client_page {
            lacks("no page where a client is registered");
        }
        if definition.env.is_empty() {
            lacks("no variable");
        }
        if definition.hosts.is_empty() {
            lacks("no host");
        }
        if definition.notes.is_none() {
            lacks("no word for the person who sets it up");
        }
        if definition.local || !CATEGORIES.contains(&definition.category.as_str()) {
            lacks("local, or of an unknown category");
        }
    }
    found
}

#[test]
fn every_file_is_good_and_there_are_more_than_three_hundred() {
    let definitions = bundled();
    assert!(definitions.len() >= 300, "{}", definitions.len());
    assert_eq!(unfinished(&definitions), [""; 0]);
}

#[test]
fn an_unfinished_definition_would_be_seen() {
    let one = planted("acme", json!({"category": "fun", "api_key": {}}));
    let found = unfinished(&[one]).join("\n");
    for what in [
        "no page where the key",
        "no word for the person",
        "unknown category",
    ] {
        assert!(found.contains(what), "{found}");
    }
}

#[test]
fn hosts_and_endpoints_are_https_on_public_hosts_with_the_defaults() {
    let mut bound = 0;
    for definition in bundled() {
        let Ok(provider) = definition.bind(&BTreeMap::new()) else {
            let needed = definition
                .params
                .values()
                .any(|param| param.default.is_none() && !param.optional && param.from.is_none());
            assert!(needed, "{} does not bind", definition.name);
            continue;
        };
        bound += 1;
        for origin in provider.origins() {
            assert!(
                origin.starts_with("https://"),
                "{}: {origin}",
                definition.name
            );
        }
    }
    assert!(bound > 250, "{bound}");
}

#[test]
fn a_bad_host_would_be_seen() {
    for host in ["*.com", "127.0.0.1", "api.example.com/../x", ".*example.*"] {
        let document = json!({
            "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["api_key"],
            "hosts": [host], "api_key": {}, "env": {"ACME_KEY": "{token}"}
        });
        let error = Registry::new(None).check("acme.json", &document.to_string());
        assert!(
            error.unwrap_err().to_string().contains("hosts[0]"),
            "{host}"
        );
    }
}

#[test]
fn parameters_that_become_hosts_or_paths_are_limited_where_the_vendor_is_known() {
    // A parameter that is only a part of a host may not end the host and begin another one.
    for definition in bundled() {
        let parts: BTreeSet<&str> = definition
            .hosts
            .iter()
            .filter(|rule| !names_the_host(rule))
            .flat_map(|rule| rule.pattern.variables())
            .collect();
        for name in parts {
            for value in [
                "evil.example/",
                "evil.example#",
                "a@evil.example",
                "evil.example:1",
            ] {
                let given = BTreeMap::from([(name.to_owned(), value.to_owned())]);
                let bound = definition.bind(&given);
                assert!(bound.is_err(), "{}: {name} = {value}", definition.name);
            }
        }
    }
}
