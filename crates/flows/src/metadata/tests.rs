use serde_json::json;
use url::Url;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).expect("test URL")
}

fn answer(status: u16, body: &str) -> HttpResponse {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    HttpResponse::new(status, headers, body.as_bytes().to_vec())
}

const ISSUER: &str = "https://as.test/tenant";

/// A rule for tests; the real one is stricter and is not this crate's.
fn https_only(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
    if url.scheme() == "https" {
        Ok(url)
    } else {
        Err("must be https".to_owned())
    }
}

/// Good metadata with one field changed; null takes it away.
fn with(name: &str, value: Value) -> Result<ServerMetadata, MetadataError> {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.test/authorize",
        "token_endpoint": "https://tokens.test/token",
        "code_challenge_methods_supported": ["S256", "plain"],
        "x-unknown": {"a": [1]},
    });
    document[name] = value;
    let response = answer(200, &document.to_string());
    read_server_metadata(&response, &[ISSUER], &https_only)
}

#[test]
fn the_places_are_those_of_the_standards() {
    let table: [(&str, &[&str]); 4] = [
        (
            "https://as.test",
            &[
                "https://as.test/.well-known/oauth-authorization-server",
                "https://as.test/.well-known/openid-configuration",
            ],
        ),
        (
            "https://as.test:8443/",
            &[
                "https://as.test:8443/.well-known/oauth-authorization-server",
                "https://as.test:8443/.well-known/openid-configuration",
            ],
        ),
        (
            "https://as.test/tenant/a/",
            &[
                "https://as.test/.well-known/oauth-authorization-server/tenant/a",
                "https://as.test/tenant/a/.well-known/openid-configuration",
                "https://as.test/.well-known/openid-configuration/tenant/a",
            ],
        ),
        (
            "https://as.test/t?x=1#y",
            &[
                "https://as.test/.well-known/oauth-authorization-server/t",
                "https://as.test/t/.well-known/openid-configuration",
                "https://as.test/.well-known/openid-configuration/t",
            ],
        ),
    ];
    for (issuer, places) in table {
        let found = server_metadata_urls(&url(issuer));
        let found: Vec<&str> = found.iter().map(Url::as_str).collect();
        assert_eq!(found, places);
    }
    for (resource, place) in [
        (
            "https://rs.test/",
            "https://rs.test/.well-known/oauth-protected-resource",
        ),
        // The examples of RFC 9728 §3.1.
        (
            "https://resource.example.com/resource1",
            "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
        ),
        (
            "https://rs.test/mcp/?tenant=a",
            "https://rs.test/.well-known/oauth-protected-resource/mcp/?tenant=a",
        ),
    ] {
        assert_eq!(resource_metadata_url(&url(resource)).as_str(), place);
    }
}

#[test]
fn good_metadata_is_read() {
    let metadata = with("scopes_supported", json!(["a", "b"])).expect("good metadata");
    assert_eq!(metadata.issuer, ISSUER);
    assert_eq!(metadata.token_endpoint, url("https://tokens.test/token"));
    assert_eq!(
        metadata.authorization_endpoint,
        Some(url("https://as.test/authorize"))
    );
    assert_eq!(metadata.registration_endpoint, None);
    assert_eq!(metadata.scopes, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert!(!metadata.names_itself);
    let names_itself = "authorization_response_iss_parameter_supported";
    assert!(with(names_itself, json!(true)).is_ok_and(|read| read.names_itself));
    // A server need not say how it checks proofs, and then gets one all the same.
    assert!(with("code_challenge_methods_supported", json!(null)).is_ok());
}

#[test]
fn metadata_of_another_server_is_refused() {
    for found in [
        "https://evil.test/tenant",
        "https://as.test/tenant/",
        "https://as.test",
        "https://AS.test/tenant",
        "https://as.test:443/tenant",
        "https://as.test/tenant#",
        " https://as.test/tenant",
        "",
    ] {
        let error = with("issuer", json!(found)).expect_err(found);
        assert!(
            matches!(
                error,
                MetadataError::Foreign {
                    field: "issuer",
                    ..
                }
            ),
            "{found}: {error:?}"
        );
    }
    // The parser alone would call some of them the same.
    assert_eq!(url("https://AS.test:443/tenant"), url(ISSUER));
    let error = with("issuer", json!("https://evil.test/\u{1b}[2J\u{202e}")).expect_err("foreign");
    assert_eq!(
        error.to_string(),
        "the metadata is about another server: its `issuer` is `https://evil.test/[2J`"
    );
}

#[test]
fn every_fault_is_named() {
    let names_itself = "authorization_response_iss_parameter_supported";
    for (field, value, why) in [
        ("issuer", json!(null), "has no `issuer`"),
        (
            "issuer",
            json!(["https://as.test/tenant"]),
            "`issuer` of the metadata has the wrong type",
        ),
        ("token_endpoint", json!(null), "has no `token_endpoint`"),
        ("token_endpoint", json!({}), "wrong type"),
        (
            "token_endpoint",
            json!("http://as.test/token"),
            "`token_endpoint` of the metadata must be https",
        ),
        (
            "authorization_endpoint",
            json!("javascript:alert(1)"),
            "must be https",
        ),
        ("registration_endpoint", json!("/register"), "is not a URL"),
        ("revocation_endpoint", json!(7), "wrong type"),
        (
            "device_authorization_endpoint",
            json!(format!("https://as.test/{}", "a".repeat(2048))),
            "longer than 2048",
        ),
        ("code_challenge_methods_supported", json!(["plain"]), "S256"),
        ("code_challenge_methods_supported", json!([]), "S256"),
        (
            "code_challenge_methods_supported",
            json!("S256"),
            "wrong type",
        ),
        (
            "code_challenge_methods_supported",
            json!([["S256"]]),
            "wrong type",
        ),
        ("scopes_supported", json!([1]), "wrong type"),
        ("grant_types_supported", json!({}), "wrong type"),
        (
            "token_endpoint_auth_methods_supported",
            json!(true),
            "wrong type",
        ),
        (names_itself, json!("true"), "wrong type"),
    ] {
        let error = with(field, value.clone()).expect_err(field).to_string();
        assert!(error.contains(why), "{field} {value}: {error}");
    }
}

#[test]
fn what_is_no_document_may_be_elsewhere_and_what_is_wrong_may_not() {
    let read = |response| read_server_metadata(&response, &[ISSUER], &https_only);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    for (status, body, absent, passes) in [
        (404, "", true, false),
        (401, "{}", true, false),
        (302, "", true, false),
        (200, "", true, false),
        (200, "<html></html>", true, false),
        (200, "[]", true, false),
        (200, "{\"issuer\":", true, false),
        (200, deep.as_str(), true, false),
        (200, "{}", false, false),
        (429, "", false, true),
        (503, "<html>", false, true),
    ] {
        let error = read(answer(status, body)).expect_err(body);
        assert_eq!(error.is_absent(), absent, "{status} {body}: {error:?}");
        assert_eq!(error.may_pass(), passes, "{status} {body}: {error:?}");
    }
}

#[test]
fn a_resource_names_itself_and_its_servers() {
    let read = |document: Value| {
        let asked = ["https://rs.test/mcp", "https://rs.test/mcp/"];
        read_resource_metadata(&answer(200, &document.to_string()), &asked)
    };
    let good = json!({
        "resource": "https://rs.test/mcp",
        "authorization_servers": ["https://as.test", "https://other.test"],
        "scopes_supported": ["a"],
    });
    let metadata = read(good.clone()).expect("good metadata");
    assert_eq!(metadata.resource, "https://rs.test/mcp");
    assert_eq!(
        metadata.authorization_servers,
        ["https://as.test", "https://other.test"]
    );
    for (field, value, why) in [
        (
            "resource",
            json!("https://rs.test/"),
            "is about another server: its `resource` is `https://rs.test/`",
        ),
        ("resource", json!("https://evil.test/mcp"), "another server"),
        ("resource", json!(null), "has no `resource`"),
        (
            "authorization_servers",
            json!(null),
            "has no `authorization_servers`",
        ),
        (
            "authorization_servers",
            json!([]),
            "has no `authorization_servers`",
        ),
        (
            "authorization_servers",
            json!("https://as.test"),
            "wrong type",
        ),
        ("scopes_supported", json!("a"), "wrong type"),
    ] {
        let mut document = good.clone();
        document[field] = value.clone();
        let error = read(document).expect_err(field).to_string();
        assert!(error.contains(why), "{field} {value}: {error}");
    }
}
