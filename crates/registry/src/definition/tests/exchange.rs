//! Keys that are exchanged for a token: what a definition has to say, and what it may not.

use serde_json::{Value, json};

use super::{Definition, DefinitionError, read};

/// The good definition with an exchange, and `patch` laid over that.
fn with_exchange(patch: Value) -> Result<Definition, DefinitionError> {
    let mut exchange = json!({
        "url": "https://login.{site}/session",
        "format": "json",
        "params": {"user": "{name}", "key": "{key}"},
        "token_path": "/token",
    });
    for (name, value) in patch.as_object().into_iter().flatten() {
        exchange[name] = value.clone();
    }
    let fields = json!([{"name": "name", "secret": false}, {"name": "key"}]);
    let headers = json!({"Authorization": "Bearer {token}", "Acme-App": "{name}"});
    read(json!({"api_key": {"fields": fields, "headers": headers, "exchange": exchange}}))
}

#[test]
fn a_good_one_reads_and_says_where_the_key_goes() {
    let definition = with_exchange(json!({})).expect("reads");
    let params = [("site".to_owned(), "other.example".to_owned())].into();
    let provider = definition.bind(&params).expect("binds");
    let origins = provider.origins();
    assert!(
        origins.contains("https://login.other.example"),
        "{origins:?}"
    );
    let exchange = provider.api_key.and_then(|key| key.exchange);
    let exchange = exchange.expect("an exchange");
    assert_eq!(
        exchange.bound_url().map(String::from).as_deref(),
        Some("https://login.other.example/session")
    );
    assert_eq!(exchange.method, super::Method::Post);
    assert_eq!(exchange.params[0].0, "key");
}

#[test]
fn each_broken_one_names_the_field_and_the_reason() {
    let url = "api_key.exchange.url";
    let cases = [
        (json!({"url": null}), url, "is missing"),
        (json!({"url": "http://login.acme.example/s"}), url, "https"),
        (json!({"url": "https://127.0.0.1/s"}), url, "local"),
        (
            json!({"url": "https://u:p@login.acme.example/s"}),
            url,
            "user",
        ),
        (
            json!({"url": "https://login.acme.example/{key}"}),
            url,
            "not declared here",
        ),
        (
            json!({"token_path": null}),
            "api_key.exchange.token_path",
            "is missing",
        ),
        (
            json!({"token_path": "token"}),
            "api_key.exchange.token_path",
            "JSON pointer",
        ),
        (
            json!({"params": {"key": "{token}"}}),
            "api_key.exchange.params.key",
            "not declared here",
        ),
        (
            json!({"headers": {"Host": "evil.example"}}),
            "api_key.exchange.headers.Host",
            "may not be set",
        ),
        (
            json!({"method": "DELETE"}),
            "api_key.exchange.method",
            "GET or POST",
        ),
        (
            json!({"method": "GET"}),
            "api_key.exchange.format",
            "no body",
        ),
        (
            json!({"format": "none"}),
            "api_key.exchange.params",
            "have no place",
        ),
        (
            json!({"path": "/x{key}"}),
            "api_key.exchange.path",
            "may not carry",
        ),
        (
            json!({"refresh": true}),
            "api_key.exchange.refresh",
            "not a known field",
        ),
    ];
    for (patch, field, reason) in cases {
        let error = with_exchange(patch.clone()).expect_err(&patch.to_string());
        let hit = error
            .errors
            .iter()
            .any(|e| e.field == field && e.reason.contains(reason));
        assert!(hit, "{patch}\nwanted `{field}`: {reason}\nfound {error}");
    }
    // The name `token` is taken by what comes out.
    let exchange = json!({"url": "https://login.acme.example/s", "token_path": "/t"});
    let error = read(json!({"api_key": {"exchange": exchange}})).expect_err("a field `token`");
    assert!(error.to_string().contains("names other than `token`"));
}
