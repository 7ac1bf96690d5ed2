//! A home that is damaged: what is broken is named, and everything else comes over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use authkeep_testkit::home::run;

use super::{Importer, contents, copied, fixture, outcomes, secret};

/// A copy of the fixture in the importer's home.
fn copy(importer: &Importer) -> PathBuf {
    let folder = importer.path(".authsome");
    copied(&fixture("authsome"), &folder);
    folder
}

/// Changes a database with Python's SQLite, which is nobody's here.
fn sql(database: &Path, statements: &str) {
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()\nc.close()";
    let mut command = Command::new("python3");
    let output = run(command.args(["-c", script]).arg(database).arg(statements));
    assert_eq!(output.code, 0, "{output:?}");
}

fn outcome<'a>(outcomes: &'a [String], of: &str) -> Vec<&'a str> {
    outcomes
        .iter()
        .filter_map(|line| line.strip_prefix(of))
        .map(str::trim)
        .collect()
}

#[test]
fn a_flipped_byte_is_one_damaged_login() {
    let mut importer = Importer::new();
    let store = copy(&importer).join("profiles/default/store.db");
    let key = "profile:default:openai:connection:work";
    sql(
        &store,
        &format!(
            "UPDATE kv SET value = substr(value, 1, 40) || CASE substr(value, 41, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(value, 42) WHERE key = '{key}'"
        ),
    );
    let before = contents(&importer.path(".authsome"));
    let report = importer.json(&["import", "authsome"], 1);
    assert_eq!(report["damaged"], 1, "{report:#}");
    let found = outcomes(&report);
    assert_eq!(outcome(&found, "openai work"), ["damaged"]);
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        secret("default openai default key")
    );
    assert_eq!(contents(&importer.path(".authsome")), before);
}

#[test]
fn records_that_changed_places_are_not_believed() {
    let mut importer = Importer::new();
    let store = copy(&importer).join("profiles/default/store.db");
    let [one, other] =
        ["default", "work"].map(|name| format!("profile:default:openai:connection:{name}"));
    sql(
        &store,
        &format!(
            "UPDATE kv SET key = 'x' WHERE key = '{one}'; UPDATE kv SET key = '{one}' WHERE key = '{other}'; UPDATE kv SET key = '{other}' WHERE key = 'x';"
        ),
    );
    let report = importer.json(&["import", "authsome"], 1);
    let found = outcomes(&report);
    assert_eq!(
        outcome(&found, "openai default"),
        ["damaged", "imported"],
        "{found:?}"
    );
    assert_eq!(outcome(&found, "openai work"), ["damaged"]);
    // The same across profiles: the key of one profile's record in the other's database.
    let work = importer.path(".authsome/profiles/work/store.db");
    let attach = format!(
        "ATTACH '{}' AS other; UPDATE kv SET value = (SELECT value FROM other.kv WHERE key = 'profile:default:google:connection:default') WHERE key = 'profile:work:openai:connection:default'; DETACH other",
        store.display()
    );
    sql(&work, &attach);
    let mut second = Importer::new();
    let home = importer.path(".authsome").display().to_string();
    let report = second.json(&["import", "authsome", "--home", &home], 1);
    assert_eq!(report["damaged"], 3, "{report:#}");
}

#[test]
fn a_wrong_master_key_opens_nothing_and_says_so() {
    let mut importer = Importer::new();
    let folder = copy(&importer);
    let key = fs::read(fixture("authsome-bench").join("master.key")).unwrap();
    fs::write(folder.join("master.key"), key).unwrap();
    let report = importer.json(&["import", "authsome"], 1);
    assert!(report["damaged"].as_u64().unwrap() > 15, "{report:#}");
    // The definitions are in the clear.
    assert_eq!(report["imported"], 2);
    fs::write(folder.join("master.key"), "no key").unwrap();
    assert_eq!(
        importer.json(&["import", "authsome"], 7)["error"],
        "source_unusable"
    );
    fs::remove_file(folder.join("master.key")).unwrap();
    assert_eq!(
        importer.json(&["import", "authsome"], 7)["error"],
        "source_unusable"
    );
}

#[test]
fn a_database_that_was_cut_off_costs_one_profile() {
    let mut importer = Importer::new();
    let store = copy(&importer).join("profiles/default/store.db");
    let bytes = fs::read(&store).unwrap();
    for length in [0, 100, 5000, bytes.len() - 4096] {
        fs::write(&store, &bytes[..length]).unwrap();
        let report = importer.json(&["import", "authsome", "--dry-run"], 1);
        let found = outcomes(&report);
        assert!(
            found.contains(&"- source damaged".to_owned()),
            "{length}: {found:?}"
        );
        assert!(
            found.contains(&"openai default imported".to_owned()),
            "{length}: {found:?}"
        );
    }
}

#[test]
fn pipes_folders_and_giants_are_not_waited_for() {
    let mut importer = Importer::new();
    let folder = copy(&importer);
    let store = folder.join("profiles/work/store.db");
    fs::remove_file(&store).unwrap();
    let made = run(Command::new("mkfifo").args([&store, &importer.path("hosts.yml")]));
    assert_eq!(made.code, 0, "{made:?}");
    let report = importer.json(&["import", "authsome", "--dry-run"], 1);
    assert!(
        outcomes(&report).contains(&"- source damaged".to_owned()),
        "{report:#}"
    );
    let hosts = importer.path("hosts.yml").display().to_string();
    assert_eq!(
        importer.json(&["import", "gh", &hosts], 1)["error"],
        "source_unusable"
    );
    let folder = importer.home().display().to_string();
    assert_eq!(
        importer.json(&["import", "env", &folder], 1)["error"],
        "source_unusable"
    );
    fs::remove_file(&store).unwrap();
    let giant = fs::File::create(&store).unwrap();
    giant.set_len(1 << 40).unwrap();
    let report = importer.json(&["import", "authsome", "--dry-run"], 1);
    assert!(
        outcomes(&report).contains(&"- source damaged".to_owned()),
        "{report:#}"
    );
}

#[test]
fn homes_of_other_versions_are_named() {
    let mut importer = Importer::new();
    let folder = copy(&importer);
    fs::write(folder.join("version"), "3\n").unwrap();
    assert_eq!(
        importer.json(&["import", "authsome"], 7)["error"],
        "source_unusable"
    );
}

#[test]
fn a_key_goes_on_going_where_it_went() {
    let mut importer = Importer::new();
    let folder = copy(&importer);
    // Their `openai` is another service than ours: neither its host nor its key is believed to be ours.
    let own = r#"{"schema_version": 1, "name": "openai", "display_name": "Other", "auth_type": "api_key", "flow": "api_key",
        "api_key": {"header_name": "Authorization", "header_prefix": "Bearer"}, "host_url": "api.openai.internal.example"}"#;
    fs::write(folder.join("providers/openai.json"), own).unwrap();
    let google = fs::read_to_string(folder.join("providers/acme-sso.json")).unwrap();
    fs::write(
        folder.join("providers/google.json"),
        google.replace("acme-sso\"", "google\""),
    )
    .unwrap();
    let report = importer.json(&["import", "authsome"], 0);
    let found = outcomes(&report);
    assert_eq!(outcome(&found, "openai default"), ["skipped", "skipped"]);
    // Both profiles.
    assert_eq!(outcome(&found, "google client"), ["skipped", "skipped"]);
    let entries = report["entries"].as_array().unwrap();
    let of = |provider: &str| {
        entries
            .iter()
            .find(|e| e["provider"] == provider && e["kind"] == "login")
            .unwrap()
    };
    assert!(
        of("openai")["reason"]
            .as_str()
            .unwrap()
            .contains("api.openai.internal.example")
    );
    // A token endpoint that moved: authsome's definition of X has another one.
    let x = of("x");
    assert_eq!(x["token_endpoint"], serde_json::Value::Null);
}
