use std::collections::BTreeMap;

use super::*;
use crate::definition::Definition;
use crate::provider::Provider;
use crate::registry::{Found, Registry};

fn read(entry: &Bundled) -> Definition {
    // The strict reading, with every check that look-ups skip for bundled definitions.
    Registry::new(None)
        .check(&entry.file(), entry.text)
        .expect(entry.name)
}

fn bind(definition: &Definition) -> Provider {
    definition
        .bind(&BTreeMap::new())
        .expect("binds with its defaults")
}

#[test]
fn the_table_is_sorted() {
    let names: Vec<&str> = BUNDLED.iter().map(|entry| entry.name).collect();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
}

#[test]
fn every_file_is_in_the_table_and_agrees_with_it() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");
    let files = std::fs::read_dir(directory).expect("the providers directory is there");
    assert_eq!(files.count(), BUNDLED.len());
    for entry in BUNDLED {
        let definition = read(entry);
        let found = Found {
            definition,
            source: Source::Bundled,
        };
        assert_eq!(entry.summary(), Some(Summary::from(found)));
    }
}

#[test]
fn a_self_hosted_instance_takes_its_credential_to_itself_only() {
    let github = read(by_name("github").expect("bundled"));
    let params = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let missing = github
        .bind(&params(&[("base_url", "https://ghe.example.com")]))
        .expect_err("needs the API URL");
    assert!(missing.to_string().contains("api_url"), "{missing}");
    let both = [
        ("base_url", "https://ghe.example.com"),
        ("api_url", "https://ghe.example.com/api/v3"),
    ];
    let provider = github.bind(&params(&both)).expect("binds");
    for host in &provider.hosts {
        assert!(host.pattern.host() == "ghe.example.com", "{}", host.pattern);
    }
    assert_eq!(
        provider.origins().into_iter().collect::<Vec<_>>(),
        ["https://ghe.example.com"]
    );
    // The defaults do reach the public hosts.
    assert!(
        bind(&github)
            .host_for("uploads.github.com", 443, "/")
            .is_some()
    );

    let gitlab = read(by_name("gitlab").expect("bundled"));
    let provider = gitlab
        .bind(&params(&[("base_url", "gitlab.example.com/")]))
        .expect("binds");
    assert!(
        provider
            .host_for("gitlab.example.com", 443, "/api/v4/user")
            .is_some()
    );
    assert!(
        provider
            .host_for("gitlab.com", 443, "/api/v4/user")
            .is_none()
    );
}

#[test]
fn key_patterns_recognise_the_right_key_and_warn_about_others() {
    for (name, good) in [
        ("anthropic", "sk-ant-x"),
        ("github", "github_pat_x"),
        ("gitlab", "glpat-x"),
        ("linear", "lin_api_x"),
        ("notion", "ntn_x"),
        ("openai", "sk-x"),
        ("slack", "xoxb-x"),
    ] {
        let definition = read(by_name(name).expect("bundled"));
        let field = definition.api_key.expect("has a key").fields.remove(0);
        assert!(!field.looks_wrong(good), "{name}");
        assert!(field.looks_wrong("zzz"), "{name}");
    }
}
