use authkeep_testkit::callback::CallbackListener;
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_tests::{Browser, BrowserAction, OidcClient, OidcOptions, OidcProvider};

use crate::authorization::{authorization_url, redeem, refresh};

/// The redirect URI that is registered with the provider: its path names the provider's host.
fn redirect_uri(listener: &CallbackListener, provider: &OidcProvider) -> String {
    let issuer = provider.metadata()["issuer"].as_str().unwrap();
    let name = issuer.trim_start_matches("http://").replace(':', "-");
    format!("{}/{name}", listener.uri())
}

#[test]
fn a_real_login_at_the_real_provider_yields_tokens_that_rotate() {
    let provider = OidcProvider::start(&OidcOptions::default());
    let listener = CallbackListener::start();
    let client = OidcClient::PublicNative.id();
    let redirect_uri = redirect_uri(&listener, &provider);
    let endpoint = |name: &str| provider.metadata()[name].as_str().unwrap();
    let url = authorization_url(endpoint("authorization_endpoint"), client, &redirect_uri);
    let visit = Browser::chromium().visit(&url);
    assert_eq!(visit.code, 0, "{visit:#?}");
    let code = listener.arrived_with("code").unwrap();

    let token_url = endpoint("token_endpoint");
    let tokens = redeem(token_url, client, &redirect_uri, &code).json();
    let first = tokens["refresh_token"].as_str().unwrap();
    assert!(provider.token_is_active(first));
    let second = refresh(token_url, client, first).json();
    assert_ne!(second["refresh_token"], tokens["refresh_token"]);
    // Reuse of the first kills the family, as the provider has it.
    assert_eq!(
        refresh(token_url, client, first).json()["error"],
        "invalid_grant"
    );
    assert!(!provider.token_is_active(second["refresh_token"].as_str().unwrap()));
}

#[test]
fn a_refusal_at_the_real_provider_comes_back_as_an_error() {
    let provider = OidcProvider::start(&OidcOptions::default());
    let listener = CallbackListener::start();
    let endpoint = provider.metadata()["authorization_endpoint"]
        .as_str()
        .unwrap();
    let redirect_uri = redirect_uri(&listener, &provider);
    let url = authorization_url(endpoint, OidcClient::PublicNative.id(), &redirect_uri);
    let visit = Browser::chromium().acting(BrowserAction::Deny).visit(&url);
    assert_eq!(visit.code, 0, "{visit:#?}");
    assert_eq!(
        listener.arrived_with("error").as_deref(),
        Some("access_denied")
    );
}

#[test]
fn the_testkits_consent_page_works_in_a_real_browser() {
    let server = OAuthServer::start(ServerOptions::default());
    let endpoint = format!("{}/authorize", server.url());
    for (action, outcome) in [
        (BrowserAction::Approve, "code"),
        (BrowserAction::Deny, "error"),
    ] {
        let listener = CallbackListener::start();
        let url = authorization_url(&endpoint, "test-client", &listener.uri());
        let visit = Browser::chromium().acting(action).visit(&url);
        assert_eq!(visit.code, 0, "{visit:#?}");
        assert!(listener.arrived_with(outcome).is_some());
    }
}
