//! What is found, and what a broken file does to the others.

use authkeep_registry::{Registry, RegistryError, Source, Summary};

use crate::{definition, name, registry_with};

#[test]
fn a_summary_says_what_the_definition_says_and_a_broken_file_stays_an_error() {
    let home = tempfile::tempdir().unwrap();
    let own = definition("acme");
    let files = [
        ("acme.json", own.as_str()),
        ("github.json", "{"),
        ("no name.json", "{}"),
    ];
    let registry = registry_with(home.path(), &files);
    let (all, summaries) = (registry.all().unwrap(), registry.summaries().unwrap());
    assert_eq!(all.len(), summaries.len());
    let mut broken = Vec::new();
    for (found, summary) in all.into_iter().zip(summaries) {
        match (found, summary) {
            (Ok(found), Ok(summary)) => assert_eq!(Summary::from(found), summary),
            (Err(found), Err(summary)) => {
                assert_eq!(found.to_string(), summary.to_string());
                broken.push(summary.to_string());
            }
            (found, summary) => panic!("{found:?} / {summary:?}"),
        }
    }
    assert_eq!(broken.len(), 2, "{broken:?}");
}

#[test]
fn a_directory_that_does_not_exist_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().join("providers")));
    assert_eq!(
        registry.names().unwrap(),
        Registry::new(None).names().unwrap()
    );
    assert!(registry.find(&name("github")).unwrap().is_some());
    assert!(registry.find(&name("nope")).unwrap().is_none());
    assert!(
        !home.path().join("providers").exists(),
        "reading creates nothing"
    );
}

#[test]
fn an_override_is_visible() {
    let home = tempfile::tempdir().unwrap();
    let registry = registry_with(
        home.path(),
        &[
            ("openai.json", &definition("openai")),
            ("acme.json", &definition("acme")),
        ],
    );
    let source = |text| registry.find(&name(text)).unwrap().unwrap().source;
    assert_eq!(source("openai"), Source::UserOverridesBundled);
    assert_eq!(source("acme"), Source::User);
    assert_eq!(source("github"), Source::Bundled);
    let names = registry.names().unwrap();
    assert!(names.contains(&(name("openai"), Source::UserOverridesBundled)));
    assert!(names.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn a_broken_file_hides_nobody_else_and_never_falls_back() {
    let home = tempfile::tempdir().unwrap();
    let bundled = Registry::new(None).names().unwrap().len();
    let registry = registry_with(
        home.path(),
        &[
            ("openai.json", "{ broken"),
            ("acme.json", &definition("acme")),
            ("wrong.json", &definition("other")),
            ("not a name.json", "{}"),
            (".hidden.json", "{ broken"),
            ("README.md", "no definition"),
        ],
    );
    std::fs::write(home.path().join("bytes.json"), [0xff, 0xfe]).unwrap();
    std::fs::create_dir(home.path().join("folder.json")).unwrap();

    let error = registry.find(&name("openai")).unwrap_err().to_string();
    assert!(
        error.contains("`openai.json`: is not valid JSON") && error.contains("line 1"),
        "{error}"
    );
    let error = registry.find(&name("wrong")).unwrap_err().to_string();
    assert!(
        error.contains("`wrong.json`: `name`: must be `wrong`"),
        "{error}"
    );
    assert!(
        registry
            .find(&name("bytes"))
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
    assert!(matches!(
        registry.find(&name("folder")),
        Err(RegistryError::Unreadable { .. })
    ));
    assert!(registry.find(&name("acme")).unwrap().is_some());

    let all = registry.all().unwrap();
    // Every bundled one but openai, and acme.
    assert_eq!(all.iter().flatten().count(), bundled);
    assert_eq!(all.iter().filter(|found| found.is_err()).count(), 5);
    // A name that nobody bears is still just not found.
    assert!(registry.find(&name("nope")).unwrap().is_none());
}

#[test]
fn aliases_lead_to_their_definition_but_take_nothing_over() {
    let home = tempfile::tempdir().unwrap();
    let with_aliases =
        definition("acme").replacen('{', r#"{"aliases": ["ac", "gh", "openai"],"#, 1);
    let registry = registry_with(home.path(), &[("acme.json", &with_aliases)]);
    let found = |text| {
        registry
            .find(&name(text))
            .unwrap()
            .unwrap()
            .definition
            .name
            .to_string()
    };
    assert_eq!(found("ac"), "acme");
    assert_eq!(found("gh"), "github");
    assert_eq!(found("openai"), "openai");
    // An override is found under the bundled alias, too.
    let registry = registry_with(home.path(), &[("github.json", &definition("github"))]);
    let by_alias = registry.find(&name("gh")).unwrap().unwrap();
    assert_eq!(by_alias.source, Source::UserOverridesBundled);
}

#[test]
fn a_huge_file_is_refused_without_reading_all_of_it() {
    let home = tempfile::tempdir().unwrap();
    let registry = registry_with(home.path(), &[("huge.json", "")]);
    // Sparse, so it takes no room.
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(home.path().join("huge.json"))
        .unwrap();
    file.set_len(1 << 40).unwrap();
    let error = registry.find(&name("huge")).unwrap_err().to_string();
    assert!(error.contains("larger than 256 KiB"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_does_not_block_and_a_directory_in_the_way_is_named() {
    let home = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("mkfifo")
        .arg(home.path().join("pipe.json"))
        .status()
        .unwrap();
    assert!(status.success());
    let registry = Registry::new(Some(home.path().to_owned()));
    let error = registry.find(&name("pipe")).unwrap_err();
    assert!(error.to_string().contains("pipe.json"), "{error}");

    // A file where the directory should be cannot be listed, whoever asks.
    let registry = Registry::new(Some(home.path().join("pipe.json")));
    assert!(matches!(
        registry.names(),
        Err(RegistryError::Unreadable { .. })
    ));
}

#[cfg(unix)]
#[test]
fn an_unreadable_directory_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("providers");
    std::fs::create_dir(&dir).unwrap();
    let registry = registry_with(&dir, &[("acme.json", &definition("acme"))]);
    assert!(registry.find(&name("acme")).unwrap().is_some());
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o000)).unwrap();
    // Root reads everything; then there is nothing to see here.
    let blocked = std::fs::read_dir(&dir).is_err();
    let (found, names) = (registry.find(&name("acme")), registry.names());
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o700)).unwrap();
    if blocked {
        assert!(matches!(found, Err(RegistryError::Unreadable { .. })));
        assert!(names.unwrap_err().to_string().contains("providers"));
    } else {
        assert!(found.unwrap().is_some());
    }
}
