//! Who is calling the token or revocation endpoint (RFC 6749 section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::message::{Received, Reply, has_duplicates};
use super::options::{Client, ClientAuth, ServerOptions};

/// The same for a request that has to be a form with each field once (section 3.2).
pub(super) fn authenticate_form(
    options: &ServerOptions,
    received: &Received,
) -> Result<Client, Reply> {
    if received.form.is_empty() || has_duplicates(&received.form) {
        let why = "a form with each field once is expected";
        return Err(Reply::error(400, "invalid_request", why));
    }
    authenticate(options, received)
}

/// The client that sent the request, if it proved itself in the one way registered for it.
pub(super) fn authenticate(options: &ServerOptions, received: &Received) -> Result<Client, Reply> {
    let header = received.header("authorization");
    let basic = header.and_then(basic_credentials);
    let (id, secret, used) = match (header, &basic, received.field("client_secret")) {
        (Some(_), _, Some(_)) => {
            return Err(Reply::error(
                400,
                "invalid_request",
                "two ways of authenticating",
            ));
        }
        (Some(_), Some((id, secret)), None) => (&**id, Some(&**secret), ClientAuth::Basic),
        // No client has an empty identifier.
        (Some(_), None, None) => ("", None, ClientAuth::Basic),
        (None, _, secret) => {
            let used = secret.map_or(ClientAuth::None, |_| ClientAuth::Post);
            (
                received.field("client_id").unwrap_or_default(),
                secret,
                used,
            )
        }
    };
    options
        .client(id)
        .filter(|client| client.auth == used && client.secret.as_deref() == secret)
        .cloned()
        .ok_or_else(|| {
            let why = "unknown client or wrong way of authenticating";
            Reply::error(401, "invalid_client", why)
                .with_header("www-authenticate", "Basic realm=\"test\"")
        })
}

/// Id and secret are form-encoded inside the base64 (section 2.3.1), which clients like to forget.
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(encoded: &str) -> Option<String> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*+%".contains(&byte);
    if !encoded.bytes().all(safe) {
        return None;
    }
    form_urlencoded::parse(format!("v={encoded}").as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::basic_credentials;

    #[test]
    fn secrets_must_be_form_encoded_before_base64() {
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let encoded = header("a%3Ab:s3cr%3Aet%2F%2B+%25%26%3D%7E");
        let decoded = basic_credentials(&encoded).expect("well formed");
        assert_eq!(decoded, ("a:b".into(), "s3cr:et/+ %&=~".into()));
        assert_eq!(basic_credentials(&header("a:s3cr:et/+ %&=~")), None);
        assert_eq!(basic_credentials("Bearer abc"), None);
    }
}
