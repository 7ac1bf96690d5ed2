//! What is asked for at the authorization page.

use super::every::{facts, story, told};
use super::first;
use super::strict::Account;

#[test]
fn joined_by_what_the_service_splits_at() {
    for (provider, page, separator) in [
        ("linear", "https://linear.app/oauth/authorize", ','),
        ("strava", "https://www.strava.com/oauth/authorize", ','),
        ("spotify", "https://accounts.spotify.com/authorize", ' '),
    ] {
        let mut account = Account::new(provider, "authorization_code", &facts()[provider]);
        account.facts["oauth"]["scopes"] = serde_json::json!(["one:a", "two:b"]);
        account.more = vec!["--scopes".to_owned(), "one:a,two:b".to_owned()];
        let seen = story(account);
        let scope = first(&seen, "GET", page)
            .parameter("scope")
            .map(str::to_owned);
        assert_eq!(scope, Some(format!("one:a{separator}two:b")), "{provider}");
    }
}

#[test]
fn with_all_that_a_refresh_token_depends_on() {
    let seen = told("google", "authorization_code");
    let page = first(&seen, "GET", "https://accounts.google.com/o/oauth2/v2/auth");
    assert_eq!(page.parameter("access_type"), Some("offline"));
    assert_eq!(page.parameter("prompt"), Some("consent"));
    let seen = told("dropbox", "authorization_code");
    let page = first(&seen, "GET", "https://www.dropbox.com/oauth2/authorize");
    assert_eq!(page.parameter("token_access_type"), Some("offline"));
    let seen = told("reddit", "authorization_code");
    let page = first(&seen, "GET", "https://www.reddit.com/api/v1/authorize");
    assert_eq!(page.parameter("duration"), Some("permanent"));
    assert_eq!(page.parameter("code_challenge"), None);
    let seen = told("atlassian", "authorization_code");
    let page = first(&seen, "GET", "https://auth.atlassian.com/authorize");
    assert_eq!(page.parameter("audience"), Some("api.atlassian.com"));
    assert!(
        page.parameter("scope")
            .unwrap()
            .split(' ')
            .any(|scope| scope == "offline_access")
    );
    // It knows one redirect address in full.
    let redirect = page.parameter("redirect_uri").unwrap();
    assert_eq!(
        redirect,
        "http://127.0.0.1:27149/callback/auth.atlassian.com"
    );
}

#[test]
fn a_device_gets_only_what_google_gives_to_devices() {
    let seen = told("google", "device_code");
    let codes = first(&seen, "POST", "https://oauth2.googleapis.com/device/code");
    let allowed = ["openid", "email", "profile"];
    let scopes = codes.field("scope").unwrap();
    assert!(
        scopes.split(' ').all(|scope| allowed.contains(&scope)),
        "{scopes}"
    );
}

#[test]
fn a_redirect_to_the_name_or_to_the_number_of_this_machine() {
    let host = |provider: &str, page: &str| {
        let seen = told(provider, "authorization_code");
        let redirect = first(&seen, "GET", page)
            .parameter("redirect_uri")
            .unwrap()
            .to_owned();
        redirect.rsplit_once(':').unwrap().0.to_owned()
    };
    // Spotify takes the number alone, and Microsoft the name alone.
    assert_eq!(
        host("spotify", "https://accounts.spotify.com/authorize"),
        "http://127.0.0.1"
    );
    let microsoft = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
    assert_eq!(host("microsoft", microsoft), "http://localhost");
}
