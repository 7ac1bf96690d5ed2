//! The server's side of Signature Version 4, written from the specification and sharing nothing with the product: what a
//! service knows is a secret for each access key id, and what it accepts is a signature of exactly what it got.

use std::fmt::Write as _;

use authkeep_core::{Clock as _, SystemClock};
use authkeep_testkit::message::Received;
use sha2::{Digest as _, Sha256};

/// One key that a service knows.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) session: Option<String>,
}

/// What was signed.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) scope: String,
    pub(super) signature: String,
    derived: Vec<u8>,
    moment: String,
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(pad(0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn encoded(text: &str, plain: &[u8]) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let is_plain = byte.is_ascii_alphanumeric() || plain.contains(&byte);
        match is_plain {
            true => out.push(char::from(byte)),
            false => write!(out, "%{byte:02X}").unwrap(),
        }
        out
    })
}

/// Seconds since 1970 of `20260301T123045Z` (Howard Hinnant's days from civil).
fn seconds(moment: &str) -> Option<i64> {
    let number = |from: usize, to: usize| moment.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year / 400 * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

pub(super) fn now() -> i64 {
    SystemClock.now().as_second()
}

/// Whether the request is signed with `key`, for this service and region, near `now`.
///
/// Errors: why a service would refuse it.
pub(super) fn verify(
    request: &Received,
    key: &Key,
    scope: &str,
    now: i64,
) -> Result<Verified, String> {
    let count = |name: &str| {
        request
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .count()
    };
    for name in ["authorization", "x-amz-date"] {
        if count(name) != 1 {
            return Err(format!("{} headers `{name}`", count(name)));
        }
    }
    if request
        .query
        .iter()
        .any(|(name, _)| name.to_lowercase().starts_with("x-amz-signature"))
    {
        return Err("two ways to authenticate".to_owned());
    }
    let moment = request.header("x-amz-date").unwrap();
    if seconds(moment).is_none_or(|at| (at - now).abs() > 15 * 60) {
        return Err(format!("RequestTimeTooSkewed: {moment}"));
    }
    let authorization = request.header("authorization").unwrap();
    let rest = authorization
        .strip_prefix("AWS4-HMAC-SHA256 Credential=")
        .ok_or("no signature")?;
    let (credential, rest) = rest.split_once(", SignedHeaders=").ok_or("no headers")?;
    let (names, signature) = rest.split_once(", Signature=").ok_or("no signature")?;
    let (id, signed_scope) = credential.split_once('/').ok_or("no scope")?;
    if id != key.id {
        return Err(format!("InvalidAccessKeyId: {id}"));
    }
    let scope = format!("{}/{scope}/aws4_request", &moment[..8]);
    if signed_scope != scope {
        return Err(format!("a signature for {signed_scope}, here is {scope}"));
    }
    if request.header("x-amz-security-token") != key.session.as_deref() {
        return Err("InvalidToken".to_owned());
    }
    // What says what the request is has to be signed.
    let names: Vec<&str> = names.split(';').collect();
    let has_to_be = |name: &str| name.starts_with("x-amz-") || name == "content-type";
    let unsigned = request
        .headers
        .iter()
        .find(|(name, _)| has_to_be(name) && !names.contains(&&**name));
    if !names.contains(&"host") || !names.is_sorted() || unsigned.is_some() {
        return Err(format!(
            "not signed as it has to be: {names:?} {unsigned:?}"
        ));
    }
    let mut headers = String::new();
    for name in &names {
        let values = request.headers.iter().filter(|(known, _)| known == name);
        let values =
            values.map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut value = values.collect::<Vec<_>>().join(",");
        if *name == "host" {
            value.clone_from(&request.host);
        }
        writeln!(headers, "{name}:{value}").unwrap();
    }
    let is_s3 = scope.contains("/s3/");
    let path = match is_s3 {
        true => request.path.clone(),
        false => encoded(&request.path, b"-._~/"),
    };
    let query = request.query.iter();
    let mut query: Vec<(String, String)> = query
        .map(|(name, value)| (encoded(name, b"-._~"), encoded(value, b"-._~")))
        .collect();
    query.sort_unstable();
    let query: Vec<String> = query
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let declared = request.header("x-amz-content-sha256");
    let payload = match declared {
        Some(word) if is_s3 && word.contains("PAYLOAD") => word.to_owned(),
        None if is_s3 => return Err("S3 wants x-amz-content-sha256".to_owned()),
        _ => sha256(&request.body),
    };
    if declared.is_some_and(|declared| declared != payload) {
        return Err("XAmzContentSHA256Mismatch".to_owned());
    }
    let method = &request.method;
    let canonical = format!(
        "{method}\n{path}\n{}\n{headers}\n{}\n{payload}",
        query.join("&"),
        names.join(";")
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}",
        sha256(canonical.as_bytes())
    );
    let mut derived = format!("AWS4{}", key.secret).into_bytes();
    for part in scope.split('/') {
        derived = hmac(&derived, part.as_bytes());
    }
    if hex(&hmac(&derived, text.as_bytes())) != signature {
        return Err(format!("SignatureDoesNotMatch\n{canonical}"));
    }
    Ok(Verified {
        scope,
        signature: signature.to_owned(),
        derived,
        moment: moment.to_owned(),
    })
}

/// The bytes of a body in signed pieces, if each is signed after the one before.
pub(super) fn pieces(body: &[u8], head: &Verified) -> Result<Vec<u8>, String> {
    let (mut rest, mut previous, mut data) = (body, head.signature.clone(), Vec::new());
    loop {
        let end = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .ok_or("no line")?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        let (size, signature) = line.split_once(";chunk-signature=").ok_or("no signature")?;
        let size = usize::from_str_radix(size, 16).map_err(|error| error.to_string())?;
        let piece = rest.get(end + 2..end + 2 + size).ok_or("too short")?;
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{previous}\n{}\n{}",
            head.moment,
            head.scope,
            sha256(b""),
            sha256(piece)
        );
        if hex(&hmac(&head.derived, text.as_bytes())) != signature {
            return Err(format!("the piece of {size} bytes is signed wrongly"));
        }
        if size == 0 {
            return Ok(data);
        }
        data.extend_from_slice(piece);
        previous = signature.to_owned();
        rest = &rest[end + 2 + size + 2..];
    }
}
