//! Definitions that are refused as a whole, with the reason.

use serde_json::{Value, json};

use super::Places;

/// What it tries, how it is made of the honest one, and what is said of it.
pub(super) type Refused = (&'static str, fn(&Value, &Places) -> Vec<u8>, &'static str);

/// The honest definition with one field replaced, named by its pointer.
fn with(honest: &Value, pointer: &str, value: Value) -> Vec<u8> {
    let mut evil = honest.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    evil.pointer_mut(parent).unwrap()[name] = value;
    evil.to_string().into_bytes()
}

/// The same, not local: an address of this machine is out of the question then.
fn public(honest: &Value, pointer: &str, value: Value) -> Vec<u8> {
    let text = honest
        .to_string()
        .replace("http://127.0.0.1:", "https://acme.example/");
    let mut honest: Value = serde_json::from_str(&text).unwrap();
    honest["local"] = json!(false);
    honest["hosts"] = json!(["acme.example"]);
    with(&honest, pointer, value)
}

pub(super) const REFUSED: &[Refused] = &[
    (
        "a name that is a path",
        |d, _| with(d, "/name", json!("../../acme")),
        "not a usable name",
    ),
    (
        "a name with a folder",
        |d, _| with(d, "/name", json!("acme/evil")),
        "not a usable name",
    ),
    (
        "a name with a NUL",
        |d, _| with(d, "/name", json!("acme\0")),
        "name",
    ),
    (
        "a name of the vault's own",
        |d, _| with(d, "/name", json!("connection")),
        "reserved",
    ),
    (
        "an alias that is a path",
        |d, _| with(d, "/aliases", json!(["../x"])),
        "not a usable name",
    ),
    (
        "a token endpoint without TLS",
        |d, _| public(d, "/oauth/token_url", json!("http://acme.example/token")),
        "must be https",
    ),
    (
        "a token endpoint of this machine",
        |d, p| {
            public(
                d,
                "/oauth/token_url",
                json!(p.evil.replace("http:", "https:")),
            )
        },
        "oauth.token_url",
    ),
    (
        "a token endpoint of a cloud's metadata",
        |d, _| {
            public(
                d,
                "/oauth/token_url",
                json!("https://169.254.169.254/token"),
            )
        },
        "private address",
    ),
    (
        "a token endpoint with somebody's name in it",
        |d, p| {
            let host = p.evil.trim_start_matches("http://");
            with(
                d,
                "/oauth/token_url",
                json!(format!("http://honest@{host}/token")),
            )
        },
        "user name or password",
    ),
    (
        "a token endpoint with a backslash",
        |d, _| {
            public(
                d,
                "/oauth/token_url",
                json!("https://evil.example\\@acme.example/token"),
            )
        },
        "does not belong",
    ),
    (
        "a token endpoint that takes its host from nowhere",
        |d, _| {
            with(
                d,
                "/oauth/token_url",
                json!("https://{tenant}.acme.example/token"),
            )
        },
        "not declared here",
    ),
    (
        "a token endpoint with a secret in it",
        |d, p| {
            with(
                d,
                "/oauth/token_url",
                json!(format!("{}/{{client_secret}}", p.evil)),
            )
        },
        "not declared here",
    ),
    (
        "a revocation that takes its host from the client",
        |d, _| {
            let mut d: Value = d.clone();
            d["oauth"].as_object_mut().unwrap().remove("revocation_url");
            with(
                &d,
                "/oauth/revocation",
                json!({"url": "https://{client_id}.evil.example/r"}),
            )
        },
        "must not take its host",
    ),
    (
        "two revocations",
        |d, p| {
            with(
                d,
                "/oauth/revocation",
                json!({"url": format!("{}/r", p.evil)}),
            )
        },
        "keep one",
    ),
    (
        "hosts of everybody",
        |d, _| with(d, "/hosts", json!(["*"])),
        "whole labels",
    ),
    (
        "hosts of a public suffix",
        |d, _| with(d, "/hosts", json!(["*.com"])),
        "unrelated owners",
    ),
    (
        "hosts of a registry's suffix",
        |d, _| with(d, "/hosts", json!(["*.co.uk"])),
        "unrelated owners",
    ),
    (
        "hosts as a pattern",
        |d, _| with(d, "/hosts", json!(["regex:.*"])),
        "hosts[0]",
    ),
    (
        "a host that only looks alike",
        |d, _| public(d, "/hosts", json!(["\u{430}pple.com"])),
        "hosts[0]",
    ),
    (
        "whoami elsewhere",
        |d, p| with(d, "/whoami/url", json!(format!("{}/api/me", p.evil))),
        "not under one of `hosts`",
    ),
    (
        "a flow's own parameter",
        |d, p| {
            with(
                d,
                "/oauth/authorization_params",
                json!({"redirect_uri": p.evil}),
            )
        },
        "set by the flow",
    ),
    (
        "a token of another",
        |d, _| with(d, "/oauth/token_params", json!({"refresh_token": "x"})),
        "set by the flow",
    ),
    (
        "a way to authenticate that nobody knows",
        |d, _| with(d, "/oauth/client_auth", json!("tls")),
        "not one of",
    ),
    (
        "a variable that runs programs",
        |d, _| with(d, "/env/LD_PRELOAD", json!("/tmp/evil.so")),
        "changes how programs run",
    ),
    (
        "a variable that moves all traffic",
        |d, p| with(d, "/env/HTTPS_PROXY", json!(p.evil)),
        "changes how programs run",
    ),
    (
        "a second header in one",
        |d, _| with(d, "/headers", json!({"X-A": "a\r\nHost: evil.example"})),
        "control character",
    ),
    (
        "a header that routes",
        |d, _| with(d, "/headers", json!({"Host": "evil.example"})),
        "may not be set",
    ),
    (
        "a key in an address",
        |d, p| {
            let exchange = json!({"url": format!("{}/{{password}}", p.evil), "token_path": "/t"});
            with(
                d,
                "/api_key",
                json!({"fields": [{"name": "password"}], "exchange": exchange}),
            )
        },
        "not declared here",
    ),
    (
        "a pattern that takes for ever",
        |d, _| {
            let fields = json!([{"name": "token", "pattern": "((a{100}){100}){100}"}]);
            with(d, "/api_key", json!({"fields": fields}))
        },
        "not a usable pattern",
    ),
    (
        "a link that runs",
        |d, _| with(d, "/docs", json!("javascript:alert(1)")),
        "must be https",
    ),
    (
        "a field that may come to mean something",
        |d, p| with(d, "/oauth/token_mirror_url", json!(p.evil)),
        "not a known field",
    ),
    (
        "another version",
        |d, _| with(d, "/schema_version", json!(3)),
        "this version reads 2",
    ),
    (
        "the same field twice",
        |d, p| {
            let text = d.to_string();
            let twice = format!("{{\"oauth\":{{\"token_url\":\"{}/token\"}},", p.evil);
            text.replacen('{', &twice, 1).into_bytes()
        },
        "not valid JSON",
    ),
    (
        "no end of brackets",
        |_, _| "[".repeat(200_000).into_bytes(),
        "not valid JSON",
    ),
    (
        "no end of a file",
        |d, _| {
            let mut text = d.to_string().into_bytes();
            text.resize(300 * 1024, b' ');
            text
        },
        "larger than 256 KiB",
    ),
    ("no text", |_, _| vec![0xff, 0xfe, b'{', 0], "UTF-8"),
    ("nothing", |_, _| Vec::new(), "not valid JSON"),
];
