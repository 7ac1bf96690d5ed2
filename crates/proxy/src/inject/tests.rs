use std::collections::BTreeMap;

use authkeep_core::{CredentialKind, Outlet, OutletHost};
use authkeep_registry::{HostPattern, Injection, Template};
use http::Request;

use super::*;
use crate::{Account, Authority, Choice, Routes, Selection};

const TOKEN: &str = "cnry_0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PLACEHOLDER: &str = "sk-q8Zt6uYw3nVb5xKc7mLd9fGhAAAA";

fn template(text: &str) -> Template {
    Template::parse(text).expect("a template")
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, Template)> {
    let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), template(text));
    list.iter().map(pair).collect()
}

fn account() -> Account {
    Account {
        provider: "a".parse().expect("a name"),
        connection: "default".parse().expect("a name"),
    }
}

fn routes(injection: Injection) -> Routes {
    Routes::new(vec![Outlet {
        provider: account().provider,
        connection: account().connection,
        is_default: true,
        local: false,
        hosts: vec![OutletHost {
            pattern: HostPattern::parse("api.example").expect("a pattern"),
            injection,
        }],
        plain_fields: vec!["email".to_owned()],
        headers: vec![("X-Version".to_owned(), "2".to_owned())],
        endpoints: vec![],
        token_endpoint: None,
    }])
}

/// The target and the headers that leave, and what is to be redacted.
fn sent(
    injection: Injection,
    fields: &[(&str, &str)],
    target: &str,
    headers: &[(&str, &str)],
) -> Result<(String, Vec<String>, usize), Code> {
    let routes = routes(injection);
    let authority = Authority::from_connect("api.example:443").expect("an authority");
    let Ok(Choice::Inject(route)) = routes.choose(&authority, target, Selection::default()) else {
        panic!("it is routed");
    };
    let fields: BTreeMap<String, SecretString> = (fields.iter())
        .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
        .collect();
    let credential = Credential::new(CredentialKind::ApiKey, fields);
    let placeholders =
        Placeholders::new(vec![(PLACEHOLDER.to_owned(), account())]).expect("it builds");
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    let secrets = apply(&mut parts, route, &credential, &placeholders).map_err(|r| r.code)?;
    let shown = format!("{:?}", parts.headers);
    assert!(
        !shown.contains("cnry_") && !shown.contains("Y25yeV"),
        "{shown}"
    );
    let left = parts.headers.iter();
    let mut left: Vec<String> = left
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    left.sort();
    Ok((parts.uri.to_string(), left, secrets.len()))
}

fn headers(list: &[(&str, &str)]) -> Injection {
    let mut injection = Injection::default();
    injection.headers = pairs(list);
    injection
}

#[test]
fn every_copy_of_a_header_gives_way_to_one() {
    let injection = headers(&[("X-Api-Key", "{token}"), ("X-App", "app {app}")]);
    let (target, left, secrets) = sent(
        injection,
        &[("token", TOKEN), ("app", "0123456789")],
        "/v1?x=1",
        &[
            ("x-API-key", "theirs"),
            ("X-Api-Key", "again"),
            ("x-app", "theirs"),
            ("X-Version", "1"),
            ("Accept-Encoding", "br"),
        ],
    )
    .expect("it is sent");
    let expected = [
        "accept-encoding: identity".to_owned(),
        format!("x-api-key: {TOKEN}"),
        "x-app: app 0123456789".to_owned(),
        "x-version: 1".to_owned(),
    ];
    assert_eq!(
        (target.as_str(), left, secrets),
        ("/v1?x=1", expected.to_vec(), 2)
    );
}

#[test]
fn basic_replaces_authorization() {
    let mut injection = Injection::default();
    injection.basic = Some((template("{email}"), template("{token}")));
    let fields = [("token", TOKEN), ("email", "someone@example.com")];
    let (_, left, secrets) = sent(
        injection,
        &fields,
        "/",
        &[("authorization", "Bearer theirs")],
    )
    .expect("it is sent");
    let encoded = STANDARD.encode(format!("someone@example.com:{TOKEN}"));
    assert_eq!(
        left[1..],
        [
            format!("authorization: Basic {encoded}"),
            "x-version: 2".to_owned()
        ]
    );
    // The token and the encoded pair; the address is no secret.
    assert_eq!(secrets, 2);
}

#[test]
fn parameters_are_replaced_in_any_spelling() {
    let query = || {
        let mut injection = Injection::default();
        injection.query = pairs(&[("api_key", "{token}"), ("v", "1")]);
        injection
    };
    let to = |target: &str, token: &str| {
        sent(query(), &[("token", token)], target, &[])
            .expect("it is sent")
            .0
    };
    for (target, expected) in [
        ("/x", "/x?api_key=T&v=1"),
        ("/x?", "/x?&api_key=T&v=1"),
        ("/x?a=b%20c&&d", "/x?a=b%20c&&d&api_key=T&v=1"),
        ("/x?api_key=theirs&a=1&v=2&v", "/x?a=1&api_key=T&v=1"),
        ("/x?API_KEY=1&%61pi%5Fkey=2&a", "/x?a&api_key=T&v=1"),
        (&format!("/x?key={PLACEHOLDER}&a"), "/x?a&api_key=T&v=1"),
    ] {
        assert_eq!(to(target, "T"), expected, "{target}");
    }
    assert_eq!(
        to("/", "a&b=c d+e%é"),
        "/?api_key=a%26b%3Dc%20d%2Be%25%C3%A9&v=1"
    );
    // What is encoded is looked for in both forms.
    let (.., secrets) = sent(query(), &[("token", "12345678&")], "/", &[]).expect("it is sent");
    assert_eq!(secrets, 2);
}

#[test]
fn a_path_prefix_takes_the_place_of_the_placeholder() {
    let to = |target: &str| {
        let mut injection = Injection::default();
        injection.path = Some(template("/bot{token}"));
        sent(injection, &[("token", "12:a/b?c")], target, &[]).map(|sent| sent.0)
    };
    assert_eq!(to("/getMe?x").as_deref(), Ok("/bot12:a/b%3Fc/getMe?x"));
    assert_eq!(
        to(&format!("/bot{PLACEHOLDER}/getMe")).as_deref(),
        Ok("/bot12:a/b%3Fc/getMe")
    );
    assert_eq!(
        to(&format!("/bot{PLACEHOLDER}")).as_deref(),
        Ok("/bot12:a/b%3Fc")
    );
    assert_eq!(to("/botOther/getMe").as_deref(), Ok("/bot12:a/b%3Fc/getMe"));
    let twice = format!("/bot{PLACEHOLDER}/bot{PLACEHOLDER}/getMe");
    assert_eq!(to(&twice), Err(Code::BadRequest));
}

#[test]
fn nobody_climbs_out_of_a_path_prefix() {
    let mut injection = Injection::default();
    injection.path = Some(template("/bot{token}"));
    let routes = routes(injection);
    let authority = Authority::from_connect("api.example:443").expect("an authority");
    for path in ["/..", "/../x", "/a/%2e%2e/..", "/a//b"] {
        let choice = routes.choose(&authority, path, Selection::default());
        let code = choice.map(|_| ()).map_err(|refusal| refusal.code);
        assert_eq!(code, Err(Code::BadRequest), "{path}");
    }
}

#[test]
fn own_placeholders_elsewhere_are_taken_out() {
    let injection = headers(&[("X-Api-Key", "{token}")]);
    let bearer = format!("Bearer {PLACEHOLDER}");
    let target = format!("/x?key={PLACEHOLDER}&a=%20");
    let (target, left, _) = sent(
        injection,
        &[("token", TOKEN)],
        &target,
        &[("authorization", &bearer)],
    )
    .expect("it is sent");
    assert_eq!((target.as_str(), left.len()), ("/x?a=%20", 3));
    assert!(
        !left
            .iter()
            .any(|header| header.starts_with("authorization"))
    );
}

#[test]
fn twins_and_unwritable_credentials_are_refused() {
    let injection = || headers(&[("X-Api-Key", "{token}"), ("Authorization", "{token}")]);
    for twin in ["x_api_key", "x-api_key", "X_API-Key", "x.api.key"] {
        let answer = sent(injection(), &[("token", TOKEN)], "/", &[(twin, "theirs")]);
        assert_eq!(answer, Err(Code::BadRequest), "{twin}");
    }
    assert!(
        sent(
            injection(),
            &[("token", TOKEN)],
            "/",
            &[("x_api_kez", "theirs")]
        )
        .is_ok()
    );
    let answer = sent(injection(), &[("token", "two\r\nlines: 1")], "/", &[]);
    assert_eq!(answer, Err(Code::LoginExpired));
}

#[test]
fn a_part_without_its_field_is_left_out_and_so_is_the_senders() {
    let injection = headers(&[("X-Api-Key", "{token}"), ("X-App", "{app}")]);
    let (_, left, _) =
        sent(injection, &[("token", TOKEN)], "/", &[("x-app", "theirs")]).expect("it is sent");
    assert_eq!(left.len(), 3);
    assert!(!left.iter().any(|header| header.starts_with("x-app")));
}
