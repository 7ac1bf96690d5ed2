//! Registration at an OpenID provider that is nobody's code here: a login without a client, and what follows.

use authkeep_testkit::canary::Scanner;
use authkeep_testkit::home::{Output, run};
use authkeep_testkit::plain_http::Request;
use authkeep_tests::{
    Browser, BrowserAction, OidcClient, OidcOptions, expire, open_vault, stored_record, wait_until,
};
use serde_json::{Value, json};

use crate::login_device_openid::decided;
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
fn a_client_in_the_environment_comes_before_one_that_could_be_registered() {
    let openid = openid(OidcClient::PublicNative);
    let output = openid.login(
        BrowserAction::Approve,
        ("public-native", None),
        &["--no-input"],
    );
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(openid.provider.count("registration_create.success"), 0);
    let (_, details) = openid.product.json(&["get", "acme"]);
    assert_eq!(details["client_id"], "public-native");
}

#[test]
fn a_client_that_was_deleted_there_is_registered_again_before_the_browser_opens() {
    let openid = openid(OidcClient::PublicNative);
    assert_eq!(login(&openid, &[]).code, 0);
    let store = open_vault(&openid.product.home().authkeep_home());
    let record = stored_record(&store).unwrap();
    drop(store);
    let registration = &record["client"]["registration"];
    let token = registration["access_token"].as_str().unwrap();
    let deleted = Request::delete(registration["management"].as_str().unwrap())
        .header("authorization", &format!("Bearer {token}"))
        .send()
        .unwrap();
    assert_eq!(deleted.status, 204);
    // Without the look at the registration, the browser would end at an error page and the login in a time-out.
    let again = login(&openid, &["--force"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(openid.provider.count("registration_create.success"), 2);
    assert_eq!(openid.provider.count("authorization.error"), 0);
}

#[test]
fn a_device_needs_no_client_of_a_persons() {
    let openid = openid(OidcClient::DevicePublic);
    let arguments = ["login", "acme", "--json", "--force", "--no-input"];
    let command = || openid.product.command(&arguments);
    let (event, code, document) = decided(command(), BrowserAction::Approve);
    assert_eq!(code, 0, "{document}");
    let (again, code, document) = decided(command(), BrowserAction::Approve);
    assert_eq!(code, 0, "{document}");
    assert_eq!(openid.provider.count("registration_create.success"), 1);
    assert_eq!(event["client_id"], again["client_id"]);
    assert_eq!(openid.product.run(&["refresh", "acme"]).code, 0);
}

#[test]
fn a_machine_needs_no_client_of_a_persons() {
    let openid = OpenId::new(&OidcOptions::default(), OidcClient::ConfBasic);
    let mut definition = openid.provider.definition("acme", OidcClient::ConfBasic);
    let endpoint = openid.provider.endpoint("registration_endpoint");
    definition["oauth"]["registration_url"] = endpoint.into();
    definition["oauth"]["scopes"] = json!([]);
    definition["flows"] = json!(["client_credentials"]);
    openid.product.home().write_definition(&definition);
    for more in [&["--force"][..], &["--force"], &["--reset"]] {
        let mut arguments = vec!["login", "acme", "--no-input"];
        arguments.extend(more);
        let output = openid.product.run(&arguments);
        assert_eq!(output.code, 0, "{output:?}");
    }
    assert_eq!(openid.provider.count("registration_create.success"), 2);
    assert_eq!(openid.provider.count("client_credentials.saved"), 3);
    assert_eq!(openid.product.run(&["refresh", "acme"]).code, 0);
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
