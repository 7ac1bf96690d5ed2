use authkeep_testkit::plain_http::Request;
use authkeep_tests::{OidcClient, OidcOptions, OidcProvider};
use serde_json::json;

#[test]
fn it_starts_publishes_its_endpoints_and_stops() {
    let provider = OidcProvider::start(&OidcOptions::default());
    let issuer = provider.issuer().to_owned();
    assert!(issuer.starts_with("http://127.0.0.1:"));
    let metadata = provider.metadata();
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["authorization_endpoint"], format!("{issuer}/auth"));
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/token"));
    assert_eq!(
        metadata["revocation_endpoint"],
        format!("{issuer}/token/revocation")
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    drop(provider);
    assert!(Request::get(&issuer).send().is_err());
}

#[test]
fn a_definition_takes_its_endpoints_from_the_metadata() {
    let provider = OidcProvider::start(&OidcOptions::default());
    for (client, auth) in [
        (OidcClient::PublicNative, "none"),
        (OidcClient::ConfBasic, "basic"),
        (OidcClient::ConfPost, "body"),
    ] {
        let definition = provider.definition("acme", client);
        assert_eq!(
            definition["oauth"]["token_url"],
            format!("{}/token", provider.issuer())
        );
        assert_eq!(definition["oauth"]["client_auth"], auth);
        assert_eq!(
            definition["oauth"]["public_client"],
            client.secret().is_none()
        );
        assert_eq!(definition["local"], true);
        let secret = client.secret().unwrap_or("public clients have none");
        assert!(!definition.to_string().contains(secret));
    }
}

#[test]
fn faults_hit_once_and_what_happened_is_on_record() {
    let provider = OidcProvider::start(&OidcOptions::default());
    let token_url = format!("{}/token", provider.issuer());
    let ask = || Request::form(&token_url, &[("grant_type", "x")]).send();
    provider.fault(&json!({ "path": "/token", "mode": "status", "status": 503 }));
    provider.fault(&json!({ "path": "/token", "mode": "drop" }));
    assert_eq!(ask().unwrap().status, 503);
    assert!(ask().is_err());
    assert_eq!(ask().unwrap().status, 400);
    assert_eq!((provider.count("fault"), provider.count("http")), (2, 3));
    provider.forget_events();
    assert_eq!(provider.count("http"), 0);
    assert!(!provider.token_is_active("never-issued"));
}
