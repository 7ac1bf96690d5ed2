//! API keys in all the places where services want them. Each is looked at here as it stood in the request; that there was
//! nothing else in it, the strict server has seen to.

use authkeep_testkit::message::Received;

use super::every::{facts, story, told};
use super::first;
use super::strict::Account;

/// The request of a program behind the sidecar, after a login whose fields have these values.
fn asked(provider: &str, values: &[(&str, &str)], url: &str) -> Received {
    let mut account = Account::new(provider, "api_key", &facts()[provider]);
    account.secrets.clear();
    for (name, value) in values {
        let there = account
            .fields
            .insert((*name).to_owned(), (*value).to_owned());
        assert!(there.is_some(), "{provider} has no field {name}");
        account.secrets.push((*value).to_owned());
    }
    first(&story(account), "GET", url).clone()
}

const KEY: &str = "cnry_00000000000000000000000000000k00";

#[test]
fn a_header_of_the_services_own() {
    for (provider, url, header) in [
        ("anthropic", "https://api.anthropic.com/sweep", "x-api-key"),
        (
            "elevenlabs",
            "https://api.elevenlabs.io/sweep",
            "xi-api-key",
        ),
        (
            "brave-search",
            "https://api.search.brave.com/sweep",
            "x-subscription-token",
        ),
    ] {
        let request = asked(provider, &[("token", KEY)], url);
        assert_eq!(request.header(header), Some(KEY), "{request:?}");
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn a_scheme_of_the_services_own() {
    for (provider, url, header) in [
        (
            "klaviyo",
            "https://a.klaviyo.com/sweep",
            format!("Klaviyo-API-Key {KEY}"),
        ),
        (
            "deepgram",
            "https://api.deepgram.com/sweep",
            format!("Token {KEY}"),
        ),
        (
            "opsgenie",
            "https://api.opsgenie.com/sweep",
            format!("GenieKey {KEY}"),
        ),
        (
            "discord",
            "https://discord.com/api/sweep",
            format!("Bot {KEY}"),
        ),
        // No scheme at all.
        ("linear", "https://api.linear.app/sweep", KEY.to_owned()),
        ("clickup", "https://api.clickup.com/sweep", KEY.to_owned()),
    ] {
        let request = asked(provider, &[("token", KEY)], url);
        assert_eq!(
            request.header("authorization"),
            Some(&*header),
            "{request:?}"
        );
    }
}

#[test]
fn a_user_and_a_password() {
    let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
    // The key is the user, and the password is nothing or anything.
    let request = asked(
        "freshdesk",
        &[("token", KEY)],
        "https://acme.freshdesk.com/sweep",
    );
    assert_eq!(request.basic(), pair(KEY, "X"));
    let request = asked("close", &[("token", KEY)], "https://api.close.com/sweep");
    assert_eq!(request.basic(), pair(KEY, ""));
    // The user says what the password is.
    let fields = [("email", "ada@example.com"), ("token", KEY)];
    let request = asked("zendesk", &fields, "https://acme.zendesk.com/sweep");
    assert_eq!(request.basic(), pair("ada@example.com/token", KEY));
    let fields = [("account_sid", "AC00"), ("token", KEY)];
    let request = asked("twilio", &fields, "https://api.twilio.com/sweep");
    assert_eq!(request.basic(), pair("AC00", KEY));
}

#[test]
fn a_parameter_of_the_query() {
    let request = asked("serpapi", &[("token", KEY)], "https://serpapi.com/sweep");
    assert_eq!(request.query, [("api_key".to_owned(), KEY.to_owned())]);
    // Two of them, of which one is called as any key is elsewhere.
    let other = "cnry_00000000000000000000000000000k01";
    let fields = [("api_key", other), ("token", KEY)];
    let request = asked("trello", &fields, "https://api.trello.com/sweep");
    assert_eq!(request.parameter("key"), Some(other), "{request:?}");
    assert_eq!(request.parameter("token"), Some(KEY), "{request:?}");
}

#[test]
fn several_headers_at_once() {
    let other = "cnry_00000000000000000000000000000k01";
    let fields = [("key_id", other), ("token", KEY)];
    let request = asked("alpaca", &fields, "https://api.alpaca.markets/sweep");
    assert_eq!(
        request.header("apca-api-key-id"),
        Some(other),
        "{request:?}"
    );
    assert_eq!(
        request.header("apca-api-secret-key"),
        Some(KEY),
        "{request:?}"
    );
}

#[test]
fn a_version_beside_the_key() {
    for (provider, url, name, version) in [
        (
            "anthropic",
            "https://api.anthropic.com/sweep",
            "anthropic-version",
            "2023-06-01",
        ),
        (
            "lemonsqueezy",
            "https://api.lemonsqueezy.com/sweep",
            "accept",
            "application/vnd.api+json",
        ),
    ] {
        let request = asked(provider, &[("token", KEY)], url);
        assert_eq!(request.header(name), Some(version), "{request:?}");
    }
}

#[test]
fn another_form_at_another_host_of_the_same_service() {
    let pair = |user: &str| Some((user.to_owned(), KEY.to_owned()));
    for (provider, user, git, api) in [
        (
            "gitlab",
            "oauth2",
            "https://gitlab.com/sweep",
            "https://gitlab.com/api/sweep",
        ),
        (
            "codeberg",
            "oauth2",
            "https://codeberg.org/sweep",
            "https://codeberg.org/api/sweep",
        ),
    ] {
        assert_eq!(asked(provider, &[("token", KEY)], git).basic(), pair(user));
        assert_eq!(asked(provider, &[("token", KEY)], api).basic(), None);
    }
    let places = asked(
        "google-maps",
        &[("token", KEY)],
        "https://places.googleapis.com/sweep",
    );
    assert_eq!(places.header("x-goog-api-key"), Some(KEY));
    assert!(places.query.is_empty());
    let maps = asked(
        "google-maps",
        &[("token", KEY)],
        "https://maps.googleapis.com/sweep",
    );
    assert_eq!(maps.parameter("key"), Some(KEY));
    assert_eq!(maps.header("x-goog-api-key"), None);
}

#[test]
fn cookies_that_a_person_has_entered() {
    let fields = [("li_at", KEY), ("jsessionid", "ajax:1234567890")];
    let request = asked(
        "linkedin-browser",
        &fields,
        "https://www.linkedin.com/sweep",
    );
    let cookie = format!("li_at={KEY}; JSESSIONID=\"ajax:1234567890\"");
    assert_eq!(request.header("cookie"), Some(&*cookie));
    assert_eq!(request.header("csrf-token"), Some("ajax:1234567890"));
}

#[test]
fn a_key_that_is_turned_into_a_token_first() {
    let seen = told("dockerhub", "api_key");
    let login = first(&seen, "POST", "https://hub.docker.com/v2/auth/token").json();
    let names: Vec<&String> = login.as_object().unwrap().keys().collect();
    assert_eq!(names, ["identifier", "secret"]);
    let request = first(&seen, "GET", "https://hub.docker.com/sweep");
    let token = request.bearer().unwrap();
    assert!(login["secret"] != token && login["identifier"] != token);
}

#[test]
fn where_only_a_signature_of_the_first_oauth_would_do_there_is_a_key() {
    // OAuth 1 is not offered as if it were there.
    assert_eq!(
        super::shipped("trello")["flows"],
        serde_json::json!(["api_key"])
    );
}
