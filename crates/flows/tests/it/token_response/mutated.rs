//! Ten thousand answers broken by a small grammar, from structure down to single bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use authkeep_flows::{HttpResponse, TokenError, TokenResponseRules, TokenSet, read_token_response};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::canary::{canary, leaks};
use crate::random::Random;

const ANSWERS: usize = 10_000;

/// One broken answer.
struct Mutated {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    token_path: Option<&'static str>,
    /// The canaries that a field's name still marks as secrets.
    marked: Vec<u64>,
}

/// Sound answers whose every secret is a canary.
fn seeds() -> Vec<(Value, Option<&'static str>)> {
    vec![
        (
            json!({"access_token": canary(1), "refresh_token": canary(2), "token_type": "Bearer",
                "expires_in": 3600, "scope": "read write"}),
            None,
        ),
        (
            json!({"access_token": canary(1), "id_token": canary(3), "token_type": "bearer",
                "expires_in": "3600", "instance_url": "https://i.test", "client_secret": canary(4)}),
            None,
        ),
        (
            json!({"ok": true, "access_token": canary(1), "token_type": "bot", "team": {"id": "T1"},
                "authed_user": {"id": "U1", "access_token": canary(5), "refresh_token": canary(2),
                    "token_type": "user", "scope": "a,b", "expires_in": 43200}}),
            Some("/authed_user"),
        ),
        (
            json!({"error": "invalid_grant", "refresh_token": canary(2),
                "error_description": format!("the token {} is expired", canary(2))}),
            None,
        ),
        (
            json!({"error": {"message": format!("bad {}", canary(1)), "type": "T", "code": 190}}),
            None,
        ),
    ]
}

const CANARIES: u64 = 5;

/// Values that break careless readers.
fn nasty(random: &mut Random) -> Value {
    let canary = canary(1);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(-0.5),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!("NaN"),
        json!("-3600"),
        json!(format!("{canary}\r\nX-Evil: 1")),
        json!(format!("{canary}\0")),
        json!(format!("\u{1b}]0;{canary}\u{7}")),
        json!(format!("{canary} {canary}")),
        json!(format!("{canary}é")),
        json!("\u{202e}\u{200b}"),
        json!("a".repeat(20_000)),
        json!("mac"),
        json!("DPoP"),
        json!("N_A"),
        json!("bearer"),
        json!("invalid_grant"),
        json!([canary.clone(), 1]),
        json!({"access_token": canary.clone()}),
        json!(canary),
        (0..random.below(140)).fold(json!("deep"), |inner, _| json!([inner])),
    ];
    random.pick(&values)
}

/// Mostly successes, since these get furthest.
const STATUSES: [u16; 14] = [
    200, 200, 200, 200, 200, 200, 200, 201, 302, 400, 401, 404, 429, 503,
];

fn mutate(random: &mut Random) -> Mutated {
    let (mut document, token_path) = random.pick(&seeds());
    for _ in 0..=random.below(3) {
        mutate_structure(&mut document, random);
    }
    let mut marked = marked(&document);
    let as_form = random.below(4) == 0;
    let mut body = if as_form {
        form(&document)
    } else {
        document.to_string().into_bytes()
    };
    if random.below(3) == 0 {
        marked.clear();
        for _ in 0..=random.below(3) {
            mutate_bytes(&mut body, random);
        }
    }
    Mutated {
        status: random.pick(&STATUSES),
        content_type: random.pick(&[
            "application/json",
            "application/json;charset=utf-8",
            "application/x-www-form-urlencoded",
            "text/html",
            "text/plain",
            "",
            "application/octet-stream",
        ]),
        body,
        token_path: if random.below(8) == 0 {
            Some("/authed_user/x")
        } else {
            token_path
        },
        marked,
    }
}

/// The canaries that stand under the name of a secret.
fn marked(value: &Value) -> Vec<u64> {
    let names = ["token", "secret", "api_key", "webhook"];
    match value {
        Value::Array(items) => items.iter().flat_map(marked).collect(),
        Value::Object(fields) => {
            let inner = fields.iter().flat_map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                if names.iter().any(|part| name.contains(part)) {
                    whole_canaries(value)
                } else {
                    marked(value)
                }
            });
            inner.collect()
        }
        _ => Vec::new(),
    }
}

fn whole_canaries(value: &Value) -> Vec<u64> {
    match value {
        Value::String(text) => {
            let numbers = 1..=CANARIES;
            numbers.filter(|number| *text == canary(*number)).collect()
        }
        Value::Array(items) => items.iter().flat_map(whole_canaries).collect(),
        Value::Object(fields) => fields.values().flat_map(whole_canaries).collect(),
        _ => Vec::new(),
    }
}

/// Changes one field of the document or of an object in it.
fn mutate_structure(document: &mut Value, random: &mut Random) {
    let nested = random.below(3) == 0;
    let Some(mut fields) = document.as_object_mut() else {
        return;
    };
    if nested && fields.get("authed_user").is_some_and(Value::is_object) {
        fields = fields
            .get_mut("authed_user")
            .unwrap()
            .as_object_mut()
            .unwrap();
    }
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let name = random.pick(&names);
    match random.below(10) {
        0..=3 => {
            let target = random.pick(&["access_token", "refresh_token", &name, &name]);
            fields.insert(target.to_owned(), nasty(random));
        }
        4 => {
            fields.remove(&name);
        }
        5 => {
            // A secret is quoted in another field, as debugging endpoints do.
            let quoted = fields
                .get("access_token")
                .or_else(|| fields.get("refresh_token"));
            let quoted = quoted.and_then(Value::as_str).map(str::to_owned);
            let field = random.pick(&[
                "echo",
                "scope",
                "token_type",
                "error",
                "note",
                "error_description",
            ]);
            fields.insert(
                field.to_owned(),
                json!(format!("<{}>", quoted.unwrap_or_default())),
            );
        }
        6 => {
            let secret = random.pick(&["clientSecret", "ID-TOKEN", "api_key", "webhook_url"]);
            let canary = canary(1 + random.next() % CANARIES);
            fields.insert(
                secret.to_owned(),
                random.pick(&[json!(canary), json!({"v": [canary]})]),
            );
        }
        7 => {
            let value = fields.get(&name).cloned().unwrap_or_default();
            fields.insert("nest".to_owned(), json!({ name: value }));
        }
        8 => {
            let value = fields.remove(&name).unwrap_or_default();
            fields.insert(name.to_ascii_uppercase().replace('_', "x"), value);
        }
        _ => {
            let whole = std::mem::take(document);
            *document = random.pick(&[json!([whole]), json!({"data": whole})]);
        }
    }
}

fn mutate_bytes(body: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(body.len() + 1);
    match random.below(6) {
        0 => body.truncate(at),
        1 => body.insert(at, random.pick(b"\0\r\n \"\\{}[],:&=%\xff\xc3\x80")),
        2 => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => {
            let tail = body[at..].to_vec();
            body.extend(tail);
        }
        4 => {
            let prefix: &[u8] = random.pick(&[
                b"\xef\xbb\xbf".as_slice(),
                b")]}'\n",
                b"<!-- -->",
                b" \n",
                b"[",
            ]);
            body.splice(..0, prefix.iter().copied());
        }
        _ => {
            body.drain(..at);
        }
    }
}

/// The document as a form; whatever is not text keeps its JSON notation.
fn form(document: &Value) -> Vec<u8> {
    let empty = Map::new();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in document.as_object().unwrap_or(&empty) {
        match value {
            Value::String(text) => form.append_pair(name, text),
            other => form.append_pair(name, &other.to_string()),
        };
    }
    form.finish().into_bytes()
}

fn corpus() -> impl Iterator<Item = Mutated> {
    let mut random = Random::new(5);
    (0..ANSWERS).map(move |_| mutate(&mut random))
}

/// Judged apart from the crate's own checks: what may go into a header and into the vault.
fn is_sound(token: &str) -> bool {
    (1..=16 * 1024).contains(&token.len()) && token.bytes().all(|b| (0x21..=0x7e).contains(&b))
}

fn canaries_in(text: &str) -> usize {
    (1..=CANARIES)
        .filter(|number| leaks(text, &canary(*number)))
        .count()
}

#[test]
fn ten_thousand_broken_answers() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, answer) in corpus().enumerate() {
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        let headers = vec![("content-type".to_owned(), answer.content_type.to_owned())];
        let response = HttpResponse::new(answer.status, headers, answer.body);
        let rules = TokenResponseRules {
            token_path: answer.token_path,
            default_expires_in: None,
        };
        let kind = match read_token_response(&response, &rules) {
            Ok(tokens) => {
                assert!(matches!(answer.status, 200 | 201), "{number}: {shown}");
                check_tokens(&tokens, &answer.marked, &format!("{number}: {shown}"));
                "tokens"
            }
            Err(error) => {
                let cause = error.source().map(|cause| format!("{cause} {cause:?}"));
                let text = format!("{error} {error:?} {error:#?} {}", cause.unwrap_or_default());
                assert_eq!(canaries_in(&text), 0, "{number}: {text}");
                assert!(
                    !text.contains(|c: char| c.is_control() && c != '\n'),
                    "{number}: {text}"
                );
                match error {
                    TokenError::Refused { .. } => "refused",
                    TokenError::Transient { .. } => "transient",
                    TokenError::Malformed { .. } => "malformed",
                    _ => "another kind",
                }
            }
        };
        *counts.entry(kind).or_default() += 1;
    }
    println!("{counts:?}");
    // The corpus must reach every outcome, or it would prove little.
    assert_eq!(counts.len(), 4);
    assert!(counts.values().all(|count| *count >= 500), "{counts:?}");
}

fn check_tokens(tokens: &TokenSet, marked: &[u64], context: &str) {
    assert!(is_sound(tokens.access_token.expose()), "{context}");
    if let Some(refresh_token) = &tokens.refresh_token {
        assert!(is_sound(refresh_token.expose()), "{context}");
    }
    assert!(
        ["Bearer", "bot", "user"].contains(&&*tokens.token_type),
        "{context}"
    );
    if let Some(lifetime) = tokens.expires_in {
        let ten_years = Duration::from_secs(10 * 366 * 86_400);
        assert!(
            lifetime >= Duration::from_secs(1) && lifetime <= ten_years,
            "{context}"
        );
    }
    assert_eq!(
        canaries_in(&format!("{tokens:?} {tokens:#?}")),
        0,
        "{context}"
    );
    let extra = Value::Object(tokens.extra.clone()).to_string();
    assert!(
        !extra.contains(tokens.access_token.expose()) || tokens.access_token.expose().len() < 8
    );
    for number in marked {
        assert!(!leaks(&extra, &canary(*number)), "{context}\n{extra}");
    }
}

/// The control: a reader that takes fields as they come lets unsound tokens, secrets in the rest
/// and secrets in error texts through, over the same corpus.
#[test]
fn a_careless_reader_lets_much_of_it_through() {
    let (mut unsound, mut kept_secrets, mut told_secrets) = (0, 0, 0);
    for answer in corpus() {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&answer.body) else {
            let error = format!("cannot read `{text}`");
            told_secrets += usize::from(canaries_in(&error) > 0);
            continue;
        };
        let token = fields.remove("access_token");
        if let Some(error) = fields
            .get("error_description")
            .or_else(|| fields.get("error"))
        {
            told_secrets += usize::from(canaries_in(&error.to_string()) > 0);
        } else if let Some(Value::String(token)) = token {
            unsound += usize::from(!is_sound(&token));
            kept_secrets += usize::from(canaries_in(&Value::Object(fields).to_string()) > 0);
        }
    }
    println!(
        "careless: {unsound} unsound tokens, {kept_secrets} secrets kept, {told_secrets} told"
    );
    assert!(unsound >= 100 && kept_secrets >= 100 && told_secrets >= 100);
}
