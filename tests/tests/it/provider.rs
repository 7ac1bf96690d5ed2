//! For authors: a definition is begun, checked, and rehearsed; what the rehearsal shows is what a login sends.

use std::fs;
use std::path::PathBuf;

use authkeep_testkit::home::{run, run_with_input};
use authkeep_tests::{Consent, Product, rounds};
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::services::at_the_registered_port;
use crate::terminal::Terminal;

fn written(product: &Product, definition: &Value) -> PathBuf {
    let file = product.home().home().join("draft.json");
    fs::write(&file, definition.to_string()).unwrap();
    file
}

fn checked(product: &Product, definition: &Value) -> (i32, Value) {
    let file = written(product, definition);
    product.json(&["provider", "check", file.to_str().unwrap()])
}

/// The parameters of one step, in their order, with a query as well as a form.
fn parameters(checked: &Value, step: &str) -> Vec<(String, String)> {
    let flows = checked["flows"].as_array().unwrap();
    let mut requests = flows
        .iter()
        .flat_map(|flow| flow["requests"].as_array().unwrap());
    let request = requests
        .find(|request| request["step"] == step)
        .unwrap_or_else(|| panic!("no {step}: {checked}"));
    let pairs = request["query"]
        .as_array()
        .unwrap()
        .iter()
        .chain(request["form"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    pairs
        .map(|pair| (text(&pair["name"]), text(&pair["value"])))
        .collect()
}

#[test]
fn what_is_rehearsed_is_what_a_login_sends() {
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code"]);
    let (code, rehearsed) = checked(&acme.product, &definition);
    assert_eq!((code, &rehearsed["ok"]), (0, &json!(true)), "{rehearsed}");
    assert!(acme.server.log().is_empty(), "nothing was sent");
    acme.product.home().write_definition(&definition);
    assert_eq!(acme.login(Consent::Approve, &[]).code, 0);

    let sent = acme.server.log();
    let sent = sent
        .iter()
        .find(|request| request.path == "/token")
        .unwrap();
    let mut real: Vec<String> = sent.form.iter().map(|(name, _)| name.clone()).collect();
    let shown = parameters(&rehearsed, "token");
    let mut names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
    real.sort();
    names.sort();
    // This client was entered without a secret, and the stand-in has one.
    names.retain(|name| name != "client_secret");
    assert_eq!(names, real);
    let value = |name: &str| {
        shown
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(value("grant_type"), "authorization_code");
    assert_eq!(
        (value("code"), value("code_verifier")),
        ("<code>".to_owned(), "<code_verifier>".to_owned())
    );
}

#[test]
fn every_way_of_a_definition_is_shown_and_no_secret_of_this_machine_is_in_it() {
    let product = Product::new();
    let definition = json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["authorization_code", "client_credentials", "api_key"],
        "params": { "site": { "label": "Site", "pattern": "[a-z]{20}" } }, "hosts": ["{site}.acme.example/v1/", "*.acme.example"],
        "oauth": {
            "authorization_url": "https://acme.example/a", "token_url": "https://acme.example/t", "client_auth": "basic",
            "revocation": { "url": "https://acme.example/{client_id}/r", "method": "DELETE", "format": "json", "params": { "t": "{token}" } },
            "client_env": { "client_secret": "ACME_SECRET" },
        },
        "api_key": {
            "fields": [{ "name": "user", "secret": false }, { "name": "word" }], "headers": { "X-Key": "{token}" },
            "exchange": { "url": "https://acme.example/x", "format": "json", "params": { "u": "{user}", "w": "{word}" }, "token_path": "/d/0/t" },
        },
    });
    let file = written(&product, &definition);
    let mut command = product.command(&["provider", "check", file.to_str().unwrap()]);
    let shown = run(command.env("ACME_SECRET", "cnry_0123456789abcdef0123456789abcdef"));
    assert_eq!(shown.code, 0, "{shown:?}");
    for part in [
        "authorization: browser https://acme.example/a",
        "token: POST https://acme.example/t",
        "Basic base64(<client_id>:<client_secret>)",
        "revocation: DELETE https://acme.example/<client_id>/r",
        "{\"t\":\"<access_token>\"}",
        "exchange: POST https://acme.example/x",
        "{\"u\":\"<user>\",\"w\":\"<word>\"}",
        "grant_type=client_credentials",
        "refresh_token=<refresh_token>",
        "request: GET https://abcdefghijklmnopqrst.acme.example/v1/…",
        "X-Key: <token>",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    assert!(!format!("{shown:?}").contains("cnry_"));
    // Nothing is left behind, not even a home.
    assert!(!product.home().authkeep_home().exists());
    let left: Vec<_> = fs::read_dir(product.home().tmp()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn faults_overlaps_and_servers_are_told() {
    let product = Product::new();
    let (code, found) = checked(
        &product,
        &json!({ "schema_version": 2, "name": "a b", "flows": ["api_key"] }),
    );
    assert_eq!((code, &found["ok"]), (1, &json!(false)));
    let fields: Vec<_> = found["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["field"].as_str().unwrap())
        .collect();
    assert!(
        fields.contains(&"name") && fields.contains(&"display_name") && fields.contains(&"api_key"),
        "{found}"
    );
    assert_eq!(found["faults"][0]["line"], json!(1));

    let definition = json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["api_key"], "hosts": ["api.openai.com"], "api_key": {},
    });
    let (_, found) = checked(&product, &definition);
    let overlaps = found["overlaps"].as_array().unwrap();
    assert!(
        overlaps
            .iter()
            .any(|overlap| overlap["provider"] == "openai"),
        "{found}"
    );

    // A server that is there, and one that is not.
    let acme = Acme::new();
    let file = written(&acme.product, &acme.server.definition("acme"));
    let (_, found) =
        acme.product
            .json(&["provider", "check", file.to_str().unwrap(), "--reachable"]);
    assert_eq!(found["servers"][0]["reached"], json!(true), "{found}");
    let requests = acme.server.log();
    assert!(
        !requests.is_empty()
            && requests
                .iter()
                .all(|request| request.header("authorization").is_none())
    );
    let mut gone = acme.server.definition("acme");
    gone["oauth"]["token_url"] = json!("http://127.0.0.1:1/token");
    let file = written(&acme.product, &gone);
    let (code, found) =
        acme.product
            .json(&["provider", "check", file.to_str().unwrap(), "--reachable"]);
    assert_eq!((code, &found["ok"]), (1, &json!(false)), "{found}");
}

#[test]
fn bundled_definitions_can_be_rehearsed_to_their_end() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/registry/providers");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let step = (files.len() / rounds(12, 10_000) as usize).max(1);
    let product = Product::new();
    let mut ended = 0;
    for file in files.iter().step_by(step) {
        let attempt = || product.json(&["provider", "check", file.to_str().unwrap()]);
        let (code, found) = at_the_registered_port(attempt, |(_, found)| found.to_string());
        assert_eq!(code, 0, "{}: {found}", file.display());
        ended += 1;
    }
    assert!(ended >= 12, "{ended}");
}

#[test]
fn a_definition_is_begun_by_answers() {
    let product = Product::new();
    let mut terminal = Terminal::of(
        &product,
        "cd ~; authkeep provider new acme; echo code $?",
        30,
        160,
    );
    for (question, answer) in [
        ("Name that people read [acme]: ", "Acme Inc"),
        (
            "Hosts that get the credential",
            "api.acme.example files.acme.example",
        ),
        ("key or oauth [key]: ", "maybe"),
        ("it is `key` or `oauth`", "key"),
        ("Header that carries the key [Authorization]: ", "X-Key"),
        ("What stands in it [{token}]: ", ""),
        ("Page where one makes a key", "https://acme.example/keys"),
        ("Variable for programs [ACME_API_KEY]: ", ""),
    ] {
        terminal.until(question);
        terminal.types(&format!("{answer}\r"));
    }
    let seen = terminal.ends(0);
    assert!(seen.contains("authkeep provider check"), "{seen}");
    let file = product.home().home().join("acme.json");
    let definition: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        definition["api_key"]["headers"],
        json!({ "X-Key": "{token}" })
    );
    assert_eq!(
        definition["hosts"],
        json!(["api.acme.example", "files.acme.example"])
    );
    assert_eq!(product.json(&["register", file.to_str().unwrap()]).0, 0);
    // What is there is left alone.
    let again = product.run(&["provider", "new", "acme", "--file", file.to_str().unwrap()]);
    assert_eq!(again.code, 2, "{again:?}");
}

#[test]
fn a_definition_is_begun_by_what_a_server_publishes() {
    let acme = Acme::new();
    let file = acme.product.home().home().join("found.json");
    let arguments = [
        "provider",
        "new",
        "found",
        "--from",
        &acme.server.url(),
        "--file",
        file.to_str().unwrap(),
    ];
    let (code, made) = acme.product.json(&arguments);
    assert_eq!(code, 0, "{made}");
    assert_eq!(made["provider"], "found");
    let definition: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(definition["oauth"]["issuer"], json!(acme.server.url()));
    let (code, found) = acme
        .product
        .json(&["provider", "check", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{found}");
    let without = acme.product.run(&["provider", "new", "other"]);
    assert_eq!(without.code, 2, "{without:?}");
    assert!(without.stderr.contains("--from URL"), "{without:?}");
}

#[test]
fn the_schema_is_the_manuals() {
    let product = Product::new();
    let manual = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/definition.schema.json"
    );
    let printed = product.run(&["provider", "schema"]);
    assert_eq!(
        (printed.code, printed.stdout),
        (0, fs::read_to_string(manual).unwrap())
    );
    // A file that names it is read.
    let definition = json!({
        "$schema": "definition.schema.json", "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["api_key"],
        "hosts": ["api.acme.example"], "api_key": {},
    });
    let input = definition.to_string();
    let registered = run_with_input(&mut product.command(&["register", "-"]), input.as_bytes());
    assert_eq!(registered.code, 0, "{registered:?}");
}
