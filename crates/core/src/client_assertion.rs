//! The assertion of a client that has a private key instead of a secret: signed here, for one request, and never kept.

use authkeep_flows::{ClientAssertion, ClientSecret, SigningFailed, SigningKey, UnusableKey};
use authkeep_registry::OAuthEndpoints;
use authkeep_vault::EntropyError;
use secrecy::SecretString;

use crate::Broker;

/// Why a client could not sign its assertion. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSigned {
    /// Its key cannot be used.
    #[error("the private key of the OAuth client is not usable")]
    Key(#[from] UnusableKey),
    /// No randomness, no assertion.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The signature could not be made.
    #[error(transparent)]
    Signature(#[from] SigningFailed),
}

impl Broker {
    /// An assertion of `client_id` for the next request to the server of `oauth`. A second request needs another one.
    pub(crate) fn assertion(
        &self,
        oauth: &OAuthEndpoints,
        client_id: &str,
        key: &SecretString,
    ) -> Result<ClientSecret, NotSigned> {
        let mut nonce = [0; 16];
        (self.parts.entropy)(&mut nonce)?;
        let audience = match (&oauth.assertion_audience, &oauth.token_url) {
            (Some(audience), _) => audience,
            (None, Some(token_url)) => token_url.as_str(),
            (None, None) => "",
        };
        let assertion = ClientAssertion {
            client_id,
            audience,
            key_id: oauth.assertion_key_id.as_deref(),
            now: self.now().into(),
            nonce,
        };
        Ok(assertion.sign(&SigningKey::read(key)?)?)
    }
}
