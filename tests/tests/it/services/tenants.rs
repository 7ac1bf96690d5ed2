//! Services that have a host, or an endpoint, for each customer; and those that anybody can host.

use authkeep_testkit::canary::canary;
use serde_json::{Value, json};

use super::every::{facts, story, told};
use super::strict::Account;
use super::{Abroad, first};

#[test]
fn a_credential_stays_with_its_tenant() {
    let seen = told("shopify", "authorization_code");
    let request = first(&seen, "GET", "https://acme.myshopify.com/sweep");
    assert!(
        request.header("x-shopify-access-token").is_some(),
        "{request:?}"
    );
    assert_eq!(request.header("authorization"), None);

    // Another shop is a stranger's.
    let key = canary();
    let abroad = Abroad::new();
    for shop in ["acme", "evil"] {
        let host = format!("{shop}.myshopify.com");
        abroad.world.serve(&host, |_| {
            authkeep_testkit::message::Reply::json(200, &json!({}))
        });
    }
    let login = [
        "login",
        "shopify",
        "--flow",
        "api_key",
        "--with-token",
        "--param",
        "shop=acme",
    ];
    let output = abroad.given(&login, &json!({ "token": key }).to_string());
    assert_eq!(output.code, 0, "{output:?}");
    for shop in ["evil", "acme"] {
        let url = format!("https://{shop}.myshopify.com/admin");
        assert_eq!(abroad.ask("shopify", &[&url]).code, 0);
    }
    assert_eq!(abroad.world.hosts_that_got(&[&key]), ["acme.myshopify.com"]);
}

#[test]
fn a_name_of_a_tenant_is_no_more_than_a_name() {
    let abroad = Abroad::new();
    for (provider, param) in [
        ("shopify", "shop=evil.example.com/x"),
        ("shopify", "shop=evil.example.com#"),
        ("zendesk", "subdomain=evil.example.com?"),
        ("freshdesk", "subdomain=a@evil.example.com"),
    ] {
        let login = [
            "login",
            provider,
            "--flow",
            "api_key",
            "--with-token",
            "--param",
            param,
        ];
        let output = abroad.given(
            &login,
            &json!({ "token": canary(), "email": "a" }).to_string(),
        );
        assert_ne!(output.code, 0, "{param}: {output:?}");
    }
    assert!(abroad.world.seen().is_empty() && abroad.world.strangers().is_empty());
}

#[test]
fn an_endpoint_for_each_directory() {
    let mut account = Account::new("microsoft", "authorization_code", &facts()["microsoft"]);
    let text = account
        .facts
        .to_string()
        .replace(".com/common/", ".com/contoso.example/");
    account.facts = serde_json::from_str(&text).unwrap();
    account.more = ["--param", "tenant=contoso.example"]
        .map(str::to_owned)
        .into();
    let seen = story(account);
    let token = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
    let is_refresh = |grant: Option<&str>| grant == Some("refresh_token");
    assert!(
        seen.iter()
            .any(|request| is_refresh(request.field("grant_type")))
    );
    first(&seen, "POST", token);
}

#[test]
fn an_instance_of_ones_own() {
    let mut account = Account::new("gitlab", "authorization_code", &facts()["gitlab"]);
    let text = account
        .facts
        .to_string()
        .replace("https://gitlab.com", "https://git.example.org");
    account.facts = serde_json::from_str(&text).unwrap();
    account.more = ["--base-url", "https://git.example.org"]
        .map(str::to_owned)
        .into();
    let seen = story(account);
    assert!(
        seen.iter().all(|request| request.host == "git.example.org"),
        "{seen:?}"
    );
}

#[test]
fn any_name_below_a_domain_and_none_beside_it() {
    let key = canary();
    let abroad = Abroad::new();
    let hosts = [
        "api.twilio.com",
        "video.twilio.com",
        "twilio.com.example.org",
        "nottwilio.com",
    ];
    for host in hosts {
        abroad.world.serve(host, |_| {
            authkeep_testkit::message::Reply::json(200, &json!({}))
        });
    }
    let given = json!({ "account_sid": "AC00", "token": key }).to_string();
    let output = abroad.given(&["login", "twilio", "--with-token"], &given);
    assert_eq!(output.code, 0, "{output:?}");
    for host in hosts {
        assert_eq!(
            abroad.ask("twilio", &[&format!("https://{host}/x")]).code,
            0,
            "{host}"
        );
    }
    let got: Vec<String> = abroad.world.hosts_that_got(&[&key]);
    assert_eq!(got, ["api.twilio.com", "video.twilio.com"]);
    let definition: Value = super::shipped("twilio");
    assert_eq!(definition["hosts"], json!(["*.twilio.com"]));
}
