//! Proving who the client is with a key instead of a password: a JWT that it has signed, a new one for each request
//! (RFC 7523 §2.2; OpenID Connect Core §9 calls it `private_key_jwt`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::signing_key::{SigningFailed, SigningKey};
use crate::secret::ClientSecret;

/// The value of `client_assertion_type` (RFC 7523 §2.2).
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is good for.
const LIFETIME: Duration = Duration::from_secs(60);

/// What the client says of itself, before it is signed.
#[derive(Clone, Copy, Debug)]
pub struct ClientAssertion<'a> {
    /// The client id: it speaks for itself, so it is issuer and subject.
    pub client_id: &'a str,
    /// Whom it speaks to: the token endpoint or the issuer, as the server wants it.
    pub audience: &'a str,
    /// Which of the client's keys it is, where the server knows several.
    pub key_id: Option<&'a str>,
    /// Now. The assertion is good for a minute from then.
    pub now: SystemTime,
    /// Sixteen random bytes, never used before: servers refuse an assertion that they have seen (RFC 7523 §3).
    pub nonce: [u8; 16],
}

impl ClientAssertion<'_> {
    /// The signed assertion. It takes the place of the secret in a [`Client`](crate::Client) that authenticates by
    /// [`PrivateKeyJwt`](crate::ClientAuth::PrivateKeyJwt), for one request.
    ///
    /// # Errors
    ///
    /// [`SigningFailed`], which says nothing against the key.
    pub fn sign(&self, key: &SigningKey) -> Result<ClientSecret, SigningFailed> {
        let mut header = json!({ "alg": key.algorithm(), "typ": "JWT" });
        if let Some(key_id) = self.key_id {
            header["kid"] = json!(key_id);
        }
        let now = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "jti": URL_SAFE_NO_PAD.encode(self.nonce),
            "iat": now.as_secs(),
            "exp": (now + LIFETIME).as_secs(),
        });
        compact(&header, &claims, key).map(ClientSecret::new)
    }
}

/// The compact form of a JWS (RFC 7515 §3.1).
fn compact(header: &Value, claims: &Value, key: &SigningKey) -> Result<String, SigningFailed> {
    let mut jws = URL_SAFE_NO_PAD.encode(header.to_string());
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut jws);
    let signature = key.sign(jws.as_bytes())?;
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    Ok(jws)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
    use secrecy::SecretString;

    fn ed25519() -> SigningKey {
        let pem = include_str!("../../../testkit/keys/ed25519.pem");
        SigningKey::read(&SecretString::from(pem)).expect("a key")
    }

    fn assertion(key_id: Option<&'static str>) -> ClientAssertion<'static> {
        ClientAssertion {
            client_id: "robot",
            audience: "https://as.test/token",
            key_id,
            now: UNIX_EPOCH + Duration::from_millis(1_300_819_380_999),
            nonce: [0xfb; 16],
        }
    }

    fn part(jws: &str, at: usize) -> Value {
        let part = jws.split('.').nth(at).expect("a part");
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[test]
    fn it_says_who_speaks_to_whom_once_and_for_a_minute() {
        let jws = assertion(None).sign(&ed25519()).expect("signed");
        let jws = jws.expose();
        assert_eq!(part(jws, 0), json!({ "alg": "EdDSA", "typ": "JWT" }));
        assert_eq!(
            part(jws, 1),
            json!({
                "iss": "robot",
                "sub": "robot",
                "aud": "https://as.test/token",
                "jti": "-_v7-_v7-_v7-_v7-_v7-w",
                "iat": 1_300_819_380,
                "exp": 1_300_819_440,
            })
        );
        let named = assertion(Some("k1")).sign(&ed25519()).expect("signed");
        assert_eq!(part(named.expose(), 0)["kid"], "k1");
    }

    #[test]
    fn another_key_or_another_word_does_not_verify() {
        let verifies = |jws: &str, key: &[u8]| {
            let (message, signature) = jws.rsplit_once('.').expect("three parts");
            let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
            UnparsedPublicKey::new(&ED25519, key)
                .verify(message.as_bytes(), &signature)
                .is_ok()
        };
        let of = |seed: &[u8; 32]| Ed25519KeyPair::from_seed_unchecked(seed).expect("a key");
        let jws = assertion(None).sign(&ed25519()).expect("signed");
        let jws = jws.expose();
        // The public key of RFC 8037, appendix A.2.
        let public = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .expect("base64url");
        assert!(verifies(jws, &public));
        assert!(!verifies(jws, of(&[7; 32]).public_key().as_ref()));
        let claims = part(jws, 1).to_string().replace("robot", "other");
        let mut parts: Vec<&str> = jws.split('.').collect();
        let forged = URL_SAFE_NO_PAD.encode(claims);
        parts[1] = &forged;
        assert!(!verifies(&parts.join("."), &public));
    }
}
