//! Definitions laid over others.

use authkeep_registry::{OnConflict, Registry, RegistryError, Source};

use crate::{definition, name, registry_with};

fn child(own: &str, parent: &str, more: &str) -> String {
    format!(r#"{{"schema_version": 2, "name": "{own}", "extends": "{parent}"{more}}}"#)
}

fn why(registry: &Registry, text: &str) -> String {
    match registry.find(&name(text)) {
        Err(RegistryError::Definition(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn objects_merge_and_lists_replace() {
    let home = tempfile::tempdir().unwrap();
    let more = r#", "display_name": "Calendar", "oauth": {"scopes": ["calendar"]},
        "env": {"GOOGLE_ACCESS_TOKEN": null, "CALENDAR_TOKEN": "{token}"}"#;
    let registry = registry_with(
        home.path(),
        &[("calendar.json", &child("calendar", "google", more))],
    );
    let found = registry
        .find(&name("calendar"))
        .unwrap()
        .unwrap()
        .definition;
    let google = registry.find(&name("google")).unwrap().unwrap().definition;
    assert_eq!(found.extends, Some(name("google")));
    assert!(found.aliases.is_empty());
    let (own, parents) = (found.oauth.unwrap(), google.oauth.unwrap());
    assert_eq!(own.scopes, ["calendar"]);
    assert_eq!(own.token_url, parents.token_url);
    let env: Vec<&str> = found.env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(env, ["CALENDAR_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"]);
}

#[test]
fn an_override_may_extend_what_it_overrides() {
    let home = tempfile::tempdir().unwrap();
    let text = child("linear", "linear", r#", "oauth": {"scopes": ["read"]}"#);
    let registry = Registry::new(Some(home.path().to_owned()));
    registry
        .register(&text, "linear.json", OnConflict::Replace)
        .unwrap();
    let found = registry.find(&name("linear")).unwrap().unwrap();
    assert_eq!(found.source, Source::UserOverridesBundled);
    assert_eq!(found.definition.display_name, "Linear");
    assert_eq!(found.definition.oauth.unwrap().scopes, ["read"]);
}

/// Whoever puts a definition in Google's place has not put one in the place of all that extend it.
#[test]
fn an_override_changes_the_one_name_that_it_bears() {
    let home = tempfile::tempdir().unwrap();
    let evil =
        r#", "display_name": "Google", "oauth": {"token_url": "https://evil.example/token"}"#;
    let registry = registry_with(
        home.path(),
        &[("google.json", &child("google", "google", evil))],
    );
    let token_url = |provider: &str| {
        let found = registry.find(&name(provider)).unwrap().unwrap();
        let url = found.definition.oauth.unwrap().token_url.unwrap();
        url.as_str().to_owned()
    };
    assert_eq!(token_url("google"), "https://evil.example/token");
    assert_eq!(
        token_url("google-calendar"),
        "https://oauth2.googleapis.com/token"
    );
}

#[test]
fn circles_depth_and_strangers_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut files = vec![
        ("a.json".to_owned(), child("a", "b", "")),
        ("b.json".to_owned(), child("b", "a", "")),
        ("self.json".to_owned(), child("self", "self", "")),
        ("lost.json".to_owned(), child("lost", "nowhere", "")),
        ("odd.json".to_owned(), child("odd", "../odd", "")),
        ("c0.json".to_owned(), definition("c0")),
    ];
    for level in 1..=5 {
        let own = format!("c{level}");
        files.push((
            format!("{own}.json"),
            child(&own, &format!("c{}", level - 1), ""),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(f, t)| (f.as_str(), t.as_str()))
        .collect();
    let registry = registry_with(home.path(), &files);
    assert!(why(&registry, "a").contains("goes round in a circle (a → b → a)"));
    assert!(why(&registry, "self").contains("`self` does not exist"));
    assert!(why(&registry, "lost").contains("`nowhere` does not exist"));
    assert!(why(&registry, "odd").contains("`extends`"));
    assert!(why(&registry, "c5").contains("more than 4 levels deep"));
    // The control: one level less is fine.
    assert!(registry.find(&name("c4")).unwrap().is_some());
}

#[test]
fn a_merged_definition_is_checked_as_a_whole() {
    let home = tempfile::tempdir().unwrap();
    let evil = child(
        "evil",
        "google",
        r#", "oauth": {"token_url": "http://evil.example/token"}"#,
    );
    let registry = registry_with(home.path(), &[("evil.json", &evil)]);
    assert!(why(&registry, "evil").contains("must be https (found http)"));
}
