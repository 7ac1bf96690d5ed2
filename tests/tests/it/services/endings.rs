//! How logins last and end: tokens without an end, tokens that nobody can revoke, refresh tokens that are spent.

use authkeep_testkit::home::Output;

use super::every::{facts, told};
use super::first;
use super::strict::{Account, Strict};
use super::{Abroad, CLIENT};

/// A login by the browser as [`CLIENT`], at a strict server.
fn logged_in(provider: &str) -> (Abroad, Output) {
    let abroad = Abroad::new();
    let mut account = Account::new(provider, "authorization_code", &facts()[provider]);
    let [id, secret] = CLIENT;
    (account.client_id, account.client_secret) = (id.to_owned(), secret.to_owned());
    account.secrets = vec![secret.to_owned()];
    Strict::serve(&abroad.world, vec![account]);
    let output = abroad.login(provider, &["--flow", "authorization_code"]);
    (abroad, output)
}

#[test]
fn a_token_without_an_end_is_good_until_it_is_refused() {
    let (abroad, output) = logged_in("clickup");
    assert_eq!(output.code, 0, "{output:?}");
    let (_, details) = abroad.product.json(&["get", "clickup"]);
    assert_eq!(details["status"], "connected", "{details}");
    assert!(details["expires_at"].is_null(), "{details}");
}

#[test]
fn what_nobody_can_revoke_is_said_to_stay_good() {
    let (abroad, output) = logged_in("spotify");
    assert_eq!(output.code, 0, "{output:?}");
    let before = abroad.world.seen().len();
    let output = abroad.run(&["logout", "spotify"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("no revocation"), "{output:?}");
    assert_eq!(abroad.world.seen().len(), before);
}

#[test]
fn a_refresh_token_that_is_spent_by_its_use_is_replaced_by_the_next() {
    for (provider, url) in [
        ("linear", "https://api.linear.app/oauth/token"),
        (
            "microsoft",
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        ),
    ] {
        let seen = told(provider, "authorization_code");
        let refresh = seen
            .iter()
            .filter(|request| request.field("refresh_token").is_some());
        assert_eq!(refresh.count(), 1, "{provider} at {url}");
    }
}

#[test]
fn requests_of_a_vendors_own_end_a_login() {
    let seen = told("google", "authorization_code");
    let google = first(&seen, "POST", "https://oauth2.googleapis.com/revoke");
    assert!(google.field("token").is_some() && google.field("client_secret").is_none());
    let seen = told("dropbox", "authorization_code");
    let dropbox = first(
        &seen,
        "POST",
        "https://api.dropboxapi.com/2/auth/token/revoke",
    );
    assert!(
        dropbox.bearer().is_some() && dropbox.body.is_empty(),
        "{dropbox:?}"
    );
}

#[test]
fn a_token_whose_end_is_not_told_ends_when_it_usually_does() {
    let (abroad, output) = logged_in("salesforce");
    assert_eq!(output.code, 0, "{output:?}");
    let (_, details) = abroad.product.json(&["get", "salesforce"]);
    let left = details["seconds_left"].as_u64().unwrap();
    assert!((6_000..=7_200).contains(&left), "{details}");
}
