use std::time::Duration;

use super::*;
use crate::client::ClientAuth;
use crate::http::HttpResponse;
use crate::retry_after::RetryAfter;
use crate::secret::{AccessToken, ClientSecret};
use crate::vendor_request::{VendorAuth, VendorFormat, VendorRequest, vendor_request};

fn url(text: &str) -> Url {
    Url::parse(text).expect("test URL")
}

fn client(auth: ClientAuth) -> Client {
    Client {
        id: "id".to_owned(),
        secret: Some(ClientSecret::new("s&t")),
        auth,
        id_param: "client_id".to_owned(),
    }
}

/// Authorization header and body of a request.
fn parts(request: &HttpRequest) -> (Option<&str>, Option<&str>) {
    let header = request.header("authorization");
    let body = request.body().map(|body| body.expose_secret());
    (
        header.map(ExposeSecret::expose_secret),
        body.map(|body| std::str::from_utf8(body).expect("UTF-8")),
    )
}

#[test]
fn the_standard_request_authenticates_the_client() {
    let table = [
        (
            ClientAuth::Basic,
            Some("Basic aWQ6cyUyNnQ="),
            "token=r%2Bt&token_type_hint=refresh_token",
        ),
        (
            ClientAuth::Post,
            None,
            "token=r%2Bt&token_type_hint=refresh_token&client_id=id&client_secret=s%26t",
        ),
        (
            ClientAuth::None,
            None,
            "token=r%2Bt&token_type_hint=refresh_token&client_id=id",
        ),
    ];
    for (auth, header, body) in table {
        let request = revocation_request(
            &url("https://as.test/revoke"),
            &client(auth),
            &SecretString::from("r+t"),
            TokenHint::RefreshToken,
        );
        assert_eq!(request.method(), Method::Post);
        assert_eq!(parts(&request), (header, Some(body)));
    }
}

fn vendor(
    address: &str,
    method: Method,
    auth: VendorAuth<'_>,
    format: VendorFormat,
    params: &[(&str, &str)],
) -> HttpRequest {
    let url = url(address);
    let revocation = VendorRequest {
        url: &url,
        method,
        auth,
        format,
        params: params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
            .collect(),
    };
    vendor_request(&revocation, &client(ClientAuth::Post))
}

#[test]
fn github_deletes_with_basic_and_json() {
    let request = vendor(
        "https://api.test/applications/id/token",
        Method::Delete,
        VendorAuth::Basic,
        VendorFormat::Json,
        &[("access_token", "t")],
    );
    assert_eq!(request.method(), Method::Delete);
    assert_eq!(
        parts(&request),
        (Some("Basic aWQ6cyUyNnQ="), Some("{\"access_token\":\"t\"}"))
    );
}

#[test]
fn slack_and_dropbox_take_a_bare_bearer() {
    let token = AccessToken::new("xoxb-1");
    let request = vendor(
        "https://slack.test/api/auth.revoke",
        Method::Post,
        VendorAuth::Bearer(&token),
        VendorFormat::None,
        &[],
    );
    assert_eq!(parts(&request), (Some("Bearer xoxb-1"), None));
    assert_eq!(request.url().as_str(), "https://slack.test/api/auth.revoke");
}

#[test]
fn parameters_without_a_body_go_into_the_query() {
    let request = vendor(
        "https://as.test/revoke?v=1",
        Method::Get,
        VendorAuth::None,
        VendorFormat::None,
        &[("token", "a b")],
    );
    assert_eq!(
        request.url().as_str(),
        "https://as.test/revoke?v=1&token=a+b"
    );
    assert_eq!(parts(&request), (None, None));
}

#[test]
fn post_adds_what_the_parameters_do_not_have() {
    let request = vendor(
        "https://as.test/revoke",
        Method::Post,
        VendorAuth::Post,
        VendorFormat::Form,
        &[("client_id", "theirs"), ("token", "t")],
    );
    assert_eq!(
        parts(&request),
        (None, Some("client_id=theirs&token=t&client_secret=s%26t"))
    );
}

#[test]
fn answers() {
    let refused = |error: &str, status| RevocationError::Refused {
        error: error.to_owned(),
        description: None,
        status,
    };
    let transient = |status| RevocationError::Transient {
        status,
        retry_after: Some(RetryAfter::After(Duration::from_secs(120))),
    };
    let dead = |error: &str| RevocationError::AlreadyInvalid {
        error: error.to_owned(),
    };
    let table = [
        (200, "", Ok(())),
        (204, "", Ok(())),
        (200, "<html>bye</html>", Ok(())),
        (200, "{}", Ok(())),
        (200, r#"{"ok":true,"revoked":true}"#, Ok(())),
        (
            200,
            r#"{"ok":false,"error":"not_allowed"}"#,
            Err(refused("not_allowed", 200)),
        ),
        (200, r#"{"ok":false}"#, Err(refused("unspecified", 200))),
        (
            200,
            r#"{"ok":false,"error":"token_revoked"}"#,
            Err(dead("token_revoked")),
        ),
        (
            400,
            r#"{"error":"invalid_token"}"#,
            Err(dead("invalid_token")),
        ),
        (
            400,
            r#"{"error":"unsupported_token_type"}"#,
            Err(RevocationError::UnsupportedTokenType),
        ),
        (
            401,
            r#"{"error":"invalid_client"}"#,
            Err(refused("invalid_client", 401)),
        ),
        (
            400,
            "error=invalid_request",
            Err(refused("invalid_request", 400)),
        ),
        (503, "", Err(transient(503))),
        (500, r#"{"error":"invalid_client"}"#, Err(transient(500))),
        (425, "", Err(transient(425))),
        (429, "", Err(transient(429))),
        (302, "", Err(RevocationError::Unexpected { status: 302 })),
        (
            404,
            "<html>",
            Err(RevocationError::Unexpected { status: 404 }),
        ),
    ];
    for (status, body, expected) in table {
        let headers = vec![("Retry-After".to_owned(), "120".to_owned())];
        let response = HttpResponse::new(status, headers, body.as_bytes().to_vec());
        assert_eq!(
            read_revocation_response(&response),
            expected,
            "{status} {body}"
        );
    }
}
