//! Homes that authsome 0.2.2 has written: everything comes over, once, and nothing there changes.

use authkeep_testkit::home::run;
use serde_json::Value;

use super::{Importer, contents, fixture, outcomes, secret};

fn at(name: &str) -> String {
    fixture(name).display().to_string()
}

/// What comes out of the home's keys and unexpired logins: profile, provider, connection, field and label.
const SECRETS: [(&str, &str, &str, &str, &str); 11] = [
    (
        "default",
        "openai",
        "default",
        "api_key",
        "default openai default key",
    ),
    (
        "default",
        "openai",
        "work",
        "api_key",
        "default openai work key",
    ),
    (
        "default",
        "acme-crm",
        "default",
        "api_key",
        "default acme-crm default key",
    ),
    (
        "default",
        "acme-sso",
        "default",
        "access_token",
        "default acme-sso default access",
    ),
    (
        "default",
        "github",
        "default",
        "access_token",
        "default github default access",
    ),
    (
        "default",
        "google",
        "default",
        "access_token",
        "default google default access",
    ),
    (
        "default",
        "notion",
        "orphan",
        "access_token",
        "default notion orphan access",
    ),
    (
        "work",
        "openai",
        "default",
        "api_key",
        "work openai default key",
    ),
    (
        "work",
        "github",
        "enterprise",
        "access_token",
        "work github enterprise access",
    ),
    (
        "work",
        "google",
        "B-ro-2",
        "access_token",
        "work google Büro 2 access",
    ),
    (
        "work",
        "google",
        "B-ro-2",
        "token",
        "work google Büro 2 access",
    ),
];

fn all_secrets() -> Vec<String> {
    let mut labels: Vec<String> = SECRETS.iter().map(|row| row.4.to_owned()).collect();
    for login in [
        "google default",
        "google expired",
        "slack revoked",
        "gitlab invalid",
        "x default",
        "notion orphan",
        "acme-sso default",
    ] {
        labels.extend(["access", "refresh"].map(|kind| format!("default {login} {kind}")));
    }
    for provider in ["github", "google", "slack", "gitlab", "x", "acme-sso"] {
        labels.push(format!("default {provider} client"));
    }
    labels.extend(["work github client", "work google client"].map(str::to_owned));
    labels.iter().map(|label| secret(label)).collect()
}

#[test]
fn a_home_comes_over_whole_and_once() {
    let mut importer = Importer::new();
    let home = at("authsome");
    let before = contents(&fixture("authsome"));
    let import = ["import", "authsome", "--home", &home];
    let rehearsed = importer.json(&[&import[..], &["--dry-run"]].concat(), 0);
    assert_eq!(rehearsed["dry_run"], true);
    assert!(!importer.product.home().authkeep_home().exists());

    let report = importer.json(&import, 0);
    // What was rehearsed is what is done.
    assert_eq!(outcomes(&report), outcomes(&rehearsed));
    for (profile, provider, connection, field, label) in SECRETS {
        let out = importer.handed_out(profile, provider, connection, field);
        assert_eq!(out, secret(label), "{label}");
    }
    let again = importer.json(&import, 0);
    assert_eq!(again["imported"], 0, "{again:#}");
    assert_eq!(again["already_there"], report["imported"]);
    assert_eq!(contents(&fixture("authsome")), before);
    importer.run(&import);
    importer.has_kept(&all_secrets());
}

/// The entry of one login or client.
fn entry<'a>(
    report: &'a Value,
    profile: &str,
    provider: &str,
    connection: Option<&str>,
) -> &'a Value {
    let entries = report["entries"].as_array().unwrap();
    let of = |e: &&Value| {
        e["profile"] == profile
            && e["provider"] == provider
            && e["kind"] != "definition"
            && e["connection"].as_str() == connection
    };
    entries
        .iter()
        .find(of)
        .unwrap_or_else(|| panic!("no {provider} {connection:?}: {report:#}"))
}

#[test]
fn what_is_known_of_each_login_comes_along() {
    let mut importer = Importer::new();
    let report = importer.json(&["import", "authsome", "--home", &at("authsome")], 0);
    let of =
        |provider: &str, connection: Option<&str>| entry(&report, "default", provider, connection);
    // Where it will be sent from now on is said.
    let google = of("google", Some("default"));
    assert_eq!(
        google["token_endpoint"],
        "https://oauth2.googleapis.com/token"
    );
    assert_eq!(google["hosts"][0], "*.googleapis.com");
    assert_eq!(
        of("acme-crm", Some("default"))["hosts"][0],
        "api.acme-crm.example"
    );
    // A state that only a person can end is kept, with what to do.
    for (provider, connection) in [("slack", "revoked"), ("gitlab", "invalid")] {
        let entry = of(provider, Some(connection));
        assert_eq!(entry["outcome"], "imported");
        assert_eq!(
            entry["next"],
            format!("authkeep login {provider} --connection {connection}")
        );
    }
    assert_eq!(of("linear", Some("empty"))["outcome"], "skipped");
    // A refresh token without its client is of no use, and that is said.
    let orphan = of("notion", Some("orphan"));
    assert_eq!(orphan["next"], "authkeep login notion --connection orphan");
    assert_eq!(orphan["token_endpoint"], Value::Null);

    let list = importer.json(&["list", "--profile", "default"], 0);
    let connections = |name: &str| {
        let providers = list["providers"].as_array().unwrap();
        let provider = providers.iter().find(|p| p["provider"] == name).unwrap();
        provider["connections"].clone()
    };
    assert_eq!(connections("github")[0]["account"], "ada");
    let google = connections("google");
    assert_eq!(google[0]["expires_at"], "2099-01-01T00:00:00Z");
    assert_eq!(google[0]["scopes"][0], "openid");
    assert_eq!(google[0]["refreshable"], true);
    assert_eq!(connections("slack")[0]["status"], "revoked");
    assert_eq!(connections("gitlab")[0]["status"], "reauth_required");
    let enterprise = importer.json(&["get", "github", "--profile", "work"], 0);
    assert_eq!(enterprise["hosts"][0], "github.corp.example/api/v3");
    assert_eq!(enterprise["client_id"], "work-github-client");
}

#[test]
fn a_profile_of_its_own_choice() {
    let mut importer = Importer::new();
    let home = at("authsome");
    let refused = importer.json(
        &[
            "import",
            "authsome",
            "--home",
            &home,
            "--profile",
            "default",
        ],
        2,
    );
    assert_eq!(refused["error"], "several_profiles");
    let one = [
        "import",
        "authsome",
        "--home",
        &home,
        "--from-profile",
        "work",
        "--profile",
        "default",
    ];
    let report = importer.json(&one, 0);
    assert!(
        report["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|e| e["profile"] == "default")
    );
    let out = importer.handed_out("default", "openai", "default", "api_key");
    assert_eq!(out, secret("work openai default key"));
    let none = importer.json(
        &[
            "import",
            "authsome",
            "--home",
            &home,
            "--from-profile",
            "home",
        ],
        5,
    );
    assert_eq!(none["error"], "nothing_to_import");
    // Another login of that name is kept, unless it is said otherwise.
    let other = [
        "import",
        "authsome",
        "--home",
        &home,
        "--from-profile",
        "default",
        "--profile",
        "default",
    ];
    let report = importer.json(&other, 0);
    assert_eq!(
        entry(&report, "default", "openai", Some("default"))["outcome"],
        "differs"
    );
    let out = importer.handed_out("default", "openai", "default", "api_key");
    assert_eq!(out, secret("work openai default key"));
    importer.json(&[&other[..], &["--replace"]].concat(), 0);
    let out = importer.handed_out("default", "openai", "default", "api_key");
    assert_eq!(out, secret("default openai default key"));
}

#[test]
fn the_home_of_the_benchmarks() {
    let mut importer = Importer::new();
    importer.json(&["import", "authsome", "--home", &at("authsome-bench")], 0);
    let expected = format!("sk-bench{}", "0".repeat(32));
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        expected
    );
}

#[test]
fn a_key_that_is_in_the_keyring_is_handed_over() {
    let mut importer = Importer::new();
    let home = at("authsome-keyring");
    let refused = importer.json(&["import", "authsome", "--home", &home], 7);
    assert!(
        refused["hint"].as_str().unwrap().contains("--key-stdin"),
        "{refused:#}"
    );
    assert!(!importer.product.home().authkeep_home().exists());
    let import = ["import", "authsome", "--home", &home, "--key-stdin"];
    let key = "Y25yeS1rZXlyaW5nLWtleS1mb3ItdGhlLWZpeHR1cmU=";
    let output = importer.given(&import, &format!("{key}\n"));
    assert_eq!(output.code, 0, "{output:?}");
    let out = importer.handed_out("default", "openai", "default", "token");
    assert_eq!(out, secret("default openai default key"));
    importer.has_kept(&[key.to_owned(), secret("default openai default key")]);
    let nonsense = importer.given(&import, "no key");
    assert_eq!(nonsense.code, 7, "{nonsense:?}");
}

#[test]
fn the_home_is_found_where_authsome_looks_for_it() {
    let mut importer = Importer::new();
    let none = importer.json(&["import", "authsome"], 5);
    assert_eq!(none["error"], "nothing_to_import");
    super::copied(&fixture("authsome-bench"), &importer.path(".authsome"));
    assert_eq!(
        importer.json(&["import", "authsome", "--dry-run"], 0)["imported"],
        1
    );
    let mut command = importer.product.command(&["import", "authsome", "--json"]);
    let output = run(command.env("AUTHSOME_HOME", fixture("authsome")));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("acme-crm"), "{output:?}");
}
