//! Files of other tools: PlanOpticon's tokens, the accounts of GitHub's CLI, the keys of the AWS CLI, `.env` files.

use std::fs;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use serde_json::Value;

use super::{Importer, contents, copied, fixture, outcomes, secret};

#[test]
fn planopticons_tokens_come_over_with_their_clients() {
    let mut importer = Importer::new();
    copied(&fixture("planopticon"), &importer.path(".planopticon"));
    importer.write(".planopticon/wiki_token.json", "{}");
    let before = contents(&importer.path(".planopticon"));
    let report = importer.json(&["import", "planopticon"], 0);
    let expected = [
        "dropbox default imported",
        "github default imported",
        "google-drive default imported",
        "google default imported",
        "microsoft default imported",
        "notion default imported",
        "wiki - skipped",
        "zoom default imported",
    ];
    assert_eq!(outcomes(&report), expected, "{report:#}");
    let mut secrets = Vec::new();
    for (provider, connection, service) in [
        ("github", "default", "github"),
        ("google", "default", "google"),
        ("google-drive", "default", "drive"),
        ("microsoft", "default", "microsoft"),
        ("notion", "default", "notion"),
        ("zoom", "default", "zoom"),
    ] {
        let out = importer.handed_out("default", provider, connection, "access_token");
        assert_eq!(out, secret(&format!("{service} access")), "{service}");
        let shown = importer.json(&["get", provider, "--connection", connection], 0);
        assert_eq!(shown["client_id"], format!("{service}-client"), "{shown:#}");
        assert_eq!(shown["refreshable"], true);
        secrets.extend(
            ["access", "refresh", "client"].map(|kind| secret(&format!("{service} {kind}"))),
        );
    }
    secrets.extend(["refresh", "client"].map(|kind| secret(&format!("dropbox {kind}"))));
    let again = importer.json(&["import", "planopticon"], 0);
    assert_eq!(
        (&again["imported"], &again["already_there"]),
        (&0.into(), &report["imported"])
    );
    assert_eq!(contents(&importer.path(".planopticon")), before);
    importer.has_kept(&secrets);
    importer.write(".planopticon/zoom_token.json", "{\"access_token\": \"x");
    assert_eq!(importer.json(&["import", "planopticon"], 1)["damaged"], 1);
}

#[test]
fn a_token_of_another_server_is_not_sent_to_ours() {
    let mut importer = Importer::new();
    let secrets = [canary(), canary()];
    let text = serde_json::json!({
        "token": secrets[0], "refresh_token": secrets[1], "client_id": "c", "token_uri": "https://oauth2.googleapis.com.evil.example/token",
    });
    importer.write(".planopticon/google_drive_token.json", &text.to_string());
    let report = importer.json(&["import", "planopticon"], 0);
    let entry = &report["entries"][0];
    assert_eq!(entry["next"], "authkeep login google-drive", "{entry:#}");
    assert!(entry["reason"].as_str().unwrap().contains("evil.example"));
    let list = importer.json(&["list"], 0);
    let google = list["providers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["provider"] == "google-drive");
    assert_eq!(
        google.unwrap()["connections"][0]["status"],
        "reauth_required"
    );
    let refused = importer.run(&["get", "google-drive", "--field", "token", "--show-secret"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    importer.has_kept(&secrets);
}

#[test]
fn every_account_of_githubs_cli_comes_over() {
    let mut importer = Importer::new();
    let [ada, bob, eve] = [canary(), canary(), canary()];
    let hosts = format!(
        "github.com:\n    users:\n        ada:\n            oauth_token: {ada}\n        bob:\n            oauth_token: {bob}\n        kim:\n    user: bob\n    oauth_token: {bob}\ngithub.corp.example:\n    user: eve\n    oauth_token: {eve}\n    git_protocol: ssh\n"
    );
    let file = importer.write(".config/gh/hosts.yml", &hosts);
    let report = importer.json(&["import", "gh"], 0);
    let expected = [
        "github ada imported",
        "github bob imported",
        "github kim skipped",
        "github eve@github.corp.example imported",
    ];
    assert_eq!(outcomes(&report), expected);
    for (connection, token) in [
        ("ada", &ada),
        ("bob", &bob),
        ("eve@github.corp.example", &eve),
    ] {
        assert_eq!(
            &importer.handed_out("default", "github", connection, "token"),
            token
        );
    }
    // The token of a GitHub of one's own goes nowhere else.
    let eve_is = importer.json(
        &["get", "github", "--connection", "eve@github.corp.example"],
        0,
    );
    let hosts_of_eve = eve_is["hosts"].as_array().unwrap();
    assert!(
        hosts_of_eve
            .iter()
            .all(|host| host.as_str().unwrap().starts_with("github.corp.example")),
        "{eve_is:#}"
    );
    // gh's active account is the one that is meant where none is named.
    assert_eq!(importer.json(&["get", "github"], 0)["connection"], "bob");
    let kim = &report["entries"][2];
    assert!(
        kim["next"].as_str().unwrap().contains("gh auth token"),
        "{kim:#}"
    );
    assert_eq!(importer.json(&["import", "gh"], 0)["imported"], 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), hosts);

    let elsewhere = file.display().to_string();
    let mut other = Importer::new();
    assert_eq!(
        other.json(&["import", "gh"], 5)["error"],
        "nothing_to_import"
    );
    assert_eq!(
        other.json(&["import", "gh", &elsewhere, "--dry-run"], 0)["imported"],
        3
    );
    importer.write(".config/gh/hosts.yml", &format!("github.com: [{ada}"));
    assert_eq!(
        importer.json(&["import", "gh"], 1)["error"],
        "source_unusable"
    );
    importer.has_kept(&[ada, bob, eve]);
}

#[test]
fn static_keys_of_the_aws_cli_come_over() {
    let mut importer = Importer::new();
    let [key, work] = [canary(), canary()];
    importer.write(
        ".aws/credentials",
        &format!(
            "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {key}\n"
        ),
    );
    importer.write(".aws/config", &format!("[profile work]\naws_access_key_id=AKIAIOSFODNN7EXAMPLF\naws_secret_access_key={work}\nregion=eu-west-1\n[profile sso]\nsso_session=x\n"));
    let definition = serde_json::json!({
        "schema_version": 2, "name": "aws", "display_name": "AWS", "category": "cloud", "flows": ["api_key"],
        "params": { "region": { "label": "Region", "default": "us-east-1" } }, "hosts": ["sts.amazonaws.com"],
        "api_key": { "docs": "https://aws.example", "headers": { "x-key": "{token}" }, "fields": [
            { "name": "access_key_id", "secret": false }, { "name": "token" }, { "name": "session_token", "optional": true },
        ] },
    });
    importer.product.home().write_definition(&definition);
    let report = importer.json(&["import", "aws"], 0);
    let expected = [
        "aws default imported",
        "aws sso skipped",
        "aws work imported",
    ];
    assert_eq!(outcomes(&report), expected, "{report:#}");
    assert_eq!(
        importer.handed_out("default", "aws", "default", "token"),
        key
    );
    assert_eq!(importer.handed_out("default", "aws", "work", "token"), work);
    assert_eq!(
        importer.handed_out("default", "aws", "work", "access_key_id"),
        "AKIAIOSFODNN7EXAMPLF"
    );
    assert_eq!(importer.json(&["import", "aws"], 0)["already_there"], 2);
    assert!(
        report["entries"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("SSO")
    );
    importer.has_kept(&[key, work]);
}

fn entry<'a>(report: &'a Value, place: &str) -> &'a Value {
    let entries = report["entries"].as_array().unwrap();
    let of = |e: &&Value| e["place"].as_str().unwrap().ends_with(place);
    entries
        .iter()
        .find(of)
        .unwrap_or_else(|| panic!("no {place}: {report:#}"))
}

#[test]
fn variables_of_an_env_file_find_their_providers() {
    let mut importer = Importer::new();
    let secrets: Vec<String> = (0..7).map(|_| canary()).collect();
    let text = format!(
        "# keys\nexport OPENAI_API_KEY=\"{}\"\nDD_API_KEY='{}'\nDD_APP_KEY={} # said\nGOOGLE_CLIENT_ID=an-id\nGOOGLE_CLIENT_SECRET={}\nNOTION_API_KEY=${{OTHER}}\nMY_SERVICE_TOKEN={}\nPORT=3000\nGOOGLE_ACCESS_TOKEN=a-token\nGITHUB_TOKEN={}\nGH_TOKEN={}\n",
        secrets[0], secrets[1], secrets[2], secrets[3], secrets[4], secrets[5], secrets[6]
    );
    let file = importer.write("project/.env", &text);
    let path = file.display().to_string();
    let report = importer.json(&["import", "env", &path], 0);
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        secrets[0]
    );
    assert_eq!(
        importer.handed_out("default", "datadog", "default", "token"),
        secrets[1]
    );
    assert_eq!(
        importer.handed_out("default", "datadog", "default", "app_key"),
        secrets[2]
    );
    assert_eq!(
        importer.handed_out("default", "github", "default", "token"),
        secrets[6]
    );
    assert_eq!(
        entry(&report, ".env: GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET")["kind"],
        "client"
    );
    let google = importer.json(&["list"], 0);
    let google = google["providers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["provider"] == "google")
        .cloned();
    assert_eq!(google.unwrap()["state"], "configured");
    // What refers to others is not filled in, and what nobody knows is named.
    assert_eq!(entry(&report, ".env: NOTION_API_KEY")["outcome"], "skipped");
    assert_eq!(
        entry(&report, ".env: MY_SERVICE_TOKEN")["outcome"],
        "skipped"
    );
    assert!(!report.to_string().contains("PORT"));
    let token = entry(&report, ".env: GOOGLE_ACCESS_TOKEN");
    assert_eq!(token["next"], "authkeep login google", "{token:#}");
    let github = entry(&report, ".env: GH_TOKEN");
    assert!(
        github["reason"]
            .as_str()
            .unwrap()
            .contains("GITHUB_TOKEN holds another value"),
        "{github:#}"
    );
    let again = importer.json(&["import", "env", &path], 0);
    assert_eq!(
        (&again["imported"], &again["already_there"]),
        (&0.into(), &report["imported"])
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    // Another value is another key: ours is kept, or replaced, or both are had.
    let other = canary();
    let piped = |importer: &mut Importer, more: &[&str]| {
        let arguments = [&["import", "env", "-", "--json"], more].concat();
        let output = importer.given(&arguments, &format!("OPENAI_API_KEY={other}\n"));
        assert_eq!(output.code, 0, "{output:?}");
        let report: Value = serde_json::from_str(&output.stdout).unwrap();
        report["entries"][0]["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(piped(&mut importer, &[]), "differs");
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        secrets[0]
    );
    assert_eq!(
        piped(&mut importer, &["--connection", "second"]),
        "imported"
    );
    assert_eq!(
        importer.handed_out("default", "openai", "second", "token"),
        other
    );
    assert_eq!(piped(&mut importer, &["--replace"]), "imported");
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        other
    );
    importer.has_kept(&[&secrets[..], &[other]].concat());
}

#[test]
fn whose_a_variable_is_can_be_said() {
    let mut importer = Importer::new();
    let token = canary();
    for name in ["one", "two"] {
        let definition = serde_json::json!({
            "schema_version": 2, "name": name, "display_name": name, "category": "dev", "flows": ["api_key"],
            "hosts": [format!("api.{name}.example")], "api_key": { "docs": "https://a.example", "headers": { "x-key": "{token}" } },
            "env": { "SHARED_KEY": "{token}" },
        });
        importer.product.home().write_definition(&definition);
    }
    let file = importer
        .write(".env", &format!("SHARED_KEY={token}\n"))
        .display()
        .to_string();
    let report = importer.json(&["import", "env", &file], 0);
    assert!(
        report["entries"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("one, two"),
        "{report:#}"
    );
    let report = importer.json(&["import", "env", &file, "--as", "SHARED_KEY=two"], 0);
    assert_eq!(outcomes(&report), ["two default imported"]);
    let wrong = importer.json(&["import", "env", &file, "--as", "SHARED_KEY=openai"], 0);
    assert_eq!(wrong["entries"][0]["outcome"], "skipped");
    let usage = run(&mut importer
        .product
        .command(&["import", "env", &file, "--as", "SHARED_KEY"]));
    assert_eq!(usage.code, 2, "{usage:?}");
    let no_such = [
        ("OTHER_KEY=two", 2, "variable_not_set"),
        ("SHARED_KEY=tow", 3, "provider_not_found"),
    ];
    for (words, code, error) in no_such {
        let refused = importer.json(&["import", "env", &file, "--as", words], code);
        assert_eq!(refused["error"], error, "{refused:#}");
    }
    importer.write(".env", &format!("SHARED_KEY=\"{token}\n"));
    let refused = importer.json(&["import", "env", &file], 1);
    assert!(
        refused["message"].as_str().unwrap().contains("line 1"),
        "{refused:#}"
    );
    importer.has_kept(&[token]);
}
