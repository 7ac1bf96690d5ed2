//! The device code flow at an OpenID provider that is nobody's code here, approved in a real browser.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use authkeep_tests::{Browser, BrowserAction, OidcClient, OidcOptions};
use serde_json::{Value, json};

use crate::openid::OpenId;

/// `login acme` as this client.
fn login(openid: &OpenId, client: OidcClient, action: BrowserAction) -> (i32, Value) {
    let mut command = openid
        .product
        .command(&["login", "acme", "--json", "--force"]);
    command.env("ACME_CLIENT_ID", client.id());
    if let Some(secret) = client.secret() {
        command.env("ACME_CLIENT_SECRET", secret);
    }
    let (event, code, document) = decided(command, action);
    assert_eq!(event["client_id"], client.id());
    (code, document)
}

/// Starts a `login --json` that shows a code, and does in Chromium what `action` says. Returns what was shown, the exit
/// code and stdout.
pub(crate) fn decided(mut command: Command, action: BrowserAction) -> (Value, i32, Value) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with('{') {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "no code was shown");
    }
    let event: Value = serde_json::from_str(&line).unwrap();
    let address = event["verification_uri_complete"].as_str().unwrap();
    let visit = Browser::chromium().acting(action).visit(address);
    assert_eq!(visit.code, 0, "{visit:#?}");
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap();
    (event, output.status.code().unwrap(), document)
}

#[test]
fn both_kinds_of_client_log_in_use_the_token_renew_it_and_end_it() {
    for client in [OidcClient::DevicePublic, OidcClient::DeviceConf] {
        let openid = OpenId::new(&OidcOptions::default(), client);
        let (code, document) = login(&openid, client, BrowserAction::Approve);
        assert_eq!(
            (code, &document["outcome"]),
            (0, &json!("logged_in")),
            "{document}"
        );
        let details = openid.product.json(&["get", "acme"]).1;
        assert_eq!(details["flow"], "device_code");
        assert_eq!(details["client_id"], client.id());
        let token = openid.product.secret("acme", "token");
        let answer = openid.api(&token);
        assert_eq!(
            (answer.status, &answer.json()["sub"]),
            (200, &json!("alice"))
        );
        assert_eq!(openid.provider.count("device_code.consumed"), 1);
        // This provider names no interval, so the polls are five seconds apart: none of them was too early.
        let events = openid.provider.events();
        let polls = events.iter().filter(|event| {
            let grant = event["form"]["grant_type"].as_str().unwrap_or_default();
            event["type"] == "http" && grant.ends_with(":device_code")
        });
        let times: Vec<u64> = polls.map(|event| event["t"].as_u64().unwrap()).collect();
        assert!(!times.is_empty());
        assert!(
            times.windows(2).all(|pair| pair[1] - pair[0] >= 5_000),
            "{times:?}"
        );

        assert_eq!(openid.product.run(&["refresh", "acme"]).code, 0);
        let renewed = openid.product.secret("acme", "token");
        assert_ne!(renewed, token);
        assert_eq!(openid.api(&renewed).status, 200);
        let ended = openid.product.json(&["logout", "acme"]).1;
        assert_eq!(ended["ended"][0]["remote"], "revoked", "{ended}");
        assert!(!openid.provider.token_is_active(&renewed));
    }
}

#[test]
fn what_is_refused_there_is_not_stored_here() {
    let client = OidcClient::DevicePublic;
    let openid = OpenId::new(&OidcOptions::default(), client);
    let (code, error) = login(&openid, client, BrowserAction::Deny);
    assert_eq!((code, &error["error"]), (4, &json!("denied")), "{error}");
    assert_eq!(openid.product.json(&["get", "acme"]).0, 5);
}

#[test]
fn a_client_that_is_not_registered_for_it_gets_no_code() {
    let client = OidcClient::DevicePublic;
    let openid = OpenId::new(&OidcOptions::default(), client);
    let mut command = openid.product.command(&["login", "acme", "--json"]);
    command.env("ACME_CLIENT_ID", "public-native");
    let output = authkeep_testkit::home::run(&mut command);
    let error: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        (output.code, &error["error"]),
        (4, &json!("no_device_code"))
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("may use the device flow"),
        "{error}"
    );
}
