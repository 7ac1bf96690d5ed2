use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::client::ClientAuth;
use crate::secret::ClientSecret;

fn client(auth: ClientAuth) -> Client {
    Client {
        id: "1406020730".to_owned(),
        secret: Some(ClientSecret::new("s")),
        auth,
        id_param: "client_id".to_owned(),
    }
}

fn request(auth: ClientAuth, format: BodyFormat, scopes: &[&str], scope_param: &str) -> String {
    request_for(auth, format, scopes, scope_param, None)
}

fn request_for(
    auth: ClientAuth,
    format: BodyFormat,
    scopes: &[&str],
    scope_param: &str,
    resource: Option<&str>,
) -> String {
    let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
    let request = DeviceAuthorizationRequest {
        endpoint: &Url::parse("https://as.test/device_authorization").expect("test URL"),
        format,
        client: &client(auth),
        scopes: &scopes,
        scope_separator: " ",
        scope_param,
        resource,
    }
    .request();
    assert_eq!(
        request.header("authorization").is_some(),
        auth == ClientAuth::Basic
    );
    let body = request.body().expect("a body").expose_secret();
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

#[test]
fn the_request() {
    use BodyFormat::{Form, Json};
    let form = |auth, scopes| request(auth, Form, scopes, "scope");
    // The example of RFC 8628 §3.1.
    assert_eq!(
        form(ClientAuth::None, &["example_scope"]),
        "client_id=1406020730&scope=example_scope"
    );
    assert_eq!(
        form(ClientAuth::Post, &["a", "b"]),
        "client_id=1406020730&client_secret=s&scope=a+b"
    );
    assert_eq!(form(ClientAuth::Basic, &[]), "client_id=1406020730");
    assert_eq!(
        request(ClientAuth::None, Json, &["a"], "scopes"),
        json!({"client_id": "1406020730", "scopes": "a"}).to_string()
    );
    let resource = Some("https://rs.test/mcp");
    assert_eq!(
        request_for(ClientAuth::None, Form, &["a"], "scope", resource),
        "client_id=1406020730&scope=a&resource=https%3A%2F%2Frs.test%2Fmcp"
    );
}

fn read_json(body: &Value) -> Result<DeviceAuthorization, DeviceAuthorizationError> {
    let body = body.to_string().into_bytes();
    read_device_authorization(&HttpResponse::new(200, Vec::new(), body))
}

/// The example of RFC 8628 §3.2, with changes; null takes a field away.
fn example(changes: Value) -> Value {
    let mut body = json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800,
        "interval": 5,
    });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

#[test]
fn the_example_of_the_rfc() {
    let read = read_json(&example(json!({}))).expect("a pair of codes");
    assert_eq!(
        read.device_code.expose(),
        "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"
    );
    assert_eq!(read.user_code, "WDJB-MJHT");
    assert_eq!(read.verification_uri, "https://example.com/device");
    assert_eq!(
        read.verification_uri_complete.as_deref(),
        Some("https://example.com/device?user_code=WDJB-MJHT")
    );
    assert_eq!(read.expires_in.as_secs(), 1800);
    assert_eq!(read.interval.as_secs(), 5);
    let shown = format!("{read:?}");
    assert!(
        !shown.contains("WDJB") && !shown.contains("GmRh"),
        "{shown}"
    );
}

#[test]
fn times_as_services_write_them() {
    let table = [
        (json!({"expires_in": "899", "interval": "5"}), 899, 5),
        (json!({"expires_in": null, "interval": null}), 900, 5),
        (json!({"expires_in": 0, "interval": 0}), 900, 1),
        (json!({"expires_in": -1, "interval": -1}), 900, 5),
        (json!({"expires_in": 899.9, "interval": 5.2}), 899, 6),
        (json!({"expires_in": 1e300, "interval": 1e300}), 900, 5),
        (
            json!({"expires_in": 10_000_000, "interval": "NaN"}),
            86_400,
            5,
        ),
        (json!({"expires_in": [1], "interval": {}}), 900, 5),
    ];
    for (changes, expires_in, interval) in table {
        let read = read_json(&example(changes.clone())).expect("a pair of codes");
        let read = (read.expires_in.as_secs(), read.interval.as_secs());
        assert_eq!(read, (expires_in, interval), "{changes}");
    }
}

#[test]
fn addresses_under_other_names() {
    let google = example(
        json!({"verification_uri": null, "verification_url": "https://www.google.com/device"}),
    );
    let read = read_json(&google).expect("a pair of codes");
    assert_eq!(read.verification_uri, "https://www.google.com/device");
    let only_complete = example(json!({"verification_uri": null}));
    let read = read_json(&only_complete).expect("a pair of codes");
    assert_eq!(Some(read.verification_uri), read.verification_uri_complete);
    let form = b"device_code=3584d83530557fdd1f46af8289938c8ef79f9dc5&expires_in=900&interval=5\
        &user_code=8F43-6FCF&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice";
    let read = read_device_authorization(&HttpResponse::new(200, Vec::new(), form.to_vec()));
    let read = read.expect("a pair of codes");
    assert_eq!(read.verification_uri, "https://github.com/login/device");
    assert_eq!(read.verification_uri_complete, None);
}

#[test]
fn what_cannot_be_shown_is_refused() {
    use DeviceMalformation::{Missing, Unusable};
    let table = [
        (json!({"device_code": null}), Missing("device_code")),
        (json!({"device_code": 1}), Missing("device_code")),
        (json!({"device_code": "a b"}), Unusable("device_code")),
        (json!({"device_code": "a\r\nb"}), Unusable("device_code")),
        (
            json!({"device_code": "a".repeat(4097)}),
            Unusable("device_code"),
        ),
        (json!({"user_code": null}), Missing("user_code")),
        (json!({"user_code": " "}), Unusable("user_code")),
        (json!({"user_code": "A\u{1b}[2J"}), Unusable("user_code")),
        (json!({"user_code": "\u{202e}AB"}), Unusable("user_code")),
        (json!({"user_code": "A".repeat(65)}), Unusable("user_code")),
        (
            json!({"verification_uri": ["x"]}),
            Missing("verification_uri"),
        ),
        (
            json!({"verification_uri": null, "verification_uri_complete": null}),
            Missing("verification_uri"),
        ),
        (
            json!({"verification_uri_complete": "https://a.test/\n"}),
            Unusable("verification_uri_complete"),
        ),
    ];
    for (changes, expected) in table {
        let Err(DeviceAuthorizationError::Malformed { why, .. }) =
            read_json(&example(changes.clone()))
        else {
            panic!("{changes} was read")
        };
        assert_eq!(why, expected, "{changes}");
    }
}

#[test]
fn refusals_and_failures_are_told_apart() {
    let read = |status, body: &str| {
        read_device_authorization(&HttpResponse::new(status, Vec::new(), body.into()))
            .expect_err("no codes")
    };
    let disabled = r#"{"error":"device_flow_disabled"}"#;
    for status in [200, 400] {
        let error = read(status, disabled);
        assert!(
            matches!(&error, DeviceAuthorizationError::Refused { error, .. } if error == "device_flow_disabled"),
            "{error:?}"
        );
        assert!(error.is_not_allowed() && !error.may_pass());
        assert!(!read(status, r#"{"error":"invalid_client"}"#).is_not_allowed());
    }
    for (status, body) in [(503, disabled), (429, ""), (200, "<html>"), (200, "")] {
        let error = read(status, body);
        assert!(error.may_pass(), "{error:?}");
    }
    for (status, body) in [(302, ""), (200, "no idea"), (404, "gone"), (200, "[]")] {
        let error = read(status, body);
        assert!(
            matches!(
                error,
                DeviceAuthorizationError::Malformed {
                    why: DeviceMalformation::Answer(_),
                    ..
                }
            ),
            "{error:?}"
        );
    }
}
