use serde_json::{Value, json};

use super::*;
use crate::document;

mod broken;
mod exchange;
mod signing;

/// A definition with nothing wrong, for tests to break.
fn good() -> Value {
    json!({
        "schema_version": 2,
        "name": "acme",
        "display_name": "Acme",
        "flows": ["authorization_code", "device_code", "client_credentials", "api_key"],
        "params": {"site": {"label": "Site", "default": "acme.example"}},
        "hosts": ["api.{site}", {"host": "git.{site}", "basic": ["x", "{token}"]}],
        "headers": {"Acme-Version": "1"},
        "oauth": {
            "authorization_url": "https://login.{site}/authorize",
            "token_url": "https://login.{site}/token",
            "device_authorization_url": "https://login.{site}/device",
            "revocation_url": "https://login.{site}/revoke",
            "scopes": ["read"],
            "client_env": {"client_id": "ACME_CLIENT_ID", "site": "ACME_SITE"}
        },
        "api_key": {
            "docs": "https://acme.example/keys#new",
            "fields": [{"name": "token", "pattern": "^ak_"}, {"name": "app", "optional": true}],
            "headers": {"Authorization": "Bearer {token}", "Acme-App": "{app}"}
        },
        "env": {"ACME_TOKEN": "{token}", "ACME_SITE": "{site}"},
        "whoami": {"url": "https://api.{site}/me", "label": ["/email"]},
        "x-anything": {"is": "ours"}
    })
}

/// The good definition with a merge patch (RFC 7396) laid over it.
fn patched(patch: Value) -> String {
    let mut definition = good();
    let (Some(map), Value::Object(patch)) = (definition.as_object_mut(), patch) else {
        panic!("definitions and patches are objects");
    };
    document::merge(map, patch);
    definition.to_string()
}

fn read(patch: Value) -> Result<Definition, DefinitionError> {
    Definition::from_json("acme.json", &patched(patch))
}

#[test]
fn the_good_definition_reads() {
    let definition = read(json!({})).expect("reads");
    assert_eq!(definition.name.as_str(), "acme");
    assert_eq!(definition.category, "other");
    assert_eq!(definition.flows[0], Flow::AuthorizationCode);
    let oauth = definition.oauth.expect("has OAuth");
    assert!(oauth.pkce == Pkce::Standard && !oauth.public_client);
    assert_eq!(oauth.client_auth, ClientAuthMethod::Body);
    assert_eq!(oauth.redirect, RedirectKind::Loopback);
    assert_eq!(
        (oauth.scope_separator.as_str(), oauth.scope_param.as_str()),
        (" ", "scope")
    );
    assert_eq!(oauth.injection, Injection::bearer());
    let revocation = oauth.revocation.expect("has a revocation");
    assert!(revocation.standard);
    assert_eq!(revocation.auth, RequestAuth::Body);
    let key = definition.api_key.expect("has a key");
    assert_eq!(key.docs.as_deref(), Some("https://acme.example/keys#new"));
    assert!(key.fields[0].secret && key.fields[1].optional);
    assert_eq!(definition.env[0].0.as_str(), "ACME_SITE");
}

#[test]
fn the_file_as_a_whole_can_be_wrong() {
    for (text, reason) in [
        (format!("{{{}", "\"a\":{".repeat(5000)), "recursion limit"),
        (" ".repeat(MAX + 1), "larger than 256 KiB"),
        ("[]".to_owned(), "must be a JSON object"),
        (
            "{\"name\": \"a\", \"name\": \"b\"}".to_owned(),
            "duplicate key `name` at line 1",
        ),
        ("{\n\n  oops}".to_owned(), "line 3 column 3"),
        (String::new(), "line 1"),
    ] {
        let error = Definition::from_json("acme.json", &text)
            .expect_err("refused")
            .to_string();
        assert!(
            error.starts_with("`acme.json`: ") && error.contains(reason),
            "{error}"
        );
    }
}

const MAX: usize = document::MAX_BYTES;

#[test]
fn all_faults_are_reported_at_once() {
    let error = read(json!({
        "display_name": 1,
        "flows": ["nope"],
        "hosts": [1],
        "oauth": {"pkce": 1, "token_url": 2},
        "whoami": {"method": "HEAD"}
    }))
    .expect_err("refused");
    let fields: Vec<&str> = error.errors.iter().map(|e| e.field.as_str()).collect();
    for field in [
        "display_name",
        "flows[0]",
        "hosts[0]",
        "oauth.pkce",
        "oauth.token_url",
        "whoami.method",
    ] {
        assert!(fields.contains(&field), "{field} is not in {fields:?}");
    }
    // Several faults in URLs are found in one go, too.
    let error = read(json!({"oauth": {
        "token_url": "http://a.example/", "authorization_url": "ftp://a.example/"
    }}))
    .expect_err("refused");
    assert_eq!(error.errors.len(), 2, "{error}");
}

#[test]
fn a_local_definition_may_use_loopback() {
    let patch = |local: bool| {
        json!({
            "local": local,
            "hosts": ["127.0.0.1:8080", "10.0.0.1"],
            "oauth": {
                "authorization_url": "http://127.0.0.1:8080/authorize",
                "token_url": "http://localhost:8080/token",
                "device_authorization_url": "http://[::1]:8080/device",
                "revocation_url": "https://10.0.0.1/revoke"
            },
            "whoami": {"url": "http://127.0.0.1:8080/me"}
        })
    };
    read(patch(true)).expect("a local definition");
    // The same without the mark: each of the URLs and hosts is refused.
    let error = read(patch(false)).expect_err("refused");
    assert!(error.errors.len() >= 6, "{error}");
    // Local or not, http leaves the machine nowhere.
    let error = read(json!({"local": true, "oauth": {"token_url": "http://10.0.0.1/token"}}))
        .expect_err("refused");
    assert!(error.to_string().contains("on loopback only"), "{error}");
}

#[test]
fn an_api_key_has_sensible_defaults() {
    let text = json!({
        "schema_version": 2, "name": "tiny", "display_name": "Tiny", "flows": ["api_key"],
        "hosts": ["api.tiny.example"], "api_key": {}, "env": {"TINY_KEY": "{token}"}
    });
    let definition = Definition::from_json("tiny.json", &text.to_string()).expect("reads");
    let key = definition.api_key.expect("has a key");
    assert_eq!(key.fields.len(), 1);
    assert_eq!(
        (key.fields[0].name.as_str(), key.fields[0].secret),
        ("token", true)
    );
    assert_eq!(key.injection, Injection::bearer());
}

#[test]
fn words_round_trip() {
    for flow in [
        Flow::AuthorizationCode,
        Flow::DeviceCode,
        Flow::ClientCredentials,
        Flow::ApiKey,
        Flow::Browser,
    ] {
        assert_eq!(flow.as_str().parse::<Flow>(), Ok(flow));
    }
    assert!("Device_Code".parse::<Flow>().is_err());
}
