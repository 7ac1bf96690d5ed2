//! Servers of the Model Context Protocol: they register clients themselves, and tokens are for one resource.

use super::every::told;
use super::first;

#[test]
fn a_client_is_registered_and_nothing_is_asked() {
    let seen = told("linear-mcp", "authorization_code");
    let wish = first(&seen, "POST", "https://mcp.linear.app/register").json();
    assert_eq!(wish["token_endpoint_auth_method"], "none");
    let page = first(&seen, "GET", "https://mcp.linear.app/authorize");
    assert_eq!(
        page.parameter("redirect_uri"),
        wish["redirect_uris"][0].as_str()
    );
    assert_eq!(page.parameter("code_challenge_method"), Some("S256"));
    let token = first(&seen, "POST", "https://mcp.linear.app/token");
    assert_eq!(token.field("client_secret"), None);
}

#[test]
fn endpoints_are_what_the_issuer_says() {
    let seen = told("sentry-mcp", "authorization_code");
    let order: Vec<&str> = seen.iter().map(|request| &*request.path).collect();
    assert!(order[0].starts_with("/.well-known/"), "{order:?}");
    first(&seen, "POST", "https://mcp.sentry.dev/oauth/register");
}

#[test]
fn tokens_are_for_one_resource_and_every_request_for_one_says_so() {
    let seen = told("attio-mcp", "authorization_code");
    let resource =
        first(&seen, "GET", "https://app.attio.com/oidc/authorize").parameter("resource");
    assert!(resource.is_some_and(|resource| resource.starts_with("https://mcp.attio.com")));
    let tokens: Vec<_> = seen
        .iter()
        .filter(|request| request.field("grant_type").is_some())
        .collect();
    assert!(tokens.len() >= 2, "{tokens:?}");
    assert!(
        tokens
            .iter()
            .all(|request| request.field("resource") == resource)
    );
}
