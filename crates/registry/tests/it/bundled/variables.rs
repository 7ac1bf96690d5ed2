//! Variables: those that people know for a service are there, and one that several providers set is explained.

use std::collections::{BTreeMap, BTreeSet};

use authkeep_registry::Definition;
use serde_json::json;

use super::{bundled, planted, with};

/// The page with the reasons.
const PAGE: &str = include_str!("../../../../../docs/reference/overlaps.md");
/// A provider a line, and the variables that its programs read.
const KNOWN: &str = include_str!("variables.txt");

/// The variables that several definitions set, with these.
fn claimed_by_several(definitions: &[Definition]) -> BTreeMap<String, BTreeSet<String>> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for definition in definitions {
        for (variable, _) in &definition.env {
            let of = owners.entry(variable.to_string()).or_default();
            of.insert(definition.name.to_string());
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    owners
}

fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let rows = super::rows(PAGE, "## Variables");
    let entry = |row: Vec<String>| {
        let variable = super::words(&row[0]).pop_first().unwrap();
        (variable, super::words(&row[1]))
    };
    rows.into_iter().map(entry).collect()
}

#[test]
fn a_variable_of_several_providers_has_its_reason_in_the_manual() {
    assert_eq!(claimed_by_several(&bundled()), documented());
}

#[test]
fn a_second_claim_would_be_seen() {
    let one = planted("acme", json!({"env": {"OPENAI_API_KEY": "{token}"}}));
    assert_ne!(claimed_by_several(&with(bundled(), one)), documented());
}

#[test]
fn the_variables_that_programs_read_are_set() {
    let definitions = bundled();
    let mut known = 0;
    for line in KNOWN.lines() {
        let mut words = line.split_whitespace();
        let provider = words.next().unwrap();
        let Some(definition) = definitions.iter().find(|d| d.name.as_str() == provider) else {
            panic!("{provider} is not there");
        };
        for variable in words {
            let there = definition
                .env
                .iter()
                .any(|(name, _)| name.as_str() == variable);
            assert!(there, "{provider} does not set {variable}");
            known += 1;
        }
    }
    assert!(known > 500, "{known}");
}
