//! How clients prove who they are, and codes that are of no use to others.

use super::every::told;
use super::first;

#[test]
fn by_basic_and_nothing_of_it_in_the_body() {
    for (provider, url) in [
        ("zoom", "https://zoom.us/oauth/token"),
        ("x", "https://api.x.com/2/oauth2/token"),
        ("reddit", "https://www.reddit.com/api/v1/access_token"),
        ("airtable", "https://airtable.com/oauth2/v1/token"),
    ] {
        let seen = told(provider, "authorization_code");
        let token = first(&seen, "POST", url);
        let (id, secret) = token.basic_client().unwrap();
        assert!(
            id.starts_with("client-") && secret.starts_with("cnry_"),
            "{provider}"
        );
        let body = String::from_utf8_lossy(&token.body).into_owned();
        assert!(
            !body.contains(&secret) && !body.contains("client_secret"),
            "{provider}"
        );
    }
}

#[test]
fn in_the_body_and_nothing_of_it_in_a_header() {
    for (provider, url) in [
        ("linear", "https://api.linear.app/oauth/token"),
        ("hubspot", "https://api.hubapi.com/oauth/v1/token"),
        ("discord", "https://discord.com/api/oauth2/token"),
        ("strava", "https://www.strava.com/api/v3/oauth/token"),
    ] {
        let seen = told(provider, "authorization_code");
        let token = seen.iter().find(|request| request.field("code").is_some());
        let token = token.unwrap_or_else(|| panic!("{provider}: no code was redeemed at {url}"));
        assert_eq!(token.header("authorization"), None, "{provider}");
        assert!(token.field("client_id").is_some(), "{provider}");
    }
}

#[test]
fn without_a_secret_where_the_service_has_such_clients() {
    let seen = told("spotify", "authorization_code");
    let token = first(&seen, "POST", "https://accounts.spotify.com/api/token");
    assert!(
        token
            .field("code_verifier")
            .is_some_and(|verifier| verifier.len() >= 43)
    );
}

#[test]
fn with_a_verifier_where_there_is_no_login_without() {
    for (provider, page, url) in [
        (
            "airtable",
            "https://airtable.com/oauth2/v1/authorize",
            "https://airtable.com/oauth2/v1/token",
        ),
        (
            "x",
            "https://x.com/i/oauth2/authorize",
            "https://api.x.com/2/oauth2/token",
        ),
    ] {
        let seen = told(provider, "authorization_code");
        let page = first(&seen, "GET", page);
        assert_eq!(
            page.parameter("code_challenge_method"),
            Some("S256"),
            "{provider}"
        );
        let verifier = first(&seen, "POST", url).field("code_verifier").unwrap();
        assert_ne!(
            page.parameter("code_challenge"),
            Some(verifier),
            "{provider}"
        );
    }
}

#[test]
fn a_secret_is_asked_for_where_there_is_no_login_without() {
    let abroad = super::Abroad::new();
    for provider in ["google", "linkedin"] {
        let output = abroad.run(&["login", provider, "--client-id", "the-client", "--no-input"]);
        assert_eq!(output.code, 5, "{provider}: {output:?}");
        assert!(
            output.stderr.contains("CLIENT_SECRET"),
            "{provider}: {output:?}"
        );
    }
    assert!(abroad.world.seen().is_empty());
}

#[test]
fn a_body_of_json_where_the_service_wants_it() {
    for (provider, url) in [
        ("atlassian", "https://auth.atlassian.com/oauth/token"),
        ("auth0", "https://acme.eu.auth0.com/oauth/token"),
    ] {
        let seen = told(provider, "authorization_code");
        let token = first(&seen, "POST", url);
        assert_eq!(
            token.header("content-type"),
            Some("application/json"),
            "{provider}"
        );
        assert_eq!(
            token.json()["grant_type"],
            "authorization_code",
            "{provider}"
        );
        assert!(token.json()["client_id"].is_string(), "{provider}");
    }
}

#[test]
fn a_name_for_the_program_where_strangers_are_turned_away() {
    let seen = told("reddit", "authorization_code");
    for url in [
        "https://www.reddit.com/api/v1/access_token",
        "https://www.reddit.com/api/v1/revoke_token",
    ] {
        let agent = first(&seen, "POST", url).header("user-agent").unwrap();
        assert!(agent.starts_with("authkeep/"), "{agent}");
    }
    // A program that does not say who it is gets a name too.
    let agent = first(&seen, "GET", "https://oauth.reddit.com/sweep").header("user-agent");
    assert!(agent.unwrap().contains("authkeep"), "{agent:?}");
}
