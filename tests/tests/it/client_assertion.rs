//! Clients that sign with a private key instead of sending a secret (RFC 7523 §2.2), at an OpenID provider that is
//! nobody's code here.

use std::process::Command;

use authkeep_testkit::home::{Output, run};
use authkeep_tests::{Browser, BrowserAction, Consent, OidcClient, OidcOptions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::login_device_openid::decided;
use crate::openid::OpenId;

const RSA: &str = include_str!("../../../crates/testkit/keys/rsa.pem");
const P256: &str = include_str!("../../../crates/testkit/keys/p256.pem");
const ED25519: &str = include_str!("../../../crates/testkit/keys/ed25519.pem");
const NOBODYS: &str = include_str!("../../../crates/testkit/keys/other-p256.pem");

/// A provider whose clients have a key, and a product that knows it by `flow`.
fn openid(flow: &str) -> OpenId {
    let options = OidcOptions {
        env: vec![("DEVICE_INTERVAL".to_owned(), "1".to_owned())],
        ..OidcOptions::default()
    };
    let openid = OpenId::new(&options, OidcClient::ConfPost);
    let mut definition = openid.provider.definition("acme", OidcClient::ConfPost);
    definition["flows"] = json!([flow]);
    definition["oauth"]["client_auth"] = json!("private_key_jwt");
    let variables = json!({"client_id": "ACME_CLIENT_ID", "private_key": "ACME_PRIVATE_KEY"});
    definition["oauth"]["client_env"] = variables;
    if flow == "client_credentials" {
        definition["oauth"]["scopes"] = json!(["api:read"]);
    }
    openid.product.home().write_definition(&definition);
    openid
}

fn login(openid: &OpenId, client: &str, key: &str) -> Command {
    let arguments = ["login", "acme", "--no-input", "--reset", "--json"];
    let mut command = openid.product.command(&arguments);
    command.env("ACME_CLIENT_ID", client);
    command.env("ACME_PRIVATE_KEY", key);
    command
}

/// The form of each token request of that grant.
fn forms(openid: &OpenId, grant: &str) -> Vec<Value> {
    let events = openid.provider.events();
    let sent = events
        .into_iter()
        .filter(|event| event["type"] == "http" && event["path"] == "/token");
    let forms = sent.map(|mut event| event["form"].take());
    forms.filter(|form| form["grant_type"] == grant).collect()
}

/// What everybody may do who is logged in: use the token, renew it, end it there.
fn uses_renews_and_ends(openid: &OpenId) {
    let token = openid.product.secret("acme", "token");
    assert_eq!(openid.api(&token).status, 200);
    let output = openid.product.run(&["refresh", "acme"]);
    assert_eq!(output.code, 0, "{output:?}");
    let renewed = openid.product.secret("acme", "token");
    assert_ne!(renewed, token);
    assert_eq!(openid.api(&renewed).status, 200);
    let ended = openid.product.json(&["logout", "acme"]).1;
    assert_eq!(ended["ended"][0]["remote"], "revoked", "{ended}");
    assert!(!openid.provider.token_is_active(&renewed));
}

#[test]
fn each_kind_of_key_gets_a_token_of_its_own() {
    let openid = openid("client_credentials");
    let in_one_line: String = ED25519.lines().filter(|l| !l.contains("----")).collect();
    for (client, key) in [
        ("jwt-rsa", RSA),
        ("jwt-p256", P256),
        ("jwt-ed25519", ED25519),
        ("jwt-ed25519", &in_one_line),
    ] {
        let output = run(&mut login(&openid, client, key));
        assert_eq!(output.code, 0, "{client}: {output:?}");
        let token = openid.product.secret("acme", "token");
        assert_eq!(openid.api(&token).json()["client_id"], client);
        uses_renews_and_ends(&openid);
    }
    for form in forms(&openid, "client_credentials") {
        let names: Vec<_> = form.as_object().unwrap().keys().collect();
        let expected = [
            "client_assertion",
            "client_assertion_type",
            "client_id",
            "grant_type",
            "scope",
        ];
        let mut names = names;
        names.sort();
        assert_eq!(names, expected);
    }
}

#[test]
fn another_key_is_refused_and_no_key_is_not_sent() {
    let openid = openid("client_credentials");
    let refused = |output: &Output, code: i32, error: &str| {
        let document: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!((output.code, &document["error"]), (code, &json!(error)));
        assert_eq!(openid.product.json(&["get", "acme"]).0, 5);
    };
    // The keys are good, and somebody else's: the provider looks.
    for key in [NOBODYS, RSA, ED25519] {
        refused(
            &run(&mut login(&openid, "jwt-p256", key)),
            4,
            "invalid_client",
        );
    }
    let asked = openid.provider.count("http");
    for key in ["hunter2", "-----BEGIN PRIVATE KEY-----"] {
        refused(
            &run(&mut login(&openid, "jwt-p256", key)),
            2,
            "unusable_value",
        );
    }
    let mut without = login(&openid, "jwt-p256", "");
    let output = run(without.env_remove("ACME_PRIVATE_KEY"));
    refused(&output, 5, "value_needed");
    assert!(output.stdout.contains("set ACME_PRIVATE_KEY"), "{output:?}");
    assert_eq!(openid.provider.count("http"), asked);
}

#[test]
fn a_key_may_come_by_a_pipe_and_by_the_chain() {
    let openid = openid("client_credentials");
    let input = json!({"client_id": "jwt-p256", "private_key": P256}).to_string();
    let arguments = ["login", "acme", "--with-token"];
    let output = openid.product.run_with_input(&arguments, &input);
    assert_eq!(output.code, 0, "{output:?}");
    let wrong = json!({"client_id": "jwt-p256", "client_secret": "s"}).to_string();
    let output = openid.product.run_with_input(&arguments, &wrong);
    assert_eq!(output.code, 2, "{output:?}");
    // A definition that wants a secret from now on has use for another client, and asks for it.
    let home = openid.product.home();
    let file = home.authkeep_home().join("providers/acme.json");
    let with_key = std::fs::read(&file).unwrap();
    let mut with_secret = openid.provider.definition("acme", OidcClient::ConfPost);
    with_secret["flows"] = json!(["client_credentials"]);
    home.write_definition(&with_secret);
    let again = ["login", "acme", "--force", "--no-input"];
    let output = openid.product.run(&again);
    assert_eq!(output.code, 5, "{output:?}");
    // The negative control: by the old one the client of before does.
    std::fs::write(&file, with_key).unwrap();
    assert_eq!(openid.product.run(&again).code, 0);
    uses_renews_and_ends(&openid);

    let mut auth = openid.product.command(&["auth", "acme", "--json"]);
    auth.env("ACME_CLIENT_ID", "jwt-rsa");
    auth.env("ACME_PRIVATE_KEY", RSA);
    let output = run(&mut auth);
    assert_eq!(output.code, 0, "{output:?}");
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["method"], "client_credentials", "{document}");
    // The same key again: what was bought with it is still good.
    let again = run(&mut auth);
    assert!(again.stdout.contains("saved_token"), "{again:?}");
}

#[test]
fn a_person_logs_in_by_browser() {
    let openid = openid("authorization_code");
    let mut command = login(&openid, "jwt-p256", P256);
    Browser::chromium()
        .acting(BrowserAction::Approve)
        .apply(&mut command);
    let output = run(&mut command);
    assert_eq!(output.code, 0, "{output:?}");
    uses_renews_and_ends(&openid);
    // A code was exchanged and a refresh token redeemed, both by assertion.
    for grant in ["authorization_code", "refresh_token"] {
        let forms = forms(&openid, grant);
        assert_eq!(forms.len(), 1);
        assert!(!forms[0]["client_assertion"].is_null(), "{forms:?}");
    }
}

#[test]
fn a_device_signs_each_poll_anew() {
    let openid = openid("device_code");
    let command = login(&openid, "jwt-rsa", RSA);
    let (_, code, document) = decided(command, BrowserAction::Approve);
    assert_eq!(code, 0, "{document}");
    // The provider refuses an assertion that it has seen, and said nothing but that nobody had approved yet.
    let polls = forms(&openid, "urn:ietf:params:oauth:grant-type:device_code").len();
    let errors = openid.provider.events();
    let errors = errors.iter().filter(|event| event["type"] == "grant.error");
    let told: Vec<_> = errors.map(|event| event["error"].clone()).collect();
    assert!(polls > 1 && told.len() == polls - 1, "{polls}: {told:?}");
    assert!(
        told.iter().all(|error| error == "authorization_pending"),
        "{told:?}"
    );
    uses_renews_and_ends(&openid);
}

#[test]
fn a_request_that_is_sent_again_carries_another_assertion() {
    let openid = openid("client_credentials");
    let output = run(&mut login(&openid, "jwt-p256", P256));
    assert_eq!(output.code, 0, "{output:?}");
    // The negative control: the same request a second time, which the provider has seen.
    openid
        .provider
        .fault(&json!({ "path": "/token", "mode": "replay" }));
    let output = openid.product.run(&["refresh", "acme"]);
    assert_eq!(output.code, 6, "{output:?}");
    let errors = openid.provider.events();
    let errors = errors.iter().filter(|event| event["type"] == "grant.error");
    let told: Vec<_> = errors.map(|event| event["detail"].to_string()).collect();
    assert!(
        told.iter()
            .any(|detail| detail.contains("only be used once")),
        "{told:?}"
    );

    // The provider has acted on the first and its answer is lost, so the product asks again.
    openid.provider.forget_events();
    openid
        .provider
        .fault(&json!({ "path": "/token", "mode": "lost" }));
    let output = openid.product.run(&["get", "acme", "--refresh"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(forms(&openid, "client_credentials").len(), 2);
    assert_eq!(openid.provider.count("grant.error"), 0);
}

/// One of the two readable parts of a signed assertion.
fn part(assertion: &str, at: usize) -> Value {
    let part = assertion.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_definition_says_whom_it_speaks_to_and_with_which_key() {
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code"]);
    definition["params"] = json!({"key_id": {"label": "Key id", "optional": true}});
    let oauth = definition["oauth"].as_object_mut().unwrap();
    oauth.remove("client_env");
    oauth.insert("client_auth".to_owned(), json!("private_key_jwt"));
    let assertion = json!({"aud": "https://as.example.com", "kid": "{key_id}"});
    oauth.insert("assertion".to_owned(), assertion);
    let sent = || {
        let log = acme.server.log();
        let mut assertions = log.iter().filter_map(|seen| seen.field("client_assertion"));
        assertions.next_back().unwrap().to_owned()
    };
    acme.product.home().write_definition(&definition);
    for (params, kid) in [
        (&[][..], json!(null)),
        (&["--param", "key_id=k1"], json!("k1")),
    ] {
        let arguments = ["login", "acme", "--client-id", "test-client", "--force"];
        let arguments = [&arguments[..], params].concat();
        let mut login = acme
            .product
            .command_with_browser(Consent::Approve, &arguments);
        let output = run(login.env("ACME_PRIVATE_KEY", ED25519));
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(part(&sent(), 0)["kid"], kid);
        assert_eq!(part(&sent(), 1)["aud"], "https://as.example.com");
    }
    // An assertion for somebody else could be used there: the login does not follow the definition.
    let asked = acme.server.count("/token");
    for (audience, code) in [
        ("https://other.example.com", 6),
        ("https://as.example.com", 0),
    ] {
        definition["oauth"]["assertion"]["aud"] = json!(audience);
        acme.product.home().write_definition(&definition);
        acme.expire();
        let output = run(&mut acme.get());
        assert_eq!(output.code, code, "{audience}: {output:?}");
    }
    assert_eq!(acme.server.count("/token"), asked + 1);
}

#[test]
fn a_definition_that_changes_its_mind_does_not_get_the_key() {
    // A server that lets the public client in whatever else it says, and writes down what it said.
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code"]);
    let oauth = definition["oauth"].as_object_mut().unwrap();
    oauth.remove("client_env");
    oauth.insert("public_client".to_owned(), json!(false));
    oauth.insert("client_auth".to_owned(), json!("private_key_jwt"));
    acme.product.home().write_definition(&definition);
    let mut login = acme.product.command_with_browser(
        Consent::Approve,
        &["login", "acme", "--client-id", "test-client"],
    );
    let output = run(login.env("ACME_PRIVATE_KEY", P256));
    assert_eq!(output.code, 0, "{output:?}");
    let sent = |name: &str| {
        let log = acme.server.log();
        log.last().unwrap().field(name).map(str::to_owned)
    };
    for (auth, has_assertion) in [("private_key_jwt", true), ("body", false), ("basic", false)] {
        definition["oauth"]["client_auth"] = json!(auth);
        acme.product.home().write_definition(&definition);
        acme.expire();
        assert_eq!(run(&mut acme.get()).code, 0, "{auth}");
        assert_eq!(sent("grant_type").as_deref(), Some("refresh_token"));
        assert_eq!(sent("client_assertion").is_some(), has_assertion, "{auth}");
        assert_eq!(sent("client_secret"), None, "{auth}");
    }
    let inside = P256.lines().nth(1).unwrap();
    for seen in acme.server.log() {
        assert!(!format!("{seen:?}").contains(inside), "{seen:?}");
    }
    // Nor does it lie about.
    for (path, bytes) in acme.product.files() {
        let found = bytes.windows(inside.len()).any(|w| w == inside.as_bytes());
        assert!(!found, "{}", path.display());
    }
}
