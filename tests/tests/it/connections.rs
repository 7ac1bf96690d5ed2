//! Several accounts at one provider, what each may do, and for how long.

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Scripted, ServerOptions};
use authkeep_tests::{Consent, Product, all_at_once, rounds};
use serde_json::{Value, json};

use crate::acme::Acme;

/// Which connection a bare `get` means.
fn meant(acme: &Acme) -> Value {
    acme.details()["connection"].clone()
}

#[test]
fn the_chosen_connection_is_the_one_that_is_meant() {
    let acme = Acme::new();
    let product = &acme.product;
    for name in ["work", "home"] {
        let output = acme.login(Consent::Approve, &["--connection", name]);
        assert_eq!(output.code, 0, "{output:?}");
    }
    // Nobody guesses.
    let (code, error) = product.json(&["get", "acme"]);
    assert_eq!((code, &error["error"]), (9, &json!("connection_ambiguous")));
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("authkeep use acme"),
        "{error}"
    );

    let (code, chosen) = product.json(&["use", "acme", "work"]);
    assert_eq!(code, 0, "{chosen}");
    assert_eq!(
        chosen,
        json!({ "provider": "acme", "default_connection": "work" })
    );
    assert_eq!(meant(&acme), "work");
    let (_, list) = product.json(&["list", "--connected"]);
    let defaults: Vec<_> = list["providers"][0]["connections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|login| {
            (
                login["connection"].as_str().unwrap(),
                login["default"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(defaults, [("home", false), ("work", true)]);
    let table = product.run(&["list"]).stdout;
    assert!(
        table.contains("work *") && table.contains("authkeep use"),
        "{table}"
    );
    let (_, services) = product.json(&["auth"]);
    let mut services = services["services"].as_array().unwrap().iter();
    let service = services
        .find(|service| service["provider"] == "acme")
        .unwrap();
    assert_eq!(service["connection"], "work");

    // A login without a name renews it, and makes no third one.
    let output = acme.login(Consent::Approve, &["--force"]);
    assert!(output.stdout.contains("acme (work)"), "{output:?}");
    // The choice is somebody's act, and on record.
    let log = product.run(&["audit", "log", "--json"]).stdout;
    assert!(log.contains(r#""action": "use""#), "{log}");

    assert_eq!(product.run(&["logout", "acme"]).code, 0);
    assert_eq!(meant(&acme), "home");
    // Another login of that name is not chosen because an earlier one was.
    acme.login(Consent::Approve, &["--connection", "work"]);
    assert_eq!(product.json(&["get", "acme"]).0, 9);
}

#[test]
fn only_what_is_there_can_be_chosen() {
    let acme = Acme::connected();
    let product = &acme.product;
    let table = [
        (["use", "acme", "work"], 9, "connection_not_found"),
        (["use", "acem", "work"], 3, "provider_not_found"),
        (["use", "github", "work"], 5, "credential_missing"),
    ];
    for (arguments, code, kind) in table {
        let (found, error) = product.json(&arguments);
        assert_eq!(
            (found, error["error"].as_str()),
            (code, Some(kind)),
            "{arguments:?}"
        );
    }
    assert_eq!(meant(&acme), "default");
    assert!(!product.run(&["list"]).stdout.contains('*'));
}

#[test]
fn who_chooses_at_the_same_moment_as_others_has_chosen_too() {
    let acme = Acme::connected();
    acme.login(Consent::Approve, &["--connection", "work"]);
    let choose = |turn: usize| {
        let name = ["default", "work"][turn % 2];
        acme.product.command(&["use", "acme", name])
    };
    for chosen in all_at_once((0..rounds(24, 200) as usize).map(choose)) {
        assert_eq!(chosen.code, 0, "{chosen:?}");
    }
    assert!(["default", "work"].contains(&meant(&acme).as_str().unwrap()));
}

#[test]
fn scopes_are_replaced_or_added_and_what_was_not_granted_is_said() {
    let acme = Acme::with(ServerOptions {
        scopes: ["read", "write"].map(str::to_owned).into(),
        ..ServerOptions::default()
    });
    let output = acme.login(Consent::Approve, &["--scopes", "read"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(acme.details()["scopes"], json!(["read"]));

    // To ask for more loses nothing, so it needs no --force.
    let output = acme.login(Consent::Approve, &["--scopes", "+write,+admin"]);
    assert!(output.stdout.starts_with("Logged in"), "{output:?}");
    assert!(output.stderr.contains("not granted: admin"), "{output:?}");
    let details = acme.details();
    assert_eq!(details["scopes"], json!(["read", "write"]));
    assert_eq!(details["scopes_missing"], json!(["admin"]));
    let (_, list) = acme.product.json(&["list"]);
    let acme_row = &list["providers"][0]["connections"][0];
    assert_eq!(acme_row["scopes_missing"], json!(["admin"]));

    // What is there already is left alone; what would be lost is not taken away unasked.
    let again = acme.login(Consent::Approve, &["--scopes", "+write"]);
    assert!(again.stdout.contains("connected already"), "{again:?}");
    let (code, error) = acme.product.json(&["login", "acme", "--scopes", "read"]);
    assert_eq!(code, 2, "{error}");
    for wrong in ["+read,write", "+", ","] {
        assert_eq!(
            acme.product.run(&["login", "acme", "--scopes", wrong]).code,
            2,
            "{wrong}"
        );
    }
}

#[test]
fn an_api_key_has_no_scopes_that_could_be_missing() {
    let product = Product::new();
    let key = canary();
    let output = product.run_with_input(&["login", "openai", "--with-token"], &key);
    assert_eq!(output.code, 0, "{output:?}");
    let again = product.run(&["login", "openai", "--scopes", "+admin", "--no-input"]);
    assert!(again.stdout.contains("connected already"), "{again:?}");
}

fn answer(refresh_token_expires_in: Option<u64>) -> Scripted {
    let mut body = json!({
        "access_token": canary(),
        "refresh_token": canary(),
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    if let Some(seconds) = refresh_token_expires_in {
        body["refresh_token_expires_in"] = json!(seconds);
    }
    Scripted::Status {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

#[test]
fn the_end_of_a_login_is_known_beforehand() {
    let acme = Acme::new();
    acme.server
        .script("/token", vec![answer(Some(7 * 86_400 + 1_800))]);
    let output = acme.login(Consent::Approve, &[]);
    assert!(
        output.stdout.contains("The login ends in 7d 0h"),
        "{output:?}"
    );
    let expires = acme.details()["login_expires"].clone();
    assert!(
        expires["at"].is_string() && expires["condition"].is_null(),
        "{expires}"
    );
    // Seven days ahead nothing is wrong yet.
    assert!(acme.details()["problem"].is_null());

    acme.server
        .script("/token", vec![answer(Some(86_400 + 1_800))]);
    acme.login(Consent::Approve, &["--force"]);
    let problem = acme.details()["problem"].clone();
    assert_eq!(problem["error"], "login_expires", "{problem}");
    assert!(
        problem["hint"]
            .as_str()
            .unwrap()
            .contains("login acme --force"),
        "{problem}"
    );
    assert!(
        acme.product
            .run(&["list"])
            .stdout
            .contains("the login ends in 1d 0h")
    );

    // A login of which nobody says so has no end.
    acme.server.script("/token", vec![answer(None)]);
    let output = acme.login(Consent::Approve, &["--force"]);
    assert!(!output.stdout.contains("login ends"), "{output:?}");
    assert!(acme.details()["login_expires"].is_null());
}

#[test]
fn a_definition_knows_of_an_end_that_the_server_does_not_mention() {
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["oauth"]["login_expires_in"] = json!(606_600);
    definition["oauth"]["login_expires_if"] = json!("the app is in testing");
    acme.product.home().write_definition(&definition);
    let mut command = acme.product.command_with_browser(
        Consent::Approve,
        &["login", "acme", "--client-id", "test-client"],
    );
    let output = run(&mut command);
    let said = "If the app is in testing, the login ends in 7d 0h";
    assert!(output.stdout.contains(said), "{output:?}");
    assert_eq!(
        acme.details()["login_expires"]["condition"],
        "the app is in testing"
    );
    // The server's own word is worth more.
    acme.server
        .script("/token", vec![answer(Some(30 * 86_400 + 1_800))]);
    let output = acme.login(Consent::Approve, &["--force"]);
    assert!(
        output.stdout.contains("The login ends in 30d"),
        "{output:?}"
    );
}
