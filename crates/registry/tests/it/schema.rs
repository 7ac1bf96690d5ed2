//! The JSON Schema for editors and the reader have to agree: on every bundled definition, and on many that are broken.

mod validator;

use authkeep_registry::Registry;
use serde_json::{Value, json};

use self::validator::Schema;

const SCHEMA: &str = include_str!("../../../../docs/definition.schema.json");

fn schema() -> Schema {
    Schema::parse(SCHEMA)
}

/// Every definition, with one that extends another among them.
fn bundled() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");
    let files = std::fs::read_dir(folder).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        (
            path.display().to_string(),
            serde_json::from_str(&text).unwrap(),
        )
    };
    files.map(read).collect()
}

#[test]
fn every_bundled_definition_fits_the_schema() {
    let schema = schema();
    let all = bundled();
    assert!(all.len() >= 12);
    for (file, definition) in all {
        let faults = schema.faults(&definition);
        assert!(faults.is_empty(), "{file}: {faults:?}");
    }
}

/// A definition that has nearly every field.
fn whole() -> Value {
    json!({
        "$schema": "https://example.com/definition.schema.json",
        "schema_version": 2, "name": "acme", "display_name": "Acme", "category": "dev", "aliases": ["ac-me"],
        "community_checked": true, "local": false,
        "flows": ["authorization_code", "device_code", "client_credentials", "api_key"],
        "params": {
            "site": {"label": "Site", "default": "eu", "pattern": "[a-z]+", "hint": "h"},
            "tenant": {"optional": true, "example": "t", "from": "token:/tenant"},
            "other": {"default": "x", "if_default": "site"},
        },
        "hosts": ["api.{site}.acme.example", {"host": "*.files.acme.example/v1/", "headers": {"X-Key": "{token}"}, "if_default": "site"}],
        "headers": {"X-Version": "1"},
        "oauth": {
            "authorization_url": "https://acme.example/a", "token_url": "https://acme.example/t",
            "device_authorization_url": "https://acme.example/d",
            "revocation": {"url": "https://acme.example/r", "method": "DELETE", "auth": "basic", "format": "json", "params": {"token": "{token}"}},
            "scopes": ["a", "b:c"], "scope_separator": ",", "scope_param": "scope", "client_id_param": "client_key",
            "client_auth": "basic", "token_format": "json", "pkce": false, "public_client": false, "redirect": "exact",
            "authorization_params": {"prompt": "consent"}, "token_params": {"audience": "x"}, "token_path": "/data", "expires_in": 3600,
            "login_expires_in": 7200, "login_expires_if": "it is a test", "client_env": {"client_id": "ACME_ID"},
            "docs": "https://acme.example/apps#new", "client_credentials": {"params": {"a": "b"}, "scopes": ["c"]},
            "device": {"request": "json", "scope_param": "scopes"}, "headers": {"Authorization": "Bearer {token}"}, "query": {"k": "{token}"},
        },
        "api_key": {
            "fields": [{"name": "key", "label": "Key", "secret": true, "optional": false, "pattern": "^k", "hint": "h"}],
            "exchange": {"url": "https://acme.example/x", "method": "POST", "format": "json", "params": {"k": "{key}"}, "token_path": "/t",
                "expires_in_path": "/e", "expires_in": 60},
            "basic": ["{token}", "x"], "docs": "https://acme.example/keys",
        },
        "env": {"ACME_TOKEN": "{token}"},
        "whoami": {"url": "https://api.{site}.acme.example/me", "method": "POST", "body": {"q": 1}, "label": ["/login"]},
        "docs": "https://acme.example", "notes": "A note.", "x-mine": {"any": ["thing"]},
    })
}

/// What is done to the whole definition at a JSON pointer: a value is put there, or taken away.
#[rustfmt::skip]
fn changes() -> Vec<(&'static str, Option<Value>)> {
    let put = |pointer, value| (pointer, Some(value));
    let cut = |pointer| (pointer, None);
    vec![
        cut("/schema_version"), cut("/name"), cut("/display_name"), cut("/flows"), cut("/oauth"), cut("/api_key"),
        cut("/oauth/token_url"), cut("/oauth/authorization_url"), cut("/oauth/device_authorization_url"), cut("/oauth/revocation/url"),
        cut("/oauth/login_expires_in"), cut("/api_key/exchange/url"), cut("/api_key/exchange/token_path"), cut("/api_key/fields/0/name"),
        cut("/whoami/url"), cut("/whoami/method"), cut("/hosts/1/host"),
        cut("/category"), cut("/aliases"), cut("/env"), cut("/whoami"), cut("/notes"), cut("/docs"), cut("/headers"), cut("/oauth/scopes"),
        cut("/api_key/docs"), cut("/oauth/revocation"), cut("/oauth/device"), cut("/x-mine"), cut("/$schema"),
        put("/schema_version", json!(1)), put("/schema_version", json!("2")), put("/name", json!("a b")), put("/name", json!(".a")),
        put("/name", json!("client")), put("/name", json!(7)), put("/name", json!("")), put("/display_name", json!("")),
        put("/display_name", json!("a\u{1b}[31m")), put("/display_name", json!(["A"])), put("/category", json!(false)),
        put("/aliases", json!("x")), put("/aliases", json!(["x", "x"])), put("/aliases", json!(["x y"])), put("/local", json!("no")),
        put("/community_checked", json!(1)), put("/flows", json!([])), put("/flows", json!(["magic"])), put("/flows", json!(["api_key", "api_key"])),
        put("/flows", json!("api_key")), put("/flows", json!(["api_key"])), put("/extra", json!(1)), put("/hostz", json!([])), put("/x-else", json!(null)),
        put("/params/token", json!({})), put("/params/a-b", json!({})), put("/params/site/secrets", json!(true)), put("/params/site/optional", json!("yes")),
        put("/params/tenant/from", json!("token:tenant")), put("/params/tenant/from", json!("GET https://api.{site}.acme.example/x /id")),
        put("/params/tenant/from", json!("callback:")), put("/params/tenant/from", json!("elsewhere")), put("/params/tenant/label", json!(3)),
        put("/hosts", json!("api.acme.example")), put("/hosts/0", json!(1)), put("/hosts/0", json!("")), put("/hosts/0", json!("a.{b")),
        put("/hosts/1/port", json!(1)), put("/headers", json!({"Host": "x"})), put("/headers", json!({"A B": "x"})), put("/headers", json!({"X": 1})),
        put("/headers", json!({"Proxy-Authorization": "x"})), put("/oauth/token_url", json!("{")), put("/oauth/token_url", json!("}")),
        put("/oauth/token_url", json!("{ a }")), put("/oauth/token_url", json!(1)), put("/oauth/tokn_url", json!("x")),
        put("/oauth/scopes", json!("a b")), put("/oauth/scopes", json!(["a b"])), put("/oauth/scopes", json!([""])), put("/oauth/scopes", json!([1])),
        put("/oauth/scope_separator", json!("-")), put("/oauth/client_auth", json!("magic")), put("/oauth/token_format", json!("none")),
        put("/oauth/token_format", json!("xml")), put("/oauth/pkce", json!("yes")), put("/oauth/pkce", json!(true)), put("/oauth/pkce", json!("hex")), put("/oauth/anonymous", json!(1)), put("/oauth/redirect", json!("anywhere")),
        put("/oauth/token_path", json!("data")), put("/oauth/expires_in", json!("3600")), put("/oauth/expires_in", json!(-1)), put("/oauth/expires_in", json!(1.5)),
        put("/oauth/client_env", json!({"client_id": "A-B"})), put("/oauth/client_env", json!({"client_id": ""})), put("/oauth/docs", json!("acme.example")),
        put("/oauth/docs", json!("javascript:alert(1)")), put("/oauth/revocation_url", json!("https://acme.example/r")),
        put("/oauth/revocation/method", json!("PUT")), put("/oauth/revocation/auth", json!("digest")), put("/oauth/device/request", json!("none")),
        put("/oauth/basic", json!(["a"])), put("/oauth/basic", json!("a")), put("/oauth/path", json!("bot")), put("/oauth/path", json!("//bot")),
        put("/oauth/path", json!("/bot{token}")), put("/api_key/fields", json!([])), put("/api_key/fields/0/name", json!("client_id")),
        put("/api_key/fields/0/name", json!("refresh_token")), put("/api_key/fields/0/name", json!("a b")), put("/api_key/fields/0/secret", json!(1)),
        put("/api_key/exchange/method", json!("DELETE")), put("/api_key/exchange/path", json!("/x")), put("/api_key/exchange/token_path", json!("t")),
        put("/api_key/sign", json!("morse")), put("/api_key/haeders", json!({})), put("/env", json!({"A-B": "x"})), put("/env", json!({"1A": "x"})),
        put("/env", json!(["A"])), put("/env", json!({"A": 1})), put("/env", json!({"A": ""})), put("/whoami/method", json!("GET")),
        put("/whoami/method", json!("get")), put("/whoami/label", json!("login")), put("/whoami/label", json!(["login"])), put("/docs", json!(1)),
        put("/notes", json!("a\nb")), put("/notes", json!("x".repeat(5000))), put("/extends", json!(null)), put("/extends", json!("a b")), put("/browser", json!({})),
    ]
}

fn changed(pointer: &str, value: Option<&Value>) -> Value {
    let mut definition = whole();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = definition
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {pointer}"));
    match (parent, value) {
        (Value::Object(map), Some(value)) => drop(map.insert(key.to_owned(), value.clone())),
        (Value::Object(map), None) => drop(map.remove(key)),
        (Value::Array(items), Some(value)) => items[key.parse::<usize>().unwrap()] = value.clone(),
        other => panic!("{pointer}: {other:?}"),
    }
    definition
}

#[test]
fn schema_and_reader_judge_alike() {
    let schema = schema();
    let registry = Registry::new(None);
    let reads = |definition: &Value| registry.check("acme.json", &definition.to_string());
    reads(&whole()).unwrap();
    assert_eq!(schema.faults(&whole()), [""; 0]);
    let (mut good, mut bad) = (0, 0);
    let mut differ = Vec::new();
    for (pointer, value) in changes() {
        let definition = changed(pointer, value.as_ref());
        let read = reads(&definition);
        let faults = schema.faults(&definition);
        if read.is_ok() != faults.is_empty() {
            let read = read.as_ref().err().map(ToString::to_string);
            differ.push(format!("{pointer} {value:?}: {read:?}, {faults:?}"));
        }
        if read.is_ok() { good += 1 } else { bad += 1 }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(good >= 12 && bad >= 60, "{good} good, {bad} bad");
}

/// The negative control: a schema without its rules is found out.
#[test]
fn a_schema_that_lets_all_through_would_be_seen() {
    let careless = Schema::parse(r#"{"type": "object"}"#);
    let registry = Registry::new(None);
    let differ = changes().into_iter().filter(|(pointer, value)| {
        let definition = changed(pointer, value.as_ref());
        registry.check("a", &definition.to_string()).is_ok()
            != careless.faults(&definition).is_empty()
    });
    assert!(differ.count() >= 60);
}
