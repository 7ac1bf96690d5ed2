//! Storing and removing the user's definitions.

use std::fs;

use authkeep_registry::{OnConflict, RegisterError, Registry, Source};

use crate::{definition, name, registry_with};

#[test]
fn a_definition_is_stored_and_found() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().join("providers")));
    let stored = registry
        .register(&definition("acme"), "download.json", OnConflict::Refuse)
        .unwrap();
    assert_eq!((stored.source, stored.replaced), (Source::User, false));
    assert!(stored.warnings.is_empty(), "{:?}", stored.warnings);
    assert_eq!(stored.path, home.path().join("providers/acme.json"));
    assert_eq!(
        registry.find(&name("acme")).unwrap().unwrap().source,
        Source::User
    );
    assert!(registry.unregister(&name("acme")).unwrap());
    assert!(!registry.unregister(&name("acme")).unwrap());
    assert!(registry.find(&name("acme")).unwrap().is_none());
}

#[test]
fn a_name_that_is_taken_is_refused_unless_told_otherwise() {
    let home = tempfile::tempdir().unwrap();
    let registry = registry_with(home.path(), &[("acme.json", &definition("acme"))]);
    for (taken, expected) in [
        ("acme", "already registered"),
        ("ACME", "already registered"),
        ("github", "the bundled definition `github`"),
        ("GitHub", "the bundled definition `github`"),
        ("gh", "the bundled definition `github`"),
    ] {
        let error = registry
            .register(&definition(taken), "x.json", OnConflict::Refuse)
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{taken}: {error}");
    }
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        1,
        "nothing was written"
    );
    assert_eq!(
        registry.find(&name("github")).unwrap().unwrap().source,
        Source::Bundled
    );

    let newer = definition("acme").replace("api.acme.example", "api2.acme.example");
    let stored = registry
        .register(&newer, "x.json", OnConflict::Replace)
        .unwrap();
    assert_eq!((stored.source, stored.replaced), (Source::User, true));
    let stored = registry
        .register(&definition("github"), "x.json", OnConflict::Replace)
        .unwrap();
    assert_eq!(
        (stored.source, stored.replaced),
        (Source::UserOverridesBundled, false)
    );
    // Taking the override away brings the bundled one back.
    assert!(registry.unregister(&name("github")).unwrap());
    assert_eq!(
        registry.find(&name("github")).unwrap().unwrap().source,
        Source::Bundled
    );
    assert!(!registry.unregister(&name("github")).unwrap());
}

#[test]
fn an_alias_that_is_taken_is_always_refused() {
    let home = tempfile::tempdir().unwrap();
    let with_alias = |own: &str, alias: &str| {
        definition(own).replacen('{', &format!(r#"{{"aliases": ["{alias}"],"#), 1)
    };
    let registry = registry_with(home.path(), &[("acme.json", &with_alias("acme", "ac"))]);
    for alias in ["github", "gh", "Github", "acme", "ac"] {
        let result = registry.register(&with_alias("new", alias), "new.json", OnConflict::Replace);
        assert!(
            matches!(result, Err(RegisterError::AliasTaken { .. })),
            "{alias}: {result:?}"
        );
    }
    registry
        .register(&with_alias("new", "nw"), "new.json", OnConflict::Refuse)
        .unwrap();
    // Keeping one's own aliases while replacing oneself is no conflict.
    registry
        .register(&with_alias("acme", "ac"), "acme.json", OnConflict::Replace)
        .unwrap();
    registry
        .register(
            &with_alias("github", "gh"),
            "github.json",
            OnConflict::Replace,
        )
        .unwrap();
}

#[test]
fn a_broken_definition_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("providers");
    let registry = Registry::new(Some(dir.clone()));
    for text in [
        "{",
        "{}",
        &definition("acme").replace("api.acme.example", "*.example"),
        &definition("../x"),
    ] {
        let result = registry.register(text, "evil.json", OnConflict::Replace);
        assert!(
            matches!(result, Err(RegisterError::Definition(_))),
            "{text}"
        );
    }
    assert!(!dir.exists());
    let without = Registry::new(None).register(&definition("acme"), "x", OnConflict::Refuse);
    assert!(matches!(without, Err(RegisterError::NoDirectory)));
}

#[test]
fn a_variable_of_another_provider_is_worth_a_warning() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().to_owned()));
    let thief = definition("thief").replace("X_THIEF_KEY", "OPENAI_API_KEY");
    let stored = registry
        .register(&thief, "thief.json", OnConflict::Refuse)
        .unwrap();
    assert_eq!(stored.warnings.len(), 1);
    assert!(stored.warnings[0].contains("`OPENAI_API_KEY` is also a variable of `openai`"));
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().to_owned()));
    // A directory stands where the file should go, so that the last step, the rename, fails.
    let in_the_way = home.path().join("acme.json");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("keep"), "").unwrap();
    let error = registry
        .register(&definition("acme"), "x.json", OnConflict::Replace)
        .unwrap_err();
    assert!(matches!(error, RegisterError::Write { .. }), "{error}");
    let left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["acme.json"], "no temporary file is left");
    // With the way free the same call works: it was the rename that failed.
    fs::remove_dir_all(&in_the_way).unwrap();
    registry
        .register(&definition("acme"), "x.json", OnConflict::Replace)
        .unwrap();
}

#[test]
fn of_many_that_register_the_same_name_one_wins() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("providers");
    let text = definition("acme");
    let winners: usize = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let registry = Registry::new(Some(dir.clone()));
                    match registry.register(&text, "x.json", OnConflict::Refuse) {
                        Ok(_) => 1,
                        Err(RegisterError::Exists { .. }) => 0,
                        Err(other) => panic!("{other}"),
                    }
                })
            })
            .collect();
        attempts
            .into_iter()
            .map(|attempt| attempt.join().unwrap())
            .sum()
    });
    assert_eq!(winners, 1);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
}

/// The umask belongs to the whole process, so this runs in one of its own: the shell sets the umask
/// and starts this test binary again for the one test below.
#[cfg(unix)]
#[test]
fn files_are_private_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("umask-fixture"), "").unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for (umask, ordinary) in [("000", 0o666), ("077", 0o600)] {
        let dir = home.path().join(umask);
        let status = std::process::Command::new("sh")
            .args([
                "-c",
                "umask \"$1\"; exec \"$0\" --exact registering::register_where_the_fixture_asks",
            ])
            .arg(std::env::current_exe().unwrap())
            .arg(umask)
            .current_dir(home.path())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        fs::rename(home.path().join("written"), &dir).unwrap();
        assert_eq!(mode(&dir.join("providers")), 0o700, "umask {umask}");
        assert_eq!(
            mode(&dir.join("providers/acme.json")),
            0o600,
            "umask {umask}"
        );
        // The control: a file written without care takes whatever the umask leaves.
        assert_eq!(mode(&dir.join("careless")), ordinary, "umask {umask}");
    }
}

/// The other half of the test above: does nothing unless started in a directory prepared for it.
#[cfg(unix)]
#[test]
fn register_where_the_fixture_asks() {
    let here = std::env::current_dir().unwrap();
    if !here.join("umask-fixture").exists() {
        return;
    }
    let here = here.join("written");
    fs::create_dir(&here).unwrap();
    let registry = Registry::new(Some(here.join("providers")));
    registry
        .register(&definition("acme"), "x.json", OnConflict::Refuse)
        .unwrap();
    fs::write(here.join("careless"), "").unwrap();
}
