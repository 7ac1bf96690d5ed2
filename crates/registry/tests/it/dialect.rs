//! Files of other tools, laid into the folder of the user's definitions or registered, as they are.

use std::fs;

use authkeep_registry::{OnConflict, Registry, Source, dialect};

use crate::{definition, name, registry_with};

const THEIRS: &str = r#"// Widgets
{
  "schema_version": 1, "name": "widgets", "display_name": "Widgets",
  "auth_type": "api_key", "flow": "api_key", /* a key */
  "api_url": ["api.widgets.example", "regex:.*widgets.*"],
  "api_key": {"header_name": "X-Key", "header_prefix": ""}
}"#;

#[test]
fn a_file_that_is_laid_into_the_folder_works() {
    for file in ["widgets.json", "widgets.jsonc"] {
        let home = tempfile::tempdir().unwrap();
        let registry = registry_with(home.path(), &[(file, THEIRS)]);
        let found = registry.find(&name("widgets")).unwrap().unwrap();
        assert_eq!(found.source, Source::User);
        let hosts: Vec<_> = found
            .definition
            .hosts
            .iter()
            .map(|rule| rule.pattern.as_str())
            .collect();
        assert_eq!(
            hosts,
            ["api.widgets.example", "widgets.com", "*.widgets.com"]
        );
        assert!(
            registry
                .names()
                .unwrap()
                .iter()
                .any(|(found, _)| found.as_str() == "widgets")
        );
    }
}

#[test]
fn of_two_files_with_one_name_the_second_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let ours = definition("widgets");
    let registry = registry_with(
        home.path(),
        &[("widgets.json", &ours), ("widgets.jsonc", THEIRS)],
    );
    let all = registry.all().unwrap();
    let errors: Vec<_> = all.iter().filter_map(|each| each.as_ref().err()).collect();
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0]
            .to_string()
            .contains("`widgets.json` takes its place"),
        "{}",
        errors[0]
    );
    assert!(registry.unregister(&name("widgets")).unwrap());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_registered_one_is_stored_in_our_words_and_says_what_changed() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().to_owned()));
    let mut draft = registry.draft("widgets.jsonc", THEIRS).unwrap();
    assert_eq!(draft.converted_from, Some("authsome"));
    assert_eq!(draft.warnings.len(), 1, "{:?}", draft.warnings);
    assert!(
        draft.warnings[0]
            .to_string()
            .contains("widgets.evil.example")
    );
    draft.note_source("https://example.com/widgets.jsonc", "00ff");
    registry.store(&draft, OnConflict::Refuse).unwrap();
    let stored = fs::read_to_string(home.path().join("widgets.json")).unwrap();
    for part in [
        "\"schema_version\": 2",
        "\"x-source\"",
        "https://example.com/widgets.jsonc",
        "00ff",
    ] {
        assert!(stored.contains(part), "{part}: {stored}");
    }
    let stored = registry
        .register(THEIRS, "widgets.jsonc", OnConflict::Replace)
        .unwrap();
    assert_eq!(stored.warnings.len(), 1, "{:?}", stored.warnings);
    // What is replaced may be called otherwise.
    fs::rename(
        home.path().join("widgets.json"),
        home.path().join("widgets.jsonc"),
    )
    .unwrap();
    registry
        .register(&definition("widgets"), "x.json", OnConflict::Replace)
        .unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn our_own_words_may_have_comments_and_stay_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().to_owned()));
    let text = format!("// mine\n{}", definition("acme"));
    let draft = registry.draft("acme.json", &text).unwrap();
    assert_eq!((draft.converted_from, draft.text()), (None, text.as_str()));
}

#[test]
fn the_conversion_can_be_had_alone() {
    let (value, warnings) = dialect::authsome::convert("widgets.jsonc", THEIRS).unwrap();
    assert_eq!(value["schema_version"], 2);
    assert_eq!(warnings.len(), 1);
    let wrong = THEIRS.replace("regex:.*widgets.*", "regex:w[a-z]+");
    let error = dialect::authsome::convert("widgets.jsonc", &wrong).unwrap_err();
    assert!(error.to_string().contains("`api_url[1]`"), "{error}");
}
