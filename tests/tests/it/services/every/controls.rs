//! The negative controls: a definition that is wrong in one point, and the strict server that notices.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::strict::Account;
use super::batch::Batch;
use super::facts;

/// What one login comes to with a definition that was changed.
fn wrong(provider: &str, flow: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut batch = Batch::new(vec![Account::new(provider, flow, &facts()[provider])]);
    batch.abroad.redefine(provider, change);
    batch.run().wrong
}

#[test]
fn a_definition_that_is_wrong_in_one_point_is_noticed() {
    let code = "authorization_code";
    let broken = [
        (
            "klaviyo",
            "api_key",
            "/api_key/headers/Authorization",
            json!("Bearer {token}"),
        ),
        (
            "datadog",
            "api_key",
            "/api_key/headers",
            json!({ "X-Api-Key": "{token}" }),
        ),
        (
            "trello",
            "api_key",
            "/api_key/query",
            json!({ "key": "{token}", "token": "{api_key}" }),
        ),
        (
            "freshdesk",
            "api_key",
            "/api_key/basic",
            json!(["X", "{token}"]),
        ),
        ("notion", "api_key", "/headers", json!({})),
        (
            "github",
            "api_key",
            "/hosts",
            json!([
                "{api_url}",
                "github.com",
                "uploads.github.com",
                "raw.githubusercontent.com",
                "models.github.ai",
                "gist.github.com"
            ]),
        ),
        ("notion", code, "/oauth/client_auth", json!("body")),
        ("notion", code, "/oauth/token_format", json!("form")),
        ("linear", code, "/oauth/scope_separator", json!(" ")),
        ("google", code, "/oauth/authorization_params", json!({})),
        ("dropbox", code, "/oauth/authorization_params", json!({})),
        ("x", code, "/oauth/pkce", json!(false)),
        ("github", code, "/oauth/revocation/method", json!("POST")),
        ("github", "device_code", "/oauth/scopes", json!(["repo"])),
        (
            "zoom",
            "client_credentials",
            "/oauth/client_credentials/params",
            json!({}),
        ),
        (
            "zoom",
            "client_credentials",
            "/oauth/client_auth",
            json!("body"),
        ),
    ];
    let names: BTreeSet<&str> = broken.iter().map(|(provider, ..)| *provider).collect();
    let count = broken.len();
    for (provider, flow, pointer, value) in broken {
        let wrong = wrong(provider, flow, |definition| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            definition.pointer_mut(parent).unwrap()[name] = value;
        });
        assert!(
            !wrong.is_empty(),
            "{provider} by {flow} with another {pointer} goes through"
        );
    }
    println!(
        "figure: {count} definitions of {} providers broken in one point, {count} refused",
        names.len()
    );
}

#[test]
fn a_definition_that_sends_elsewhere_is_noticed() {
    // A host that nobody has.
    let url = "https://api.linear.example.com/oauth/token";
    let found = wrong("linear", "authorization_code", |definition| {
        definition["oauth"]["token_url"] = json!(url);
    });
    let found = found.join("\n");
    assert!(
        found.contains("asked for elsewhere: {\"api.linear.example.com\"}"),
        "{found}"
    );

    // A host of another service: what arrives there is counted.
    let facts = facts();
    let accounts = ["linear", "openai"].map(|name| Account::new(name, "api_key", &facts[name]));
    let mut batch = Batch::new(accounts.into());
    batch.abroad.redefine("linear", |definition| {
        definition["hosts"] = json!(["api.linear.app", "api.openai.com"]);
    });
    for index in [0, 1] {
        batch.log_in(index);
    }
    let curl = [
        "run",
        "--quiet",
        "--",
        "curl",
        "-s",
        "-H",
        "Authkeep-Connection: linear=default",
        "https://api.openai.com/sweep",
    ];
    let output = batch.abroad.run(&curl);
    let strict = batch.strict.lock().unwrap();
    assert!(strict.accounts[0].strayed > 0, "{output:?}");
    assert_eq!(strict.accounts[1].strayed, 0);
}
