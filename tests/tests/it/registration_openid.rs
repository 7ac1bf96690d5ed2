//! Registration at an OpenID provider that is nobody's code here: a login without a client, and what follows.

use authkeep_testkit::canary::Scanner;
use authkeep_testkit::home::{Output, run};
use authkeep_tests::{
    Browser, BrowserAction, OidcClient, OidcOptions, expire, open_vault, wait_until,
};
use serde_json::{Value, json};

use crate::openid::OpenId;

fn openid(client: OidcClient) -> OpenId {
    let openid = OpenId::new(&OidcOptions::default(), client);
    let mut definition = openid.provider.definition("acme", client);
    let endpoint = openid.provider.endpoint("registration_endpoint");
    definition["oauth"]["registration_url"] = endpoint.into();
    openid.product.home().write_definition(&definition);
    openid
}

/// `login acme` in the real browser, with no client anywhere.
fn login(openid: &OpenId, more: &[&str]) -> Output {
    let mut arguments = vec!["login", "acme", "--no-input"];
    arguments.extend(more);
    let mut command = openid.product.command(&arguments);
    Browser::chromium()
        .acting(BrowserAction::Approve)
        .apply(&mut command);
    let output = run(&mut command);
    let tmp = openid.product.home().tmp();
    wait_until("the browser has gone", || {
        std::fs::read_dir(&tmp).is_ok_and(|mut entries| {
            !entries.any(|entry| {
                entry.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("fb-"))
            })
        })
    });
    output
}

#[test]
fn nobody_needs_a_client_where_one_can_be_registered() {
    for client in [OidcClient::PublicNative, OidcClient::ConfBasic] {
        let openid = openid(client);
        let output = login(&openid, &[]);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(
            output.stderr.contains("Registering a client at 127.0.0.1"),
            "{output:?}"
        );
        let (_, details) = openid.product.json(&["get", "acme"]);
        let id = details["client_id"].clone();
        assert_ne!(id, client.id());

        // Renewed by that client, and used again by the next login.
        expire(&open_vault(&openid.product.home().authkeep_home()));
        let token = openid.product.secret("acme", "token");
        assert_eq!(openid.api(&token).status, 200);
        let again = login(&openid, &["--force"]);
        assert_eq!(again.code, 0, "{again:?}");
        assert_eq!(openid.provider.count("registration_create.success"), 1);
        assert_eq!(openid.product.json(&["get", "acme"]).1["client_id"], id);

        // A new one is made on demand. What it has is in the vault and nowhere else.
        let reset = login(&openid, &["--reset"]);
        assert_eq!(reset.code, 0, "{reset:?}");
        assert_eq!(openid.provider.count("registration_create.success"), 2);
        let said = format!("{output:?}{again:?}{reset:?}");
        assert_eq!(Scanner::new(&[&token]).scan(said.as_bytes()), []);
    }
}

#[test]
fn a_provider_that_registers_nobody_says_so() {
    let options = OidcOptions {
        env: vec![("DCR_INITIAL_ACCESS_TOKEN".to_owned(), "needed".to_owned())],
        ..OidcOptions::default()
    };
    let provider_wants_a_token = OpenId::new(&options, OidcClient::PublicNative);
    let mut definition = provider_wants_a_token
        .provider
        .definition("acme", OidcClient::PublicNative);
    let endpoint = provider_wants_a_token
        .provider
        .endpoint("registration_endpoint");
    definition["oauth"]["registration_url"] = endpoint.into();
    provider_wants_a_token
        .product
        .home()
        .write_definition(&definition);
    let output = login(&provider_wants_a_token, &["--json"]);
    assert_eq!(output.code, 4, "{output:?}");
    let problem: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| json!(output.stderr));
    assert_eq!(problem["error"], "not_registered", "{output:?}");
    assert!(problem["hint"].as_str().unwrap().contains("--client-id"));
}
