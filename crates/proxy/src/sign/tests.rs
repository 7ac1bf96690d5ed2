use std::collections::BTreeMap;

use authkeep_core::CredentialKind;
use http::Request;
use http::header::HOST;
use serde_json::Value;

use super::*;

/// What botocore makes; see the README beside it.
const VECTORS: &str = include_str!("../../../../tests/fixtures/sigv4/vectors.json");
const NOW: &str = "2026-03-01T12:30:45Z";
const SECRET_KEY: &str = "cnry_000102030405060708090a0b0c0d0e0f";

fn account(connection: &str) -> Account {
    Account {
        provider: "aws".parse().expect("a name"),
        connection: connection.parse().expect("a name"),
    }
}

fn key(fields: &[(&str, &str)]) -> Credential {
    let fields = fields.iter();
    let fields: BTreeMap<String, SecretString> = fields
        .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
        .collect();
    Credential::new(CredentialKind::ApiKey, fields)
}

fn lasting() -> Credential {
    key(&[
        ("access_key_id", "AKIAIOSFODNN7EXAMPLE"),
        ("token", SECRET_KEY),
    ])
}

fn temporary() -> Credential {
    key(&[
        ("access_key_id", "ASIAIOSFODNN7EXAMPLE"),
        ("token", "cnry_101112131415161718191a1b1c1d1e1f"),
        ("session_token", "cnry_202122232425262728292a2b2c2d2e2f+/="),
    ])
}

fn placeholders() -> Placeholders {
    let own = [
        "AKIAPLACEHOLDER234567ABCDEFG",
        "ASIAPLACEHOLDER234567ABCDEFG",
        "placeholderOfTheSecretAccessKey234567xyz",
        "placeholderOfTheSessionToken234567",
    ];
    let own = own.map(|text| (text.to_owned(), account("default")));
    let other = ("AKIAOTHEROTHEROTHER234567".to_owned(), account("other"));
    Placeholders::new(own.into_iter().chain([other]).collect()).expect("it builds")
}

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn request(method: &str, host: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a request").into_parts().0
}

fn of(parts: &Parts, host: &str) -> Result<Option<Signing>, Refusal> {
    let credential = lasting();
    Signing::of(
        parts,
        host,
        &account("default"),
        &credential,
        &placeholders(),
    )
}

/// Signs as the sidecar does; the `Authorization` header that comes out.
fn signed(
    mut parts: Parts,
    host: &str,
    body: &[u8],
    credential: &Credential,
) -> Result<Parts, Refusal> {
    let account = account("default");
    let signing = Signing::of(&parts, host, &account, credential, &placeholders())?;
    let signing = signing.expect("it is for us");
    signing.strip(&mut parts)?;
    let payload = match signing.payload(&parts.headers)? {
        Payload::Declared(text) | Payload::Pieces(text) => text,
        Payload::Hash => hash(body),
    };
    for name in &OWN_HEADERS {
        parts.headers.remove(name);
    }
    signing.sign(&mut parts, &payload, credential, now())?;
    Ok(parts)
}

fn authorization(parts: &Parts) -> &str {
    parts.headers[AUTHORIZATION].to_str().expect("it is text")
}

#[test]
fn it_signs_as_botocore_does() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("it is JSON");
    assert!(vectors.len() >= 60);
    for vector in &vectors {
        let text = |key: &str| vector[key].as_str().expect("a text");
        let headers = vector["headers"].as_array().expect("a list");
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let body = match &vector["body"] {
            Value::String(body) => body.clone(),
            body => body["of"]
                .as_str()
                .unwrap()
                .repeat(body["times"].as_u64().unwrap() as usize),
        };
        let has_session = vector["session"].as_bool().expect("a flag");
        let parts = request(text("method"), text("host"), text("target"), &headers);
        let sent = parts.uri.clone();
        let credential = if has_session { temporary() } else { lasting() };
        let parts =
            signed(parts, text("host"), body.as_bytes(), &credential).expect("it is signed");
        assert_eq!(
            authorization(&parts),
            text("authorization"),
            "{}",
            text("name")
        );
        if !text("name").starts_with("presigned") {
            assert_eq!(parts.uri, sent, "{}", text("name"));
        }
    }
}

/// The negative control of the test above: it notices each of these.
#[test]
fn nothing_but_the_right_key_makes_the_right_signature() {
    let host = "sts.amazonaws.com";
    let parts = || request("GET", host, "/?Action=X", &[]);
    let right = signed(parts(), host, b"", &lasting()).expect("it is signed");
    let wrong = key(&[
        ("access_key_id", "AKIAIOSFODNN7EXAMPLE"),
        ("token", &format!("{SECRET_KEY}x")),
    ]);
    for (parts, host, body, key) in [
        (parts(), host, &b""[..], &wrong),
        (parts(), host, b"x", &lasting()),
        (
            request("POST", host, "/?Action=X", &[]),
            host,
            b"",
            &lasting(),
        ),
        (
            request("GET", host, "/?Action=Y", &[]),
            host,
            b"",
            &lasting(),
        ),
        (
            request("GET", "iam.amazonaws.com", "/?Action=X", &[]),
            "iam.amazonaws.com",
            b"",
            &lasting(),
        ),
    ] {
        let other = signed(parts, host, body, key).expect("it is signed");
        assert_ne!(authorization(&other), authorization(&right));
    }
}

const OURS: &str = "AWS4-HMAC-SHA256 Credential=AKIAPLACEHOLDER234567ABCDEFG/20260301/eu-west-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";

fn edited(from: &str, to: &str) -> String {
    assert!(OURS.contains(from), "{from}");
    OURS.replace(from, to)
}

#[test]
fn what_is_signed_by_others_stays_as_it_is() {
    let host = "bucket.s3.amazonaws.com";
    let strangers = edited("AKIAPLACEHOLDER234567ABCDEFG", "AKIASTRANGER");
    for (target, authorization) in [
        ("/", Some(strangers.as_str())),
        ("/", Some("Basic QVdTOnNlY3JldA==")),
        ("/", Some("Bearer theirs")),
        ("/", Some("AWS AKIASTRANGER:sig")),
        ("/a?AWSAccessKeyId=AKIASTRANGER&Expires=1&Signature=x", None),
        (
            "/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIASTRANGER%2F20260301%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260301T000000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
            None,
        ),
        (
            "/",
            Some(
                "AWS4-ECDSA-P256-SHA256 Credential=AKIASTRANGER/20260301/s3/aws4_request, SignedHeaders=host, Signature=00",
            ),
        ),
    ] {
        let headers: Vec<(&str, &str)> = authorization
            .map(|value| ("authorization", value))
            .into_iter()
            .collect();
        let parts = request("GET", host, target, &headers);
        assert_eq!(of(&parts, host), Ok(None), "{target} {authorization:?}");
    }
    // But what is presigned with one of our placeholders, in the older way too.
    let older = "/a?AWSAccessKeyId=AKIAPLACEHOLDER234567ABCDEFG&Expires=1&Signature=x%3D&x-amz-security-token=y&versionId=1";
    let parts = signed(request("GET", host, older, &[]), host, b"", &lasting());
    assert_eq!(parts.expect("it is signed").uri, "/a?versionId=1");
    // Whatever carries one of our placeholders is ours.
    for (name, value) in [
        ("authorization", "AWS AKIAPLACEHOLDER234567ABCDEFG:sig"),
        ("authorization", OURS),
        (
            "authorization",
            &edited("AKIAPLACEHOLDER234567ABCDEFG", "AKIAIOSFODNN7EXAMPLE"),
        ),
    ] {
        let parts = request("GET", host, "/", &[(name, value)]);
        assert!(of(&parts, host).expect("it is ours").is_some(), "{value}");
    }
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let host = "sts.eu-west-1.amazonaws.com";
    let twice = format!("{OURS}, Signature=01");
    let no_scope = edited("/20260301/eu-west-1/sts/aws4_request", "");
    let dotted = edited("/sts/", "/s.ts/");
    let two_lines = edited("/sts/", "/sts\t/");
    let other_end = edited("aws4_request", "aws5_request");
    let headers = edited("host;x-amz-date", "host;;x");
    let asymmetric = edited("HMAC-SHA256", "ECDSA-P256-SHA256").replace("eu-west-1/", "");
    let strangers = edited("AKIAPLACEHOLDER234567ABCDEFG", "AKIASTRANGER");
    let session = ("x-amz-security-token", "placeholderOfTheSessionToken234567");
    let presigned = "/?X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAPLACEHOLDER234567ABCDEFG";
    let other = edited("AKIAPLACEHOLDER234567ABCDEFG", "AKIAOTHEROTHEROTHER234567");
    for (target, headers, code) in [
        (
            "/",
            &[("authorization", OURS), ("authorization", OURS)][..],
            Code::BadRequest,
        ),
        ("/", &[("authorization", &twice)], Code::BadRequest),
        ("/", &[("authorization", &no_scope)], Code::BadRequest),
        ("/", &[("authorization", &dotted)], Code::BadRequest),
        ("/", &[("authorization", &two_lines)], Code::BadRequest),
        ("/", &[("authorization", &other_end)], Code::BadRequest),
        ("/", &[("authorization", &headers)], Code::BadRequest),
        (presigned, &[], Code::BadRequest),
        (presigned, &[("authorization", OURS)], Code::BadRequest),
        ("/", &[("authorization", &asymmetric)], Code::Unsignable),
        // A key of one login, a placeholder of another.
        ("/", &[("authorization", &strangers), session], Code::Denied),
        ("/", &[("authorization", &other)], Code::Denied),
        ("/", &[("authorization", &other), session], Code::Denied),
    ] {
        let parts = request("GET", host, target, headers);
        let refused = of(&parts, host).expect_err("it is refused");
        assert_eq!(refused.code, code, "{target} {headers:?}: {refused:?}");
    }
    let nowhere = request("GET", "eu-west-1.api.aws", "/", &[]);
    let refused = of(&nowhere, "eu-west-1.api.aws").expect_err("it is refused");
    assert_eq!(refused.code, Code::Unsignable);
}

#[test]
fn strangers_programs_get_signatures_for_themselves_alone() {
    let host = "abc.execute-api.eu-west-1.amazonaws.com";
    let parts = |value: &str| request("GET", host, "/", &[("authorization", value)]);
    let refused = of(&parts(OURS), host).expect_err("it is refused");
    assert_eq!(refused.code, Code::Denied);
    let own = edited("/sts/", "/execute-api/");
    assert!(of(&parts(&own), host).expect("it is let through").is_some());
}

#[test]
fn the_senders_moment_is_kept_within_a_day() {
    let host = "sts.amazonaws.com";
    let signed = |date: &[(&str, &str)]| {
        let parts = request("GET", host, "/", date);
        signed(parts, host, b"", &lasting()).map(|parts| parts.headers[DATE].clone())
    };
    assert_eq!(signed(&[]).expect("now"), "20260301T123045Z");
    for kept in ["20260301T120000Z", "20260302T123045Z", "20260228T123045Z"] {
        assert_eq!(signed(&[("x-amz-date", kept)]).expect("it is near"), kept);
    }
    for refused in [
        "20260302T123046Z",
        "20260308T000000Z",
        "20250301T123045Z",
        "2026031T123045Z",
        "20260301T123045",
        "20260301T123045Z ",
        "20260301T123060Z",
        "",
    ] {
        let headers = [("x-amz-date", refused)];
        // Space around a value is not part of it.
        if refused.ends_with(' ') {
            continue;
        }
        assert_eq!(signed(&headers).expect_err(refused).code, Code::Unsignable);
    }
    let twice = [("x-amz-date", "20260301T120000Z"); 2];
    assert_eq!(signed(&twice).expect_err("two").code, Code::BadRequest);
}

#[test]
fn the_senders_token_is_replaced_and_nothing_is_signed_that_is_not_sent() {
    let host = "s3.eu-west-1.amazonaws.com";
    let with = edited("/sts/", "/s3/").replace(
        "host;x-amz-date",
        "connection;gone;host;my;x-amz-security-token",
    );
    let headers = [
        ("authorization", with.as_str()),
        ("x-amz-security-token", "placeholderOfTheSessionToken234567"),
        ("my", "own"),
        ("unsigned", "own"),
    ];
    let parts = request("GET", host, "/a+b?x=a+b", &headers);
    let without_session = signed(parts.clone(), host, b"", &lasting()).expect("it is signed");
    assert!(!without_session.headers.contains_key(SECURITY_TOKEN));
    let credential = temporary();
    let parts = signed(parts, host, b"", &credential).expect("it is signed");
    assert_eq!(
        parts.headers[SECURITY_TOKEN],
        "cnry_202122232425262728292a2b2c2d2e2f+/="
    );
    assert!(parts.headers[SECURITY_TOKEN].is_sensitive());
    let named = "SignedHeaders=host;my;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
    assert!(
        authorization(&parts).contains(named),
        "{}",
        authorization(&parts)
    );
    // What can be read in two ways is sent in the one that is signed.
    assert_eq!(parts.uri, "/a%2Bb?x=a%20b");
}

#[test]
fn bodies_are_declared_or_hashed() {
    let signing = |service: &str| Signing {
        place: Place {
            region: "eu-west-1".to_owned(),
            service: service.to_owned(),
        },
        headers: Vec::new(),
        is_presigned: false,
    };
    let payload = |service: &str, value: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.extend(value.map(|value| (PAYLOAD, HeaderValue::from_str(value).unwrap())));
        signing(service)
            .payload(&headers)
            .map_err(|refusal| refusal.code)
    };
    let declared = |text: &str| Ok(Payload::Declared(text.to_owned()));
    assert_eq!(payload("s3", None), declared("UNSIGNED-PAYLOAD"));
    assert_eq!(payload("sts", None), Ok(Payload::Hash));
    let known = hash(b"x");
    for value in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        &known,
    ] {
        assert_eq!(payload("sts", Some(value)), declared(value));
    }
    for value in [
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    ] {
        assert_eq!(
            payload("s3", Some(value)),
            Ok(Payload::Pieces(value.to_owned()))
        );
    }
    for value in [
        "",
        "x",
        "STREAMING-AWS4-HMAC-SHA256-EVENTS",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        &known[1..],
    ] {
        assert_eq!(payload("s3", Some(value)), Err(Code::Unsignable), "{value}");
    }
}
