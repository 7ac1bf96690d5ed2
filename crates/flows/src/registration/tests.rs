//! Requests as RFC 7591 shows them, and answers of every kind.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use super::*;

const REDIRECT: &str = "http://127.0.0.1:5000/callback/x";

fn read(status: u16, body: &str) -> Result<RegisteredClient, RegistrationError> {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let response = HttpResponse::new(status, headers, body.as_bytes().to_vec());
    let redirect_uri = Url::parse(REDIRECT).expect("test URL");
    let grant = RegisteredGrant::AuthorizationCode {
        redirect_uri: &redirect_uri,
    };
    read_registration(&response, grant)
}

/// What a request registers.
fn registered(grant: RegisteredGrant<'_>, auth: ClientAuth) -> Value {
    let endpoint = Url::parse("https://as.test/register").expect("test URL");
    let metadata = ClientMetadata {
        name: "authkeep",
        grant,
        auth,
    };
    let request = registration_request(&endpoint, &metadata);
    assert_eq!(request.method(), Method::Post);
    let body = request.body().expect("a body").expose_secret();
    serde_json::from_slice(body).expect("JSON")
}

/// A good answer with some fields changed; null takes one away.
fn answer(changes: Value) -> String {
    let mut body = json!({
        "client_id": "abc", "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body.to_string()
}

#[test]
fn the_request_says_what_is_registered() {
    let redirect_uri = Url::parse(REDIRECT).expect("test URL");
    let grant = RegisteredGrant::AuthorizationCode {
        redirect_uri: &redirect_uri,
    };
    for (auth, word) in [
        (ClientAuth::None, "none"),
        (ClientAuth::Basic, "client_secret_basic"),
        (ClientAuth::Post, "client_secret_post"),
    ] {
        let body = registered(grant, auth);
        assert_eq!(body["redirect_uris"], json!([REDIRECT]));
        assert_eq!(body["response_types"], json!(["code"]));
        assert_eq!(body["token_endpoint_auth_method"], word);
        assert_eq!(body["application_type"], "native");
    }
}

#[test]
fn without_a_browser_there_is_no_redirect_uri() {
    let device = registered(RegisteredGrant::DeviceCode, ClientAuth::None);
    let word = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(device["grant_types"], json!([word, "refresh_token"]));
    let own = registered(RegisteredGrant::ClientCredentials, ClientAuth::Basic);
    assert_eq!(own["grant_types"], json!(["client_credentials"]));
    for body in [device, own] {
        assert_eq!(body["response_types"], json!([]));
        assert!(body.get("redirect_uris").is_none());
    }
}

#[test]
fn the_grant_that_was_asked_for_has_to_be_answered() {
    let answered = |grant: RegisteredGrant<'_>, body: Value| {
        let response = HttpResponse::new(201, Vec::new(), body.to_string().into_bytes());
        read_registration(&response, grant)
    };
    let secret = json!({ "client_id": "a", "client_secret": "s", "redirect_uris": ["https://x.test/"],
        "grant_types": ["client_credentials"] });
    assert!(answered(RegisteredGrant::ClientCredentials, secret.clone()).is_ok());
    let error = answered(RegisteredGrant::DeviceCode, secret).expect_err("another grant");
    assert!(error.to_string().contains("grant"), "{error}");
    // Whoever is its own user has to prove who it is.
    let public = json!({ "client_id": "a" });
    assert!(answered(RegisteredGrant::DeviceCode, public.clone()).is_ok());
    let error = answered(RegisteredGrant::ClientCredentials, public).expect_err("no secret");
    assert!(error.to_string().contains("authenticate"), "{error}");
}

#[test]
fn a_registration_can_be_looked_up() {
    let management = Url::parse("https://as.test/register/abc").expect("test URL");
    let request = registration_lookup(&management, &RegistrationToken::new("t"));
    assert_eq!(
        (request.method(), request.url()),
        (Method::Get, &management)
    );
    let header = request.header("authorization").expect("a token");
    assert_eq!(header.expose_secret(), "Bearer t");
    for (status, forgotten) in [
        (200, false),
        (401, true),
        (403, false),
        (404, true),
        (410, true),
        (503, false),
    ] {
        let response = HttpResponse::new(status, Vec::new(), Vec::new());
        assert_eq!(is_forgotten(&response), forgotten, "{status}");
    }
}

#[test]
fn what_is_answered_counts_and_not_what_was_asked() {
    let public = read(201, &answer(json!({}))).expect("a client");
    assert_eq!((public.id.as_str(), public.auth), ("abc", ClientAuth::None));
    assert!(public.secret.is_none() && public.token.is_none());
    let basic = json!({
        "client_secret": "s", "client_secret_expires_at": 1_900_000_000, "token_endpoint_auth_method": null,
        "registration_access_token": "t", "registration_client_uri": "https://as.test/register/abc",
    });
    let basic = read(200, &answer(basic)).expect("a client");
    assert_eq!(basic.auth, ClientAuth::Basic);
    assert_eq!(
        basic.secret.map(|s| s.expose().to_owned()),
        Some("s".to_owned())
    );
    assert_eq!(basic.secret_expires_at, Some(1_900_000_000));
    assert_eq!(
        basic.token.map(|t| t.expose().to_owned()),
        Some("t".to_owned())
    );
    assert_eq!(
        basic.management.as_deref(),
        Some("https://as.test/register/abc")
    );
    let post = json!({
        "client_secret": "s", "client_secret_expires_at": 0, "token_endpoint_auth_method": "client_secret_post",
    });
    let post = read(201, &answer(post)).expect("a client");
    assert_eq!(
        (post.auth, post.secret_expires_at),
        (ClientAuth::Post, None)
    );
    // A secret that a public client has no use for is not kept.
    let odd = read(201, &answer(json!({ "client_secret": "s" }))).expect("a client");
    assert!(odd.secret.is_none());
    // Servers that repeat nothing.
    let terse = read(201, "{\"client_id\":\"abc\"}").expect("a client");
    assert_eq!(terse.auth, ClientAuth::None);
}

#[test]
fn an_answer_that_cannot_be_used_says_why() {
    let table = [
        (json!({ "client_id": null }), "no client id"),
        (json!({ "client_id": "" }), "client id is not"),
        (json!({ "client_id": 7 }), "client id is not"),
        (json!({ "client_id": "a\nb" }), "client id is not"),
        (
            json!({ "client_id": "a".repeat(5_000) }),
            "client id is not",
        ),
        (json!({ "redirect_uris": [] }), "other redirect URIs"),
        (
            json!({ "redirect_uris": ["https://evil.test/callback"] }),
            "other redirect URIs",
        ),
        (
            json!({ "redirect_uris": "http://127.0.0.1:5000/callback/x" }),
            "other redirect URIs",
        ),
        (
            json!({ "grant_types": ["implicit"] }),
            "the grant that was asked for",
        ),
        (json!({ "client_secret": "é" }), "client secret is not"),
        (json!({ "client_secret_expires_at": "soon" }), "not a time"),
        (json!({ "client_secret_expires_at": -5 }), "not a time"),
        (
            json!({ "token_endpoint_auth_method": "client_secret_basic" }),
            "got none",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "not supported",
        ),
        (
            json!({ "registration_access_token": ["t"] }),
            "access token is not",
        ),
    ];
    for (change, expected) in table {
        let error = read(201, &answer(change.clone())).expect_err("no client");
        assert!(error.to_string().contains(expected), "{change}: {error}");
    }
    for (status, body) in [(201, ""), (201, "<html>"), (200, "[]"), (307, "{}")] {
        let error = read(status, body).expect_err("no client");
        assert!(
            matches!(error, RegistrationError::Malformed { .. }),
            "{error:?}"
        );
    }
}

#[test]
fn a_refusal_and_an_outage_are_told_apart() {
    let refused = read(
        400,
        "{\"error\":\"invalid_redirect_uri\",\"error_description\":\"no\"}",
    );
    let expected = RegistrationError::Refused {
        error: "invalid_redirect_uri".to_owned(),
        description: Some("no".to_owned()),
        status: 400,
    };
    assert_eq!(refused.expect_err("refused"), expected);
    for status in [401, 403, 404] {
        let error = read(status, "").expect_err("refused");
        assert!(
            matches!(error, RegistrationError::Refused { .. }),
            "{error:?}"
        );
    }
    for status in [429, 500, 503] {
        let error = read(status, "").expect_err("out of order");
        assert_eq!(error, RegistrationError::Transient { status });
    }
}
