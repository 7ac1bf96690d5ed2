//! API keys that are exchanged for a token: a login like Docker Hub's, end to end.

use std::time::Instant;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, OAuthServer, Scripted, ServerOptions, Switch};
use authkeep_tests::{Product, all_at_once, rounds};
use serde_json::{Value, json};

use crate::acme::Acme;

/// A server with one key, and its definition.
fn world(password: &str) -> (Acme, Value) {
    let server = OAuthServer::start(ServerOptions {
        clients: vec![Client::post("ada", password)],
        ..ServerOptions::default()
    });
    let mut definition = server.definition("acme");
    definition.as_object_mut().unwrap().remove("oauth");
    definition["flows"] = json!(["api_key"]);
    definition["api_key"] = json!({
        "fields": [
            {"name": "username", "label": "User name", "secret": false},
            {"name": "password", "label": "Password"},
            {"name": "otp", "optional": true},
        ],
        "exchange": {
            "url": format!("{}/login", server.url()),
            "format": "json",
            "params": {"identifier": "{username}", "secret": "{password}", "otp": "{otp}"},
            "token_path": "/session/token",
            "expires_in_path": "/session/seconds",
        },
    });
    // The key itself is for no program: `login` looks for it in variables of its own.
    definition["env"] = json!({ "ACME_ACCESS_TOKEN": "{token}" });
    let product = Product::new();
    product.home().write_definition(&definition);
    (Acme { server, product }, definition)
}

fn login(acme: &Acme, password: &str, more: &[&str]) -> authkeep_testkit::home::Output {
    let input = json!({"username": "ada", "password": password}).to_string();
    let arguments = [&["login", "acme", "--with-token", "--json"], more].concat();
    acme.product.run_with_input(&arguments, &input)
}

#[test]
fn a_key_becomes_a_token_that_is_renewed_with_the_key() {
    let password = canary();
    let (acme, _) = world(&password);
    let output = run(acme
        .product
        .command(&["login", "acme", "--no-input", "--json"])
        .env("ACME_USERNAME", "ada")
        .env("ACME_PASSWORD", &password));
    assert_eq!(output.code, 0, "{output:?}");
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    // The account was asked with the token, not with the key.
    assert_eq!(document["account"], "ada", "{document}");
    assert_eq!(document["auth"], "api_key");
    assert_eq!(document["refreshable"], true);

    let token = acme.product.secret("acme", "token");
    assert_ne!(token, password);
    let (_, exported) = acme.product.json(&["export", "acme"]);
    assert_eq!(exported, json!({ "ACME_ACCESS_TOKEN": token }));
    assert!(acme.server.token_is_active(&token));
    assert_eq!(acme.product.secret("acme", "password"), password);
    assert_eq!(acme.server.count("/login"), 1);
    let details = acme.details();
    assert_eq!(details["status"], "connected");
    assert!(details["seconds_left"].as_u64().unwrap() > 3_500);

    // A program gets a token that works, long after the first has run out and without the environment.
    acme.expire();
    let script = "printf %s $ACME_ACCESS_TOKEN";
    let program = [
        "run",
        "--env",
        "--provider",
        "acme",
        "--",
        "sh",
        "-c",
        script,
    ];
    let renewed = acme.product.run(&program);
    assert_eq!(renewed.code, 0, "{renewed:?}");
    assert_ne!(renewed.stdout, token);
    assert!(acme.server.token_is_active(&renewed.stdout));
    // And whoever asks for another one gets it.
    assert_eq!(acme.product.run(&["refresh", "acme"]).code, 0);
    let forced = acme.product.secret("acme", "token");
    assert_ne!(forced, renewed.stdout);
    assert!(acme.server.token_is_active(&forced));
    assert_eq!(acme.server.count("/login"), 3);
    // Neither the key nor a token can be read from the disk.
    for (path, bytes) in acme.product.files() {
        let found = acme.server.secrets();
        let found = found
            .iter()
            .find(|s| bytes.windows(s.len()).any(|w| w == s.as_bytes()));
        assert_eq!(found, None, "{}", path.display());
    }
    let ended = acme.product.json(&["logout", "acme"]).1;
    assert_eq!(ended["ended"][0]["remote"], "not_offered", "{ended}");
    assert!(!acme.is_connected());
}

#[test]
fn a_key_may_go_into_the_header_of_a_get() {
    let password = canary();
    let (acme, mut definition) = world(&password);
    let exchange = &mut definition["api_key"]["exchange"];
    exchange.as_object_mut().unwrap().remove("params");
    exchange["format"] = json!("none");
    exchange["method"] = json!("GET");
    exchange["basic"] = json!(["{username}", "{password}"]);
    exchange["headers"] = json!({"X-App": "authkeep"});
    acme.product.home().write_definition(&definition);
    let output = login(&acme, &password, &[]);
    assert_eq!(output.code, 0, "{output:?}");
    let log = acme.server.log();
    let seen = log.iter().find(|seen| seen.path == "/login").unwrap();
    assert_eq!(seen.method, "GET");
    assert_eq!(seen.header("x-app"), Some("authkeep"));
    assert!(
        acme.server
            .token_is_active(&acme.product.secret("acme", "token"))
    );
}

#[test]
fn a_key_that_is_refused_is_not_kept_and_one_that_was_good_is() {
    let password = canary();
    let (acme, _) = world(&password);
    let output = login(&acme, "wrong", &[]);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.code, &document["error"]), (4, &json!("no_token")));
    assert!(output.stdout.contains("401"), "{output:?}");
    assert!(!acme.is_connected());
    // Nor is it said again, where the server repeats it.
    let repeated = json!({"error": &*password, "message": format!("bad key {password}")});
    let repeated = Scripted::Status {
        status: 400,
        headers: Vec::new(),
        body: repeated.to_string().into_bytes(),
    };
    acme.server.script("/login", vec![repeated]);
    let output = login(&acme, &password, &[]);
    assert_eq!(output.code, 4, "{output:?}");
    assert!(output.stdout.contains("status 400"), "{output:?}");
    assert!(!format!("{output:?}").contains(&*password), "{output:?}");

    assert_eq!(login(&acme, &password, &[]).code, 0);
    // A server that is out of order is asked again, and one that says no is believed; the key is kept.
    let status = |status| Scripted::Status {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    };
    acme.expire();
    acme.server
        .script("/login", vec![status(503), Scripted::Lost]);
    let asked = acme.server.count("/login");
    assert_eq!(run(&mut acme.get()).code, 0);
    assert_eq!(acme.server.count("/login"), asked + 3);
    acme.expire();
    acme.server.script("/login", vec![status(403)]);
    let output = run(&mut acme.get());
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains("status 403"), "{output:?}");
    assert!(
        output.stderr.contains("authkeep login acme --force"),
        "{output:?}"
    );
    assert_eq!(acme.details()["status"], "connected");
    // After a rest, with the server well again, the same key does.
    let output = login(&acme, &password, &["--force"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        acme.server
            .token_is_active(&acme.product.secret("acme", "token"))
    );
}

#[test]
fn a_key_goes_nowhere_but_where_it_was_entered_for() {
    let password = canary();
    let (acme, mut definition) = world(&password);
    assert_eq!(login(&acme, &password, &[]).code, 0);
    let elsewhere = OAuthServer::start(ServerOptions::default());
    let exchange = definition["api_key"]["exchange"].clone();
    for (field, value) in [
        ("url", json!(format!("{}/login", elsewhere.url()))),
        ("url", json!(format!("{}/api/echo", acme.server.url()))),
        (
            "params",
            json!({"identifier": "{username}", "public_note": "{password}"}),
        ),
        ("headers", json!({"X-Forward": "{password}"})),
        ("basic", json!(["{username}", "{password}"])),
        ("format", json!("form")),
    ] {
        definition["api_key"]["exchange"][field] = value;
        acme.product.home().write_definition(&definition);
        acme.expire();
        let asked = acme.server.log().len();
        let output = run(&mut acme.get());
        assert_eq!(output.code, 6, "{field}: {output:?}");
        assert!(
            output.stderr.contains("not as it was at login"),
            "{output:?}"
        );
        assert_eq!(acme.server.log().len(), asked, "{field}");
        definition["api_key"]["exchange"] = exchange.clone();
    }
    assert_eq!(elsewhere.log().len(), 0);
    // The negative control: a definition that is as it was.
    acme.product.home().write_definition(&definition);
    assert_eq!(run(&mut acme.get()).code, 0);
}

#[test]
fn a_crowd_of_processes_exchanges_once_for_each_expiry() {
    let password = canary();
    let (acme, _) = world(&password);
    assert_eq!(login(&acme, &password, &[]).code, 0);
    let (size, expiries) = (rounds(16, 64), rounds(4, 50));
    let secrets = acme.server.secrets().len();
    let start = Instant::now();
    for expiry in 0..expiries {
        acme.expire();
        let mut printed: Vec<_> = all_at_once((0..size).map(|_| acme.get()))
            .into_iter()
            .map(|get| {
                assert_eq!(get.code, 0, "{get:?}");
                get.stdout
            })
            .collect();
        printed.dedup();
        assert_eq!(printed.len(), 1, "expiry {expiry}: {printed:?}");
        assert!(acme.server.token_is_active(&printed[0]));
    }
    acme.wait_until_quiet();
    let asked = acme.server.count("/login") - 1;
    let issued = acme.server.secrets().len() - secrets;
    println!(
        "figure: key exchange, {size} processes, {expiries} expiries: {asked} exchanges, {issued} tokens, {:.1} s",
        start.elapsed().as_secs_f64()
    );
    assert_eq!((asked, issued), (expiries as usize, expiries as usize));
    acme.assert_sound();
}

#[test]
fn without_locks_the_same_crowd_exchanges_more_often() {
    // The negative control of the count: the same library, and locks that lock nothing.
    let password = canary();
    let (acme, _) = world(&password);
    assert_eq!(login(&acme, &password, &[]).code, 0);
    acme.server
        .script("/login", vec![Scripted::Late(100); 1_000]);
    acme.expire();
    let arguments = ["resolve", "16", "without-lock"];
    let ended = all_at_once((0..4).map(|_| acme.embedder(&arguments)));
    let asked = acme.server.count("/login") - 1;
    println!("figure: key exchange, 64 callers without locks: {asked} exchanges");
    assert!(asked > 1, "{ended:?}");
}

#[test]
fn a_token_of_which_nobody_says_how_long_it_lives_is_kept_until_it_is_asked_for_anew() {
    let password = canary();
    let (acme, mut definition) = world(&password);
    acme.server.set(Switch::AccessTokenTtl(None));
    assert_eq!(login(&acme, &password, &[]).code, 0);
    assert_eq!(acme.details()["expires_at"], json!(null));
    let token = acme.product.secret("acme", "token");
    assert_eq!(acme.product.run(&["refresh", "acme"]).code, 0);
    assert_ne!(acme.product.secret("acme", "token"), token);
    // A definition may know.
    definition["api_key"]["exchange"]["expires_in"] = json!(600);
    acme.product.home().write_definition(&definition);
    assert_eq!(login(&acme, &password, &["--force"]).code, 0);
    let left = acme.details()["seconds_left"].as_u64().unwrap();
    assert!((500..=600).contains(&left), "{left}");
}
