//! Clients that ask for themselves, each in the words of its vendor.

use super::every::{facts, story, told};
use super::first;
use super::strict::Account;

#[test]
fn zooms_accounts_have_a_grant_of_their_own() {
    let seen = told("zoom", "client_credentials");
    let token = first(&seen, "POST", "https://zoom.us/oauth/token");
    assert_eq!(token.field("grant_type"), Some("account_credentials"));
    assert_eq!(token.field("account_id"), Some("1234567"));
    assert!(
        token.basic_client().is_some() && token.form.len() == 2,
        "{token:?}"
    );
}

#[test]
fn zooms_devices_come_by_basic_too() {
    let seen = told("zoom", "device_code");
    let codes = first(&seen, "POST", "https://zoom.us/oauth/devicecode");
    assert!(
        codes.basic_client().is_some() && codes.field("client_secret").is_none(),
        "{codes:?}"
    );
    let poll = first(&seen, "POST", "https://zoom.us/oauth/token");
    assert!(poll.basic_client().is_some(), "{poll:?}");
}

#[test]
fn whom_a_box_or_an_auth0_token_is_for_is_said() {
    let seen = told("box", "client_credentials");
    let token = first(&seen, "POST", "https://api.box.com/oauth2/token");
    assert_eq!(token.field("box_subject_type"), Some("enterprise"));
    assert_eq!(token.field("box_subject_id"), Some("7654321"));
    let seen = told("auth0", "client_credentials");
    let token = first(&seen, "POST", "https://acme.eu.auth0.com/oauth/token").json();
    assert_eq!(token["audience"], "https://acme.eu.auth0.com/api/v2/");
    assert_eq!(token["grant_type"], "client_credentials");
}

#[test]
fn the_standards_grant_by_basic() {
    for (provider, url) in [
        ("paypal", "https://api-m.paypal.com/v1/oauth2/token"),
        ("spotify", "https://accounts.spotify.com/api/token"),
    ] {
        let seen = told(provider, "client_credentials");
        let token = first(&seen, "POST", url);
        assert_eq!(
            token.field("grant_type"),
            Some("client_credentials"),
            "{provider}"
        );
        assert!(token.basic_client().is_some(), "{provider}");
    }
}

#[test]
fn paypals_sandbox_is_another_place() {
    let mut account = Account::new("paypal", "client_credentials", &facts()["paypal"]);
    let text = account.facts.to_string();
    let text = text.replace("api-m.paypal.com", "api-m.sandbox.paypal.com");
    account.facts = serde_json::from_str(&text).unwrap();
    account.facts["hosts"] =
        serde_json::json!([{ "url": "https://api-m.sandbox.paypal.com/sweep" }]);
    account.more = ["--param", "api_base=https://api-m.sandbox.paypal.com"]
        .map(str::to_owned)
        .into();
    let seen = story(account);
    assert!(
        seen.iter()
            .all(|request| request.host == "api-m.sandbox.paypal.com"),
        "{seen:?}"
    );
}

#[test]
fn a_device_of_twitch_asks_for_scopes_in_the_plural() {
    let seen = told("twitch", "device_code");
    let codes = first(&seen, "POST", "https://id.twitch.tv/oauth2/device");
    assert!(
        codes.field("scopes").is_some() && codes.field("scope").is_none(),
        "{codes:?}"
    );
    let request = first(&seen, "GET", "https://api.twitch.tv/sweep");
    assert_eq!(request.header("client-id"), codes.field("client_id"));
}
