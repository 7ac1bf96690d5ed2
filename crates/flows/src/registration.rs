//! Registering a client with an authorization server (RFC 7591), so that nobody has to do it by hand.
//!
//! What is asked for is one native application that uses one grant, with one redirect URI if the grant has one. What is
//! answered counts, not what was asked: above all the way to authenticate (RFC 7591 §3.2.1). An answer that names other
//! redirect URIs than ours is refused, for the code would go there.
//!
//! A registration can be read again (RFC 7592 §2.1), which tells whether the server still knows it. It is neither
//! changed nor deleted here.

use serde_json::{Map, Value, json};
use url::Url;

use crate::client::ClientAuth;
use crate::document::Document;
use crate::http::{HttpRequest, HttpResponse, Method, bearer};
use crate::oauth_error::OAuthError;
use crate::secret::{ClientSecret, RegistrationToken};

/// What to register (RFC 7591 §2).
#[derive(Debug)]
pub struct ClientMetadata<'a> {
    /// What people see on the consent page.
    pub name: &'a str,
    /// How it will get its tokens.
    pub grant: RegisteredGrant<'a>,
    /// How the client would like to authenticate.
    pub auth: ClientAuth,
}

/// The grant that a client is registered for.
#[derive(Debug, Clone, Copy)]
pub enum RegisteredGrant<'a> {
    /// Authorization code (RFC 6749 §4.1), and refresh tokens.
    AuthorizationCode {
        /// Where the browser is sent back to, exactly as in the authorization request.
        redirect_uri: &'a Url,
    },
    /// Device code (RFC 8628), and refresh tokens.
    DeviceCode,
    /// A token of the client's own (RFC 6749 §4.4).
    ClientCredentials,
}

impl RegisteredGrant<'_> {
    /// Its name in the registry of RFC 7591 §2.
    fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode { .. } => "authorization_code",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// The request that registers a client (RFC 7591 §3.1). Each one makes a new client.
pub fn registration_request(endpoint: &Url, client: &ClientMetadata<'_>) -> HttpRequest {
    let grant = client.grant.word();
    let mut metadata = json!({
        "client_name": client.name,
        "application_type": "native",
        "grant_types": [grant, "refresh_token"],
        // Left out, it would mean `code`, and a redirect URI would be missed.
        "response_types": [],
        "token_endpoint_auth_method": word(client.auth),
    });
    match client.grant {
        RegisteredGrant::AuthorizationCode { redirect_uri } => {
            metadata["redirect_uris"] = json!([redirect_uri.as_str()]);
            metadata["response_types"] = json!(["code"]);
        }
        RegisteredGrant::DeviceCode => {}
        RegisteredGrant::ClientCredentials => metadata["grant_types"] = json!([grant]),
    }
    HttpRequest::new(Method::Post, endpoint.clone()).json(metadata)
}

/// The request that reads a registration where it is managed (RFC 7592 §2.1). A 200 is answered in the words of
/// [`read_registration`].
pub fn registration_lookup(management: &Url, token: &RegistrationToken) -> HttpRequest {
    HttpRequest::new(Method::Get, management.clone())
        .with_header("authorization", bearer(token.as_secret()))
}

/// Whether the answer to a [`registration_lookup`] says that there is no such client. A server that has forgotten a
/// client has forgotten its token too, so it answers 401 (RFC 7592 §2.1); some say that the place is gone.
pub fn is_forgotten(response: &HttpResponse) -> bool {
    matches!(response.status(), 401 | 404 | 410)
}

/// A client that the server has made (RFC 7591 §3.2.1).
#[derive(Debug)]
pub struct RegisteredClient {
    /// Its id.
    pub id: String,
    /// Its secret, where it has to authenticate with one.
    pub secret: Option<ClientSecret>,
    /// When the secret ends, in seconds since 1970. `None`: it does not.
    pub secret_expires_at: Option<i64>,
    /// How it has to authenticate.
    pub auth: ClientAuth,
    /// What manages the registration (RFC 7592 §3), if the server hands that out.
    pub token: Option<RegistrationToken>,
    /// Where the registration is managed (RFC 7592 §3). It is the server's word, and not checked.
    pub management: Option<String>,
}

/// Why there is no client.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The server understood and said no (RFC 7591 §3.2.2), or wants registrations to be authorized.
    #[error("the registration was refused: `{error}` (status {status})")]
    Refused {
        /// The error code, such as `invalid_redirect_uri`, cleaned.
        error: String,
        /// The server's explanation, cleaned. It is foreign text.
        description: Option<String>,
        /// The status code.
        status: u16,
    },
    /// The server cannot answer now: 408, 425, 429 or 5xx.
    #[error("the registration endpoint cannot answer now (status {status})")]
    Transient {
        /// The status code.
        status: u16,
    },
    /// The answer is no registration.
    #[error("the registration endpoint's answer cannot be used: {why} (status {status})")]
    Malformed {
        /// What is wrong with it.
        why: &'static str,
        /// The status code.
        status: u16,
    },
}

impl RegistrationError {
    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }

    /// What the server said for people, cleaned.
    pub fn description(&self) -> Option<&str> {
        match self {
            Self::Refused { description, .. } => description.as_deref(),
            _ => None,
        }
    }
}

/// Reads the answer to a [`registration_request`] for `grant`.
///
/// # Errors
/// [`RegistrationError`]; a client that the server may have made all the same is forgotten.
pub fn read_registration(
    response: &HttpResponse,
    grant: RegisteredGrant<'_>,
) -> Result<RegisteredClient, RegistrationError> {
    let status = response.status();
    let malformed = |why| RegistrationError::Malformed { why, status };
    match status {
        200 | 201 => {}
        408 | 425 | 429 | 500.. => return Err(RegistrationError::Transient { status }),
        300..400 => return Err(malformed("it is a redirect, and those are not followed")),
        _ => return Err(refused(response)),
    }
    let document = Document::read(response).map_err(|_| malformed("it is not a JSON object"))?;
    let fields = document.fields();
    if OAuthError::find(fields).is_some() {
        return Err(refused(response));
    }
    read_fields(fields, grant).map_err(malformed)
}

fn read_fields(
    fields: &Map<String, Value>,
    grant: RegisteredGrant<'_>,
) -> Result<RegisteredClient, &'static str> {
    let id = text(fields, "client_id", "its client id is not plain text")?;
    let id = id.ok_or("it has no client id")?.to_owned();
    if let RegisteredGrant::AuthorizationCode { redirect_uri } = grant
        && lacks(fields, "redirect_uris", redirect_uri.as_str())
    {
        return Err("it names other redirect URIs than the one that was asked for");
    }
    if lacks(fields, "grant_types", grant.word()) {
        return Err("its client may not use the grant that was asked for");
    }
    let secret = text(
        fields,
        "client_secret",
        "its client secret is not plain text",
    )?;
    let secret_expires_at = match fields.get("client_secret_expires_at") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_i64() {
            Some(0) => None,
            Some(at) if at > 0 => Some(at),
            _ => return Err("the end of its client secret is not a time"),
        },
    };
    let method = text(
        fields,
        "token_endpoint_auth_method",
        "its way to authenticate is not plain text",
    )?;
    let auth = match (method, secret) {
        (Some("none"), _) | (None, None) => ClientAuth::None,
        // Basic is what a server means that does not say (RFC 7591 §2).
        (Some("client_secret_basic") | None, Some(_)) => ClientAuth::Basic,
        (Some("client_secret_post"), Some(_)) => ClientAuth::Post,
        (Some("client_secret_basic" | "client_secret_post"), None) => {
            return Err("its client has to authenticate with a secret, and got none");
        }
        (Some(_), _) => {
            return Err("its client has to authenticate in a way that is not supported");
        }
    };
    if auth == ClientAuth::None && matches!(grant, RegisteredGrant::ClientCredentials) {
        return Err("its client has nothing to authenticate with, and cannot do without");
    }
    let token = text(
        fields,
        "registration_access_token",
        "its registration access token is not plain text",
    )?;
    let management = fields.get("registration_client_uri");
    Ok(RegisteredClient {
        id,
        secret: secret
            .filter(|_| auth != ClientAuth::None)
            .map(ClientSecret::new),
        secret_expires_at,
        auth,
        token: token.map(RegistrationToken::new),
        management: management.and_then(Value::as_str).map(str::to_owned),
    })
}

/// A text that may stand in a header: visible ASCII, and no longer than any server needs.
fn text<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    otherwise: &'static str,
) -> Result<Option<&'a str>, &'static str> {
    const LONGEST: usize = 4 * 1024;
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text))
            if !text.is_empty()
                && text.len() <= LONGEST
                && text.bytes().all(|b| (0x20..0x7f).contains(&b)) =>
        {
            Ok(Some(text))
        }
        Some(_) => Err(otherwise),
    }
}

/// Whether a list is there and does not hold `wanted`. Servers that leave the list out registered what was asked.
fn lacks(fields: &Map<String, Value>, name: &str, wanted: &str) -> bool {
    match fields.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.iter().any(|item| item.as_str() == Some(wanted)),
        Some(_) => true,
    }
}

fn refused(response: &HttpResponse) -> RegistrationError {
    let status = response.status();
    let document = Document::read(response).ok();
    let found = document.and_then(|document| OAuthError::find(document.fields()));
    match found {
        Some(OAuthError { error, description }) => RegistrationError::Refused {
            error,
            description,
            status,
        },
        None => RegistrationError::Refused {
            error: "unspecified".to_owned(),
            description: None,
            status,
        },
    }
}

/// The method's word in the registry of RFC 7591 §2.
fn word(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
        ClientAuth::None => "none",
    }
}

#[cfg(test)]
mod tests;
