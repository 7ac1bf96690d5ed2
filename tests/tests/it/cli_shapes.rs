//! The happy path of every command, and the names in its `--json`, which are a promise.

use std::fs;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_tests::{Consent, Product, document};
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::refusal::keys;

fn ok(product: &Product, arguments: &[&str]) -> Value {
    let (code, value) = product.json(arguments);
    assert_eq!(code, 0, "{arguments:?}: {value}");
    value
}

/// People get text: something, and no JSON.
fn said(product: &Product, arguments: &[&str]) -> String {
    let output = product.run(arguments);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        !output.stdout.starts_with('{') && !output.stdout.trim().is_empty(),
        "{output:?}"
    );
    output.stdout
}

#[test]
fn before_anything_is_stored() {
    let product = Product::new();
    let list = ok(&product, &["list"]);
    assert_eq!(keys(&list), "profile providers");
    let first = &list["providers"][0];
    assert_eq!(
        keys(first),
        "connections definition flows provider source state"
    );
    assert_eq!(first["state"], "available");
    assert_eq!(
        ok(&product, &["profile", "list"]),
        json!({ "profiles": [], "in_force": "default" })
    );
    assert_eq!(ok(&product, &["audit", "log"]), json!({ "entries": [] }));
    assert_eq!(ok(&product, &["export"]), json!({}));
    let whoami = ok(&product, &["whoami"]);
    assert_eq!(
        keys(&whoami),
        "connected_providers encryption_mode home home_exists profile version"
    );
    assert_eq!(whoami["home_exists"], false);
    assert_eq!(keys(&ok(&product, &["doctor"])), "checks ok");
    ok(&product, &["providers"]);
    ok(&product, &["inspect", "github"]);
    assert_eq!(ok(&product, &["revoke", "openai"])["ended"], json!([]));
    // Looking made nothing.
    assert!(!product.home().authkeep_home().exists());

    let init = ok(&product, &["init"]);
    assert_eq!(keys(&init), "encryption_mode home profile");
    assert_eq!(ok(&product, &["init"]), init);
    assert_eq!(ok(&product, &["whoami"])["home_exists"], true);
}

#[test]
fn definitions() {
    let product = Product::new();
    let providers = ok(&product, &["providers"]);
    assert_eq!(keys(&providers), "broken providers");
    assert_eq!(
        keys(&providers["providers"][0]),
        "aliases category community_checked display_name extends flows provider source"
    );
    let found = ok(&product, &["providers", "--search", "gitlab"]);
    assert_eq!(found["providers"].as_array().unwrap().len(), 1, "{found}");
    assert!(said(&product, &["providers", "--search", "nothing like it"]).contains("No provider"));

    let inspect = ok(&product, &["inspect", "gh"]);
    assert_eq!(
        keys(&inspect),
        "aliases asks category community_checked display_name docs endpoints extends fields flows hosts issuer new_places notes params \
         provider redirect resource scopes setup source variables"
    );
    assert_eq!(inspect["provider"], "github");
    assert_eq!(keys(&inspect["flows"][0]), "available flow");

    let acme = Acme::new();
    let file = acme.product.home().home().join("mine.json");
    let mut definition = acme.server.definition("mine");
    fs::write(&file, definition.to_string()).unwrap();
    let path = file.to_str().unwrap();
    let output = acme.product.run(&["register", path]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stdout.contains(&acme.server.url()),
        "where credentials go: {output:?}"
    );
    definition["display_name"] = json!("Mine again");
    fs::write(&file, definition.to_string()).unwrap();
    let registered = ok(&acme.product, &["register", path, "--force"]);
    assert_eq!(keys(&registered), keys(&inspect));
    assert_eq!(registered["display_name"], "Mine again");
    let removed = ok(&acme.product, &["remove", "mine"]);
    assert_eq!(keys(&removed), "ended note");
    assert_eq!(acme.product.json(&["inspect", "mine"]).0, 3);
    // A bundled definition stays.
    ok(&acme.product, &["remove", "openai"]);
    ok(&acme.product, &["inspect", "openai"]);
}

#[test]
fn a_login_from_beginning_to_end() {
    let acme = Acme::new();
    let product = &acme.product;
    let mut login = product.command_with_browser(
        Consent::Approve,
        &["login", "acme", "--client-id", "test-client", "--json"],
    );
    let output = run(&mut login);
    assert_eq!(output.code, 0, "{output:?}");
    let login = document(&output);
    assert_eq!(
        keys(&login),
        "account auth connection expires_at login_expires outcome provider refreshable scopes scopes_missing status"
    );
    assert_eq!(login["outcome"], "logged_in");
    assert_eq!(
        ok(product, &["login", "acme"])["outcome"],
        "already_connected"
    );

    let list = ok(product, &["list", "--connected"]);
    assert_eq!(
        keys(&list["providers"][0]["connections"][0]),
        "account auth connection default expires_at login_expires problem refreshable refreshed_at scopes scopes_missing seconds_left status"
    );
    let details = acme.details();
    assert_eq!(
        keys(&details),
        "account auth client_id connection expires_at flow hosts login_expires obtained_at params problem \
         provider refreshable refreshed_at scopes scopes_missing seconds_left secrets status"
    );
    let token = product.secret("acme", "token");
    assert!(acme.server.token_is_active(&token));
    let field = ok(
        product,
        &["get", "acme", "--field", "token", "--show-secret"],
    );
    assert_eq!(field, json!({ "field": "token", "value": token }));
    let field = ok(product, &["get", "acme", "--field", "status"]);
    assert_eq!(field, json!({ "field": "status", "value": "connected" }));
    assert_eq!(
        said(product, &["get", "acme", "--field", "scopes"]),
        "read write\n"
    );

    assert_eq!(
        ok(product, &["export", "acme"]),
        json!({ "ACME_ACCESS_TOKEN": token })
    );
    assert_eq!(
        ok(product, &["export"]),
        json!({ "ACME_ACCESS_TOKEN": token })
    );
    let renewed = ok(product, &["get", "acme", "--refresh"]);
    assert_eq!(keys(&renewed), keys(&details));
    assert_ne!(product.secret("acme", "token"), token);
    let refreshed = ok(product, &["refresh", "--all"]);
    assert_eq!(keys(&refreshed), "profile refreshed");
    assert_eq!(
        keys(&refreshed["refreshed"][0]),
        "connection expires_at provider result seconds_left"
    );
    assert_eq!(
        keys(&ok(product, &["refresh", "--unit", "systemd"])),
        "file text unit"
    );

    let log = ok(product, &["audit", "log"]);
    assert_eq!(
        keys(&log["entries"][0]),
        "action at connection details outcome profile provider"
    );
    let releases = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "release");
    assert_eq!(releases.count(), 5, "every time a secret went out: {log}");

    let ended = ok(product, &["logout", "acme"]);
    assert_eq!(keys(&ended), "ended note");
    assert_eq!(
        keys(&ended["ended"][0]),
        "connection deleted provider remote why"
    );
    assert_eq!(ok(product, &["revoke", "acme"])["ended"], json!([]));
}

#[test]
fn people_are_told_in_words() {
    let acme = Acme::connected();
    let product = &acme.product;
    assert!(said(product, &["list"]).contains("acme"));
    assert!(said(product, &["refresh", "acme"]).contains("renewed"));
    assert!(said(product, &["refresh", "--unit", "systemd"]).contains("[Service]"));
    assert!(said(product, &["get", "acme"]).contains("hidden"));
    assert!(said(product, &["whoami"]).contains("connected  1"));
    assert!(said(product, &["doctor"]).contains("all whole"));
    assert!(said(product, &["audit", "log"]).contains("login"));
    assert!(said(product, &["inspect", "acme"]).contains("sent to"));
    assert!(said(product, &["init"]).contains("is ready"));
    assert!(said(product, &["login", "acme"]).contains("connected already"));
    assert!(said(product, &["logout", "acme"]).contains("revoked there and deleted here"));
    assert!(said(product, &["--version"]).contains("authkeep"));
    assert!(said(product, &["help"]).contains("Exit codes"));
    for format in ["env", "shell", "fish", "powershell", "dotenv"] {
        let output = product.run(&["export", "--format", format]);
        assert_eq!((output.code, &*output.stdout), (0, ""), "{output:?}");
        assert!(output.stderr.contains("nothing to export"), "{output:?}");
    }
}

#[test]
fn what_is_taken_over() {
    let product = Product::new();
    let file = product.home().home().join(".env");
    fs::write(&file, format!("OPENAI_API_KEY={}\n", canary())).unwrap();
    let found = ok(&product, &["setup", "--scan", "dotenv"]);
    assert_eq!(keys(&found), "found next problems scanned");
    let each = "connection hosts kind next outcome place profile provider reason token_endpoint";
    let mut with: Vec<_> = each.split(' ').chain(["number", "source"]).collect();
    with.sort_unstable();
    assert_eq!(keys(&found["found"][0]), with.join(" "));
    assert_eq!(found["found"][0]["outcome"], "available");
    let file = file.display().to_string();
    said(&product, &["import", "env", &file, "--dry-run"]);
    let report = ok(&product, &["import", "env", &file]);
    assert_eq!(
        keys(&report),
        "already_there damaged differs dry_run entries from imported skipped source"
    );
    assert_eq!(keys(&report["entries"][0]), each);
    assert_eq!(report["imported"], 1);
    let log = ok(&product, &["audit", "log"]);
    let last = log["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(last["action"], "import");
    assert_eq!(last["details"], json!({ "from": "env", "kind": "login" }));
}

#[test]
fn a_key_on_standard_input() {
    let product = Product::new();
    let key = canary();
    let output = product.run_with_input(
        &["login", "openai", "--with-token", "--json"],
        &format!("{key}\n"),
    );
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(document(&output)["auth"], "api_key");
    assert!(!format!("{output:?}").contains(&key));
    assert_eq!(product.secret("openai", "api_key"), key);
    // A key that does not look like one is taken, with a warning.
    assert!(output.stderr.contains("warning: "), "{output:?}");

    // Several fields come as an object.
    let (api, app) = (canary(), canary());
    let fields = json!({ "token": api, "app_key": app }).to_string();
    let output = product.run_with_input(&["login", "datadog", "--with-token"], &fields);
    assert_eq!(output.code, 0, "{output:?}");
    let exported = ok(&product, &["export", "datadog"]);
    assert_eq!(exported["DD_API_KEY"], api, "{exported}");

    // From the environment, which is named.
    let output = run(product
        .command(&["login", "anthropic", "--no-input"])
        .env("ANTHROPIC_API_KEY", &key));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stderr.contains("Using ANTHROPIC_API_KEY"),
        "{output:?}"
    );
}

#[test]
fn quiet_hides_talk_but_not_what_has_to_be_done() {
    let acme = Acme::new();
    let arguments = ["login", "acme", "--client-id", "test-client", "--quiet"];
    let output = run(&mut acme
        .product
        .command_with_browser(Consent::Approve, &arguments));
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output:?}");
    // Without a browser the address is all that a person has.
    let output = run(acme.product.command(&arguments).args([
        "--force",
        "--browser",
        "none",
        "--timeout",
        "1s",
    ]));
    assert_eq!(output.code, 4, "{output:?}");
    assert!(
        output
            .stderr
            .contains(&format!("{}/authorize?", acme.server.url())),
        "{output:?}"
    );
    assert!(!output.stderr.contains("Waiting"), "{output:?}");
}
