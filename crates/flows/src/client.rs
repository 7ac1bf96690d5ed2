//! How the client shows who it is at an endpoint (RFC 6749 §2.3).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::http::form_encode_into;
use crate::secret::ClientSecret;

mod assertion;
mod signing_key;

pub use self::assertion::ClientAssertion;
use self::assertion::JWT_BEARER;
pub use self::signing_key::{SigningFailed, SigningKey, UnusableKey};

/// Where the client's credentials go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic`, id and secret form-encoded first (RFC 6749 §2.3.1).
    Basic,
    /// In the body, next to the other parameters.
    Post,
    /// An assertion that the client has signed for this request, in the body (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// Only the id, in the body: a public client. A secret that happens to be known stays home.
    None,
}

/// The application that asks, as registered with the service.
#[derive(Clone)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The secret of a confidential client; with [`ClientAuth::PrivateKeyJwt`] the
    /// [signed assertion](crate::ClientAssertion), which is good for one request. Without one, the client
    /// authenticates like [`ClientAuth::None`].
    pub secret: Option<ClientSecret>,
    /// How to authenticate.
    pub auth: ClientAuth,
    /// The name of the id's parameter: `client_id` everywhere but where a vendor renamed it
    /// (TikTok's `client_key`).
    pub id_param: String,
}

impl Client {
    /// Adds the credentials to a request's parameters, or returns the value of the
    /// `Authorization` header where they go there.
    pub(crate) fn authenticate<'a>(
        &'a self,
        pairs: &mut Vec<(&'a str, &'a str)>,
    ) -> Option<SecretString> {
        if self.auth == ClientAuth::Basic
            && let Some(header) = self.basic_header()
        {
            // The id is not repeated in the body: some servers count that as a second method.
            return Some(header);
        }
        // Where nobody has a client, there is nothing to say.
        if !self.id.is_empty() {
            pairs.push((&self.id_param, &self.id));
        }
        if self.auth != ClientAuth::None {
            pairs.extend(self.proof());
        }
        None
    }

    /// What proves in a body that it is the client; nothing without a secret.
    pub(crate) fn proof(&self) -> Vec<(&'static str, &str)> {
        // EXPOSE: into the request's body, which is a secret itself.
        match (&self.secret, self.auth) {
            (None, _) => Vec::new(),
            (Some(assertion), ClientAuth::PrivateKeyJwt) => vec![
                ("client_assertion_type", JWT_BEARER),
                ("client_assertion", assertion.expose()),
            ],
            (Some(secret), _) => vec![("client_secret", secret.expose())],
        }
    }

    /// `Basic` credentials, or `None` without a secret.
    pub(crate) fn basic_header(&self) -> Option<SecretString> {
        let secret = self.secret.as_ref();
        let secret = secret.filter(|_| self.auth != ClientAuth::PrivateKeyJwt)?;
        // EXPOSE: into the header's value, which is a secret itself.
        let secret = secret.expose();
        // The encoding makes a colon unambiguous and keeps every character ASCII. Reserving for
        // the worst case keeps the buffer from moving and leaving a copy behind.
        let capacity = 3 * (self.id.len() + secret.len()) + 1;
        let mut pair = Zeroizing::new(String::with_capacity(capacity));
        form_encode_into(&mut pair, &self.id);
        pair.push(':');
        form_encode_into(&mut pair, secret);
        Some(basic(&pair))
    }
}

/// `Basic` and the pair of user name and password (RFC 7617 §2).
pub(crate) fn basic(pair: &str) -> SecretString {
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    let mut header = Zeroizing::new(String::with_capacity(6 + encoded.len()));
    header.push_str("Basic ");
    header.push_str(&encoded);
    SecretString::from(header.as_str())
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("secret", &self.secret)
            .field("auth", &self.auth)
            .field("id_param", &self.id_param)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn client(auth: ClientAuth, id: &str, secret: Option<&str>) -> Client {
        Client {
            id: id.to_owned(),
            secret: secret.map(ClientSecret::new),
            auth,
            id_param: "client_id".to_owned(),
        }
    }

    fn basic(id: &str, secret: &str) -> String {
        let client = client(ClientAuth::Basic, id, Some(secret));
        let mut pairs = Vec::new();
        let header = client.authenticate(&mut pairs).expect("a header");
        assert!(pairs.is_empty(), "nothing is repeated in the body");
        header.expose_secret().to_owned()
    }

    #[test]
    fn basic_follows_the_example_of_rfc_6749() {
        assert_eq!(
            basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"),
            "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
        );
        assert_eq!(
            basic("s6BhdRkqt3", "gX1fBat3bV"),
            "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
        );
    }

    #[test]
    fn basic_encodes_id_and_secret_before_base64() {
        let header = basic("conf:basic", "s3cr:et/+ %&=~");
        let encoded = header.strip_prefix("Basic ").expect("the scheme");
        let decoded = STANDARD.decode(encoded).expect("base64");
        assert_eq!(decoded, b"conf%3Abasic:s3cr%3Aet%2F%2B+%25%26%3D%7E");
        // The naive way would leave a second colon and a bare plus for the server to misread.
        let naive = STANDARD.encode("conf:basic:s3cr:et/+ %&=~");
        assert_ne!(encoded, naive);
    }

    #[test]
    fn post_sends_both_and_none_sends_the_id_only() {
        let table = [
            (
                ClientAuth::Post,
                Some("s"),
                vec![("client_id", "id"), ("client_secret", "s")],
            ),
            (ClientAuth::Post, None, vec![("client_id", "id")]),
            (ClientAuth::None, Some("s"), vec![("client_id", "id")]),
            (ClientAuth::Basic, None, vec![("client_id", "id")]),
            (ClientAuth::PrivateKeyJwt, None, vec![("client_id", "id")]),
            (
                ClientAuth::PrivateKeyJwt,
                Some("a.b.c"),
                vec![
                    ("client_id", "id"),
                    ("client_assertion_type", JWT_BEARER),
                    ("client_assertion", "a.b.c"),
                ],
            ),
        ];
        for (auth, secret, expected) in table {
            let client = client(auth, "id", secret);
            let mut pairs = Vec::new();
            assert!(client.authenticate(&mut pairs).is_none());
            assert_eq!(pairs, expected);
        }
    }

    #[test]
    fn the_id_parameter_can_have_another_name() {
        let mut client = client(ClientAuth::Post, "id", Some("s"));
        client.id_param = "client_key".to_owned();
        let mut pairs = Vec::new();
        client.authenticate(&mut pairs);
        assert_eq!(pairs, [("client_key", "id"), ("client_secret", "s")]);
    }
}
