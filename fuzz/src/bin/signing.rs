//! Requests of programs that are to be signed: whatever a program makes of its own signature, what leaves has one signature,
//! of the request that leaves, and nothing of the key.

#![no_main]

use authkeep_core::{Credential, CredentialKind};
use authkeep_proxy::sign::{Payload, Signing};
use authkeep_proxy::{Account, Placeholders};
use authkeep_registry::is_plain_path;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

const HOSTS: [&str; 4] = [
    "bucket.s3.eu-west-1.amazonaws.com",
    "sts.amazonaws.com",
    "abc.execute-api.eu-west-1.amazonaws.com",
    "eu-west-1.api.aws",
];
/// What stands for the program's key id in the inputs.
const KEY: &str = "AKIAPLACEHOLDER234567";
const SECRET: &str = "cnry_000102030405060708090a0b0c0d0e0f";

fuzz_target!(|data: (u8, &str)| {
    let (choice, text) = data;
    let host = HOSTS[usize::from(choice) % HOSTS.len()];
    // The target, then headers as `name: value`; a dollar is the key id.
    let text = text.replace('$', KEY);
    let Some(mut parts) = request(host, &text) else {
        return;
    };
    let account = Account {
        provider: "aws".parse().expect("a name"),
        connection: "default".parse().expect("a name"),
    };
    let fields = [("access_key_id", "AKIAREAL"), ("token", SECRET)];
    let fields = fields.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    let credential = Credential::new(CredentialKind::ApiKey, fields.into());
    let placeholders = vec![(KEY.to_owned(), account.clone())];
    let placeholders = Placeholders::new(placeholders).expect("it builds");
    let signing = Signing::of(&parts, host, &account, &credential, &placeholders);
    let Ok(Some(signing)) = signing else {
        return;
    };
    let sent = parts.uri.path().to_owned();
    if signing.strip(&mut parts).is_err() {
        return;
    }
    let stripped = pairs(&parts);
    let payload = match signing.payload(&parts.headers) {
        Ok(Payload::Declared(text) | Payload::Pieces(text)) => text,
        Ok(Payload::Hash) => authkeep_proxy::sign::hash(b""),
        Err(_) => return,
    };
    let now = "2026-03-01T12:30:45Z".parse().expect("a time");
    if signing
        .sign(&mut parts, &payload, &credential, now)
        .is_err()
    {
        return;
    }
    let mut signatures = parts.headers.get_all(AUTHORIZATION).iter();
    let signature = signatures.next().expect("it is signed");
    assert!(signatures.next().is_none(), "two signatures");
    let signature = signature.to_str().expect("text");
    let scope = signature.strip_prefix("AWS4-HMAC-SHA256 Credential=AKIAREAL/");
    let scope = scope.expect("it is ours");
    assert!(
        scope.starts_with("2026") && !signature.contains(KEY),
        "{signature}"
    );
    if host.contains("execute-api") {
        assert!(scope.contains("/execute-api/aws4_request,"), "{signature}");
    }
    assert_eq!(parts.headers[HOST], host);
    let everything = format!("{} {:?}", parts.uri, parts.headers);
    assert!(!everything.contains("cnry_"), "{everything}");
    // The request is the one that was sent, written in one way.
    let path = parts.uri.path();
    assert_eq!(decoded(path), decoded(&sent), "another path");
    assert_eq!(path.matches('/').count(), sent.matches('/').count());
    assert!(
        !is_plain_path(&sent) || is_plain_path(path),
        "{sent} {path}"
    );
    assert_eq!(pairs(&parts), stripped, "other parameters");
    // Signed again, it is the same: nothing in it has two readings any more.
    let mut again = parts.clone();
    let uri = parts.uri.clone();
    signing
        .sign(&mut again, &payload, &credential, now)
        .expect("it is signed again");
    assert_eq!(
        (&again.uri, &again.headers[AUTHORIZATION]),
        (&uri, &parts.headers[AUTHORIZATION])
    );
});

fn request(host: &str, text: &str) -> Option<Parts> {
    let mut lines = text.lines();
    let mut request = http::Request::get(format!("/{}", lines.next()?)).header(HOST, host);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("host") {
            return None;
        }
        request = request.header(name, value);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

fn decoded(path: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let (mut rest, mut out) = (path.as_bytes(), Vec::new());
    while let [byte, after @ ..] = rest {
        let number = digit(after.first()).zip(digit(after.get(1)));
        rest = match number.filter(|_| *byte == b'%') {
            Some((high, low)) => {
                out.extend(u8::try_from(high * 16 + low));
                &after[2..]
            }
            None => {
                out.push(*byte);
                after
            }
        };
    }
    out
}

fn pairs(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs.collect()
}
