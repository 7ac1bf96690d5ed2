//! Who is calling the token or revocation endpoint (RFC 6749 section 2.3).

use super::options::{Client, ClientAuth, ServerOptions};
use crate::message::{Received, Reply, has_duplicates};

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
    let basic = received.basic_client();
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
