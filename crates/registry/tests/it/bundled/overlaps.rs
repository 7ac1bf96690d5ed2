//! Hosts: each pair of providers that a request could belong to is known, and the manual says why that is right.

use std::collections::{BTreeMap, BTreeSet};

use authkeep_registry::{Definition, HostPattern, HostRule};
use serde_json::json;

use super::{bundled, planted, with};

/// The page with the reasons, in which each row names providers that may meet.
const PAGE: &str = include_str!("../../../../../docs/reference/overlaps.md");

type Pair = (String, String);

/// The pattern of a rule with the defaults, and with an invented tenant. `None` for a host that only the person knows.
fn pattern(definition: &Definition, rule: &HostRule) -> Option<HostPattern> {
    let value = |name: &str| {
        let default = definition.params.get(name)?.default.as_deref();
        let whole = super::names_the_host(rule);
        default.or((!whole).then_some("sample"))
    };
    let text = rule.pattern.render(value)?;
    let text = text.strip_prefix("https://").unwrap_or(&text);
    Some(HostPattern::parse(text).unwrap())
}

/// The pairs of providers with a host in common, and the first such hosts.
fn overlaps(definitions: &[Definition]) -> BTreeMap<Pair, String> {
    let all: Vec<(&Definition, Vec<HostPattern>)> = definitions
        .iter()
        .map(|definition| {
            let patterns = definition.hosts.iter();
            let patterns = patterns.filter_map(|rule| pattern(definition, rule));
            (definition, patterns.collect())
        })
        .collect();
    let mut found = BTreeMap::new();
    for (at, (one, its)) in all.iter().enumerate() {
        for (other, others) in &all[at + 1..] {
            let mut both = its
                .iter()
                .flat_map(|a| others.iter().map(move |b| (a, b)))
                .filter(|(a, b)| a.overlaps(b));
            if let Some((a, b)) = both.next() {
                let pair = (one.name.to_string(), other.name.to_string());
                found.insert(pair, format!("{a} / {b}"));
            }
        }
    }
    found
}

/// The pairs of the rows of the page's first table.
fn documented(page: &str) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    for row in super::rows(page, "## Hosts") {
        let names: BTreeSet<String> = super::words(&row[0]);
        for (at, one) in names.iter().enumerate() {
            let others = names.iter().skip(at + 1);
            pairs.extend(others.map(|other| (one.clone(), other.clone())));
        }
    }
    pairs
}

/// What the page does not explain, and what it explains without need.
fn differences(definitions: &[Definition], page: &str) -> (Vec<String>, Vec<Pair>) {
    let (found, documented) = (overlaps(definitions), documented(page));
    let unexplained = found
        .iter()
        .filter(|(pair, _)| !documented.contains(pair))
        .map(|((a, b), hosts)| format!("{a}, {b}: {hosts}"));
    let needless = documented.iter().filter(|pair| !found.contains_key(pair));
    (unexplained.collect(), needless.cloned().collect())
}

#[test]
fn every_overlap_of_hosts_has_its_reason_in_the_manual() {
    let (unexplained, needless) = differences(&bundled(), PAGE);
    assert_eq!(unexplained, [""; 0]);
    assert_eq!(needless, []);
}

#[test]
fn an_overlap_that_nobody_explained_would_be_seen() {
    for host in [
        "api.github.com",
        "*.github.com",
        "slack.com/api/chat.",
        "sample.zendesk.com",
        "api.datadoghq.com",
    ] {
        let one = planted("acme", json!({"hosts": [host]}));
        let (unexplained, _) = differences(&with(bundled(), one), PAGE);
        assert!(!unexplained.is_empty(), "{host}");
    }
    let apart = planted(
        "acme",
        json!({"hosts": ["slack.com/apiary/", "api.example.com"]}),
    );
    assert_eq!(differences(&with(bundled(), apart), PAGE).0, [""; 0]);
}

#[test]
fn a_row_that_explains_nothing_would_be_seen() {
    let page = format!(
        "{PAGE}\n\n## Hosts\n\n| a | b | c |\n|---|---|---|\n| `openai`, `slack` | x | y |\n"
    );
    assert_eq!(differences(&bundled(), &page).1.len(), 1);
}
