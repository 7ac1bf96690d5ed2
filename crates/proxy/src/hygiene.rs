//! Which headers of a request are forwarded: none that are meant for the next hop alone (RFC 9110 §7.6.1), none that are
//! meant for the sidecar, and none that let two readers disagree about where the message ends.
//!
//! What the connection to the server needs again, for an upgrade or for trailers, is written anew here. Credentials are
//! not its business; see [`crate::inject`].

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::{Code, Refusal};

/// Takes out of a request what is not to be forwarded. The header that names a login has to be read before.
///
/// # Errors
///
/// A [`Refusal`] where the headers could be read in two ways.
pub fn clean(parts: &mut Parts) -> Result<(), Refusal> {
    let (headers, version) = (&mut parts.headers, parts.version);
    let transfer_encoding = check_framing(headers, version)?;
    let wants_trailers = lists(headers, &TE, "trailers");
    let upgrade = upgrade(headers, version)?;
    remove_hop_by_hop(headers)?;
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if version < Version::HTTP_2 {
        if let Some(transfer_encoding) = transfer_encoding {
            headers.insert(TRANSFER_ENCODING, transfer_encoding);
        }
        match (&upgrade, wants_trailers) {
            (Some(_), true) => headers.insert(CONNECTION, HeaderValue::from_static("upgrade, te")),
            (Some(_), false) => headers.insert(CONNECTION, HeaderValue::from_static("upgrade")),
            (None, true) => headers.insert(CONNECTION, HeaderValue::from_static("te")),
            (None, false) => None,
        };
        if let Some(protocol) = upgrade {
            headers.insert(UPGRADE, protocol);
        }
    }
    Ok(())
}

/// Takes out of an answer what is meant for the sidecar alone, and what only the sidecar may say: an answer that looks like
/// one of its refusals would have people run a command of the server's.
pub fn clean_response(headers: &mut HeaderMap) {
    // What a server names by mistake stays: its answers are framed anew whatever they say.
    let named: Vec<HeaderName> = named_by_connection(headers).collect();
    for name in named.iter().filter(|name| !is_end_to_end(name)) {
        headers.remove(name);
    }
    remove(headers, |name| {
        is_hop_by_hop(name) && name != "transfer-encoding" || name.starts_with("x-authkeep-")
    });
}

fn remove_hop_by_hop(headers: &mut HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = named_by_connection(headers).collect();
        if named.iter().any(is_end_to_end) {
            return Err(two_readings(
                "its `Connection` header names one that is not for a single hop",
            ));
        }
        for name in named {
            headers.remove(name);
        }
    }
    remove(headers, |name| {
        is_hop_by_hop(name) || name.starts_with("authkeep-")
    });
    Ok(())
}

/// Whether the header is for the next hop alone, or for a proxy.
pub(crate) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection" | "keep-alive" | "te" | "transfer-encoding" | "upgrade" | "http2-settings"
    ) || name.starts_with("proxy-")
}

/// Headers without which the message would mean something else.
fn is_end_to_end(name: &HeaderName) -> bool {
    *name == HOST || *name == CONTENT_LENGTH
}

fn remove(headers: &mut HeaderMap, is_out: impl Fn(&str) -> bool) {
    // Nearly always there is none, and then nothing is collected.
    let out: Vec<HeaderName> = (headers.keys().filter(|name| is_out(name.as_str())))
        .cloned()
        .collect();
    for name in out {
        headers.remove(name);
    }
}

fn named_by_connection(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    let values = headers.get_all(CONNECTION).iter();
    let words = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    words.filter_map(|word| HeaderName::from_bytes(word.trim_ascii()).ok())
}

/// The transfer encoding to send on. Length and coding are checked where the bytes come in, and once more here, because
/// this is what decides which bytes the server takes for the next request.
fn check_framing(headers: &HeaderMap, version: Version) -> Result<Option<HeaderValue>, Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (coding, length) = (codings.next(), lengths.next());
    if codings.next().is_some() || lengths.next().is_some() || coding.and(length).is_some() {
        return Err(two_readings("it says in several ways where its body ends"));
    }
    if let Some(length) = length
        && !length.as_bytes().iter().all(u8::is_ascii_digit)
    {
        return Err(two_readings("its `Content-Length` is not a plain number"));
    }
    match coding {
        Some(coding)
            if version >= Version::HTTP_2
                || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") =>
        {
            Err(two_readings(
                "its `Transfer-Encoding` is not exactly `chunked`",
            ))
        }
        coding => Ok(coding.cloned()),
    }
}

/// The protocol that the client wants to go on with. HTTP itself is none of them: what came after would be requests that
/// nobody looks at.
fn upgrade(headers: &HeaderMap, version: Version) -> Result<Option<HeaderValue>, Refusal> {
    let Some(protocol) = headers.get(UPGRADE) else {
        return Ok(None);
    };
    let name = protocol.as_bytes().to_ascii_lowercase();
    if headers.get_all(UPGRADE).iter().nth(1).is_some()
        || [b"h2".as_slice(), b"http", b"tls"]
            .iter()
            .any(|http| name.starts_with(http))
        || name.contains(&b',')
    {
        let message = "an upgrade to that protocol is not let through";
        return Err(Refusal::new(Code::Denied, message).hint(
            "ask for one protocol, such as `websocket`; HTTP/2 is negotiated with TLS (ALPN)",
        ));
    }
    // RFC 9110 §7.8: without the connection option it means nothing.
    let is_meant = version < Version::HTTP_2 && lists(headers, &CONNECTION, "upgrade");
    Ok(is_meant.then(|| protocol.clone()))
}

fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    words.any(|found| found.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

fn two_readings(why: &str) -> Refusal {
    Refusal::new(
        Code::BadRequest,
        format!("the request could be read in two ways: {why}"),
    )
}

#[cfg(test)]
mod tests;
