//! Own-written samples that use every key of both versions, compared field by field.

use serde_json::{Value, json};

use super::*;
use crate::registry::Registry;

fn converted(text: &str) -> (Value, Vec<String>) {
    let (value, warnings) = convert("sample.json", text).unwrap_or_else(|error| panic!("{error}"));
    let shown = warnings.iter().map(ToString::to_string).collect();
    Registry::new(None)
        .check("sample.json", &value.to_string())
        .unwrap_or_else(|error| panic!("{error}\n{value:#}"));
    (value, shown)
}

fn faults(text: &str) -> String {
    convert("sample.json", text)
        .expect_err("refused")
        .to_string()
}

const OAUTH_02: &str = r#"{
  "schema_version": 1,
  "name": "forge-9",
  "display_name": "Forge Nine",
  "auth_type": "oauth2",
  "flow": "pkce",
  "host_url": "api.forge.example",
  "oauth": {
    "base_url": "https://forge.example",
    "authorization_url": "{base_url}/login/authorize",
    "token_url": "{base_url}/login/token",
    "revocation_url": null,
    "device_authorization_url": "{base_url}/login/device",
    "device_token_request": "json",
    "scopes": ["repo", "read:user"],
    "pkce": true,
    "supports_device_flow": true,
    "supports_dcr": false,
    "house_rule": "kept"
  },
  "export": {"env": {"access_token": "FORGE_TOKEN", "refresh_token": "FORGE_REFRESH"}},
  "docs": "https://docs.forge.example/apps#tokens",
  "metadata": {"owner": "ops"}
}"#;

#[test]
fn an_oauth_definition_of_0_2_keeps_its_meaning() {
    let (value, warnings) = converted(OAUTH_02);
    assert_eq!(
        value,
        json!({
            "schema_version": 2,
            "name": "forge-9",
            "display_name": "Forge Nine",
            "flows": ["authorization_code", "device_code"],
            "params": {"base_url": {"label": "Base URL", "default": "https://forge.example"}},
            "hosts": [{"host": "api.forge.example", "if_default": "base_url"}],
            "oauth": {
                "authorization_url": "{base_url}/login/authorize",
                "token_url": "{base_url}/login/token",
                "device_authorization_url": "{base_url}/login/device",
                "device": {"request": "json"},
                "token_format": "json",
                "scopes": ["repo", "read:user"],
                "public_client": true,
                "redirect": "exact",
            },
            "env": {"FORGE_TOKEN": "{token}"},
            "docs": "https://docs.forge.example/apps#tokens",
            "x-authsome": {"metadata": {"owner": "ops"}, "oauth": {"house_rule": "kept"}},
        })
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("another redirect address"),
        "{warnings:?}"
    );
    assert!(warnings[1].contains("refresh tokens"), "{warnings:?}");
}

const OAUTH_07: &str = r#"// Sample
/* several
   lines */
{
  "schema_version": 1,
  "name": "talk",
  "display_name": "Talk", // a comment behind
  "logo": "img.logo.example/talk",
  "description": "Chat for people.",
  "type": "mcp",
  "auth_type": "oauth2",
  "flow": "dcr_pkce",
  "api_url": ["https://api.talk.example/v2/", "regex:.*files\\.talk\\.example$", "regex:^(a|b)\\.talk\\.example"],
  "oauth": {
    "authorization_url": "https://talk.example/authorize",
    "token_url": "https://talk.example/token",
    "revocation_url": "https://talk.example/revoke",
    "authorization_method": "basic",
    "authorization_params": {"duration": "permanent", "shape": "{x}"},
    "pkce": true,
    "supports_device_code": false,
    "supports_dcr": true,
    "_comment": "not kept"
  },
  "registration": {"registration_endpoint": "https://talk.example/register"},
  "export": {"TALK_TOKEN": "ACCESS_TOKEN", "TALK_URL": "API_URL", "TALK_ODD": "NONSENSE"},
  "docs_url": "http://docs.talk.example"
}"#;

#[test]
fn an_oauth_definition_of_0_7_keeps_its_meaning() {
    let (value, warnings) = converted(OAUTH_07);
    assert_eq!(
        value,
        json!({
            "schema_version": 2,
            "name": "talk",
            "display_name": "Talk",
            "category": "mcp",
            "notes": "Chat for people.",
            "flows": ["authorization_code"],
            "hosts": [
                "api.talk.example/v2", "files.talk.example", "*.files.talk.example", "a.talk.example", "b.talk.example",
            ],
            "oauth": {
                "authorization_url": "https://talk.example/authorize",
                "token_url": "https://talk.example/token",
                "revocation_url": "https://talk.example/revoke",
                "registration_url": "https://talk.example/register",
                "client_auth": "basic",
                "authorization_params": {"duration": "permanent", "shape": "{{x}}"},
                "public_client": true,
            },
            "env": {"TALK_ACCESS_TOKEN": "{token}", "TALK_TOKEN": "{token}", "TALK_URL": "https://api.talk.example/v2/"},
            "x-authsome": {"logo": "img.logo.example/talk"},
        })
    );
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("docs_url"), "{warnings:?}");
    assert!(
        warnings[1].contains("evilfiles.talk.example"),
        "{warnings:?}"
    );
    assert!(warnings[2].contains("TALK_ODD"), "{warnings:?}");
}

#[test]
fn keys_keep_header_prefix_pattern_and_variable() {
    for (section, headers, fields) in [
        ("", json!({"Authorization": "Bearer {token}"}), Value::Null),
        (
            r#", "api_key": {"header_name": "X-Key", "header_prefix": null}"#,
            json!({"X-Key": "{token}"}),
            Value::Null,
        ),
        (
            r#", "api_key": {"header_name": "X-Key", "header_prefix": "", "env_var": "OTHER"}"#,
            json!({"X-Key": "{token}"}),
            Value::Null,
        ),
        (
            r#", "api_key": {"header_prefix": "Key-{1}", "key_pattern": "^a|b$", "key_pattern_hint": "Begins with a."}"#,
            json!({"Authorization": "Key-{{1}} {token}"}),
            json!([{"name": "token", "pattern": "^(?:^a|b$)$", "hint": "Begins with a."}]),
        ),
    ] {
        let text = format!(
            r#"{{"schema_version": 1, "name": "mail.box", "display_name": "M", "auth_type": "api_key", "flow": "api_key",
                "host_url": "http://api.mail.example?x=1"{section}}}"#
        );
        let (value, warnings) = converted(&text);
        assert_eq!(value["api_key"]["headers"], headers);
        assert_eq!(value["api_key"]["fields"], fields);
        assert_eq!(value["env"], json!({"MAIL_BOX_API_KEY": "{token}"}));
        assert_eq!(value["hosts"], json!(["api.mail.example"]));
        assert_eq!(warnings.len(), 2, "http and the query: {warnings:?}");
    }
    // Python knows expressions that no linear matcher does.
    let text = r#"{"schema_version": 1, "name": "m", "display_name": "M", "auth_type": "api_key", "flow": "api_key",
        "host_url": "m.example", "api_key": {"key_pattern": "(?=k)k+", "key_pattern_hint": "k"}}"#;
    let (value, warnings) = converted(text);
    assert_eq!(
        value["api_key"]["fields"],
        json!([{"name": "token", "hint": "k"}])
    );
    assert!(warnings[0].contains("key_pattern"), "{warnings:?}");
}

#[test]
fn a_browser_session_becomes_cookies_that_are_entered() {
    let (value, warnings) = converted(
        r#"{"schema_version": 1, "name": "birds", "display_name": "Birds", "type": "browser", "auth_type": "browser", "flow": "browser",
            "api_url": "birds.example",
            "browser": {"entry_url": "https://birds.example/login", "domains": [".birds.example"], "auth_cookies": ["auth-token"],
                "ttl_hours": 24, "ttl_from_cookie": "auth-token", "validate_url": "https://birds.example/me",
                "extra_headers": {"x-active": "yes"}, "extract": [{"cookie": "ct0", "header": "x-csrf", "prefix": "p "}]},
            "export": {"env": {"ct0": "BIRDS_CSRF", "gone": "GONE"}}}"#,
    );
    assert_eq!(value["flows"], json!(["api_key"]));
    assert_eq!(
        value["api_key"]["headers"],
        json!({"Cookie": "auth-token={token}; ct0={cookie_ct0}", "x-active": "yes", "x-csrf": "p {cookie_ct0}"})
    );
    let names: Vec<_> = value["api_key"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["token", "cookie_ct0"]);
    // A variable with a hyphen is none.
    assert_eq!(value["env"], json!({"BIRDS_CSRF": "{cookie_ct0}"}));
    assert_eq!(value["x-authsome"]["browser"]["ttl_hours"], json!(24));
    assert_eq!(warnings.len(), 3, "{warnings:?}");
}

#[test]
fn a_server_that_registers_clients_is_asked_where() {
    let (value, warnings) = converted(
        r#"{"schema_version": 1, "name": "m", "display_name": "M", "auth_type": "oauth2", "flow": "dcr_pkce", "host_url": "api.m.example",
            "oauth": {"authorization_url": "https://mcp.m.example/authorize", "token_url": "https://mcp.m.example/token", "supports_dcr": true}}"#,
    );
    assert_eq!(
        value["oauth"],
        json!({"authorization_url": "https://mcp.m.example/authorize", "issuer": "https://mcp.m.example", "public_client": true})
    );
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn every_fault_is_named_with_its_field() {
    let found = faults(
        r#"{"schema_version": 1, "name": 7, "auth_type": "oauth2", "flow": "pkce", "host_url": "regex:[a-z]+\\.example",
            "oauth": {"token_url": "https://m.example/t", "pkce": "yes", "authorization_method": "jwt", "device_token_request": "xml"}}"#,
    );
    for part in [
        "`name`: must be a text (found a number)",
        "`display_name`: is missing",
        "`oauth.authorization_url`: is missing",
        "`oauth.pkce`: must be true or false",
        "`oauth.authorization_method`",
        "`oauth.device_token_request`",
        "`host_url`: the expression has",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    for (text, part) in [
        (
            r#"{"schema_version": 1, "name": "m", "display_name": "M", "auth_type": "api_key", "flow": "pkce"}"#,
            "`flow`",
        ),
        (
            r#"{"schema_version": 1, "name": "m", "display_name": "M", "auth_type": "api_key", "flow": "api_key"}"#,
            "`api_url`: is missing",
        ),
        ("{,}", "is not valid JSON"),
    ] {
        assert!(faults(text).contains(part), "{text}");
    }
}

#[test]
fn it_is_told_from_our_own() {
    let ours = |text: &str| {
        !is_spoken(
            serde_json::from_str::<Value>(text)
                .unwrap()
                .as_object()
                .unwrap(),
        )
    };
    assert!(ours(r#"{"schema_version": 2, "auth_type": "oauth2"}"#));
    assert!(ours(r#"{"schema_version": 1}"#));
    assert!(!ours(r#"{"schema_version": 1, "auth_type": "oauth2"}"#));
}
