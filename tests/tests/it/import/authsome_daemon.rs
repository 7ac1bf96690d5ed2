//! Vaults of authsome 0.7's daemon, as 0.7.2 has written them.

use std::fs;

use serde_json::Value;

use super::{Importer, contents, copied, fixture, outcomes, secret};

fn all_secrets() -> Vec<String> {
    let mut labels: Vec<String> = ["default", "padded"]
        .map(|name| format!("0.7 openai {name} key"))
        .into();
    for login in ["github default", "google default", "slack revoked"] {
        labels.extend(["access", "refresh"].map(|kind| format!("0.7 {login} {kind}")));
    }
    labels.extend(
        [
            "0.7 cookie",
            "0.7 other key",
            "0.7 github client",
            "0.7 google client",
        ]
        .map(str::to_owned),
    );
    labels.iter().map(|label| secret(label)).collect()
}

#[test]
fn every_vault_comes_over_whole_and_once() {
    let mut importer = Importer::new();
    let home = fixture("authsome-07").display().to_string();
    let before = contents(&fixture("authsome-07"));
    let import = ["import", "authsome", "--home", &home];
    let report = importer.json(&import, 0);
    let found = outcomes(&report);
    for expected in [
        "github client imported",
        "google client imported",
        "openai default imported",
        // Its value is so large that it is in a file of its own.
        "openai padded imported",
        "github default imported",
        "google default imported",
        "slack revoked imported",
    ] {
        assert!(
            found.contains(&expected.to_owned()),
            "{expected}: {found:?}"
        );
    }
    for (vault, provider, connection, field, label) in [
        (
            "vault_01",
            "openai",
            "default",
            "api_key",
            "0.7 openai default key",
        ),
        (
            "vault_01",
            "openai",
            "padded",
            "api_key",
            "0.7 openai padded key",
        ),
        (
            "vault_01",
            "github",
            "default",
            "access_token",
            "0.7 github default access",
        ),
        (
            "vault_01",
            "google",
            "default",
            "access_token",
            "0.7 google default access",
        ),
        ("vault_02", "openai", "default", "api_key", "0.7 other key"),
    ] {
        assert_eq!(
            importer.handed_out(vault, provider, connection, field),
            secret(label),
            "{label}"
        );
    }
    let google = importer.json(&["get", "google", "--profile", "vault_01"], 0);
    assert_eq!(
        (&google["client_id"], &google["refreshable"]),
        (&Value::from("google-client"), &Value::from(true))
    );
    let again = importer.json(&import, 0);
    assert_eq!(
        (&again["imported"], &again["already_there"]),
        (&0.into(), &report["imported"])
    );
    assert_eq!(contents(&fixture("authsome-07")), before);
    importer.has_kept(&all_secrets());
}

#[test]
fn a_vault_that_is_damaged_costs_what_is_damaged() {
    let mut importer = Importer::new();
    let folder = importer.path(".authsome");
    copied(&fixture("authsome-07"), &folder);
    // The file with the large value.
    let value = contents(&folder)
        .into_iter()
        .find(|(path, _)| path.extension().is_some_and(|e| e == "val"));
    fs::write(value.unwrap().0, "{}").unwrap();
    let report = importer.json(&["import", "authsome"], 1);
    assert_eq!(report["damaged"], 1, "{report:#}");
    assert!(outcomes(&report).contains(&"openai padded damaged".to_owned()));
    // Another master secret opens nothing at all, and none is one to be handed over.
    let key = folder.join("server/master.key");
    fs::write(&key, "c29tZXRoaW5nIGVsc2UgYWx0b2dldGhlciBoZXJlIQ==").unwrap();
    assert_eq!(
        importer.json(&["import", "authsome"], 7)["error"],
        "source_unusable"
    );
    fs::remove_file(&key).unwrap();
    let refused = importer.json(&["import", "authsome"], 7);
    assert!(
        refused["hint"].as_str().unwrap().contains("--key-stdin"),
        "{refused:#}"
    );
    let text = fs::read_to_string(fixture("authsome-07").join("server/master.key")).unwrap();
    let output = importer.given(&["import", "authsome", "--key-stdin", "--dry-run"], &text);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("already there"), "{output:?}");
    fs::write(&key, text).unwrap();
    fs::write(
        folder.join("server/kv_store/cache.db"),
        "no database, but longer than the header of one would be, a hundred bytes and some more",
    )
    .unwrap();
    assert_eq!(
        importer.json(&["import", "authsome"], 7)["error"],
        "source_unusable"
    );
}
