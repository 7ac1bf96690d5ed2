//! From a provider definition to the arguments of `flows`: the one place where the two vocabularies meet.

use std::time::Duration;

use authkeep_flows as flows;
use authkeep_registry as registry;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::record::ClientRecord;

/// The OAuth endpoints of a bound provider, ready for `flows`.
#[derive(Debug)]
pub(crate) struct AuthorizationServer<'a> {
    pub(crate) oauth: &'a registry::OAuthEndpoints,
}

impl<'a> AuthorizationServer<'a> {
    pub(crate) fn of(provider: &'a registry::Provider) -> Option<Self> {
        provider.oauth.as_ref().map(|oauth| Self { oauth })
    }

    pub(crate) fn token_endpoint(&self) -> Option<flows::TokenEndpoint> {
        Some(flows::TokenEndpoint {
            url: self.oauth.token_url.clone()?,
            format: match self.oauth.token_format {
                registry::BodyFormat::Json => flows::BodyFormat::Json,
                _ => flows::BodyFormat::Form,
            },
            params: self.oauth.token_params.clone(),
        })
    }

    pub(crate) fn rules(&self) -> flows::TokenResponseRules<'a> {
        flows::TokenResponseRules {
            token_path: self.oauth.token_path.as_deref(),
            default_expires_in: self.oauth.expires_in.map(Duration::from_secs),
        }
    }

    /// The client as it introduces itself at `url`. Its secret is left out anywhere but where it was entered for.
    pub(crate) fn client(&self, record: &ClientRecord, url: &Url) -> flows::Client {
        let secret = record
            .client_secret
            .as_ref()
            .filter(|_| record.pinned.admits_client_secret(url));
        self.client_from(&record.client_id, secret)
    }

    /// The client that `issued_to` names: the saved one if it is that one, or else its id alone.
    pub(crate) fn issuing_client(
        &self,
        saved: Option<&ClientRecord>,
        issued_to: &str,
        url: &Url,
    ) -> flows::Client {
        match saved {
            Some(saved) if saved.client_id == issued_to => self.client(saved, url),
            _ => self.client_from(issued_to, None),
        }
    }

    fn client_from(&self, id: &str, secret: Option<&SecretString>) -> flows::Client {
        // A client without a secret cannot authenticate, whatever the definition prefers.
        let auth = match (self.oauth.client_auth, secret) {
            (registry::ClientAuthMethod::None, _) | (_, None) => flows::ClientAuth::None,
            (registry::ClientAuthMethod::Basic, Some(_)) => flows::ClientAuth::Basic,
            (registry::ClientAuthMethod::Body, Some(_)) => flows::ClientAuth::Post,
        };
        flows::Client {
            id: id.to_owned(),
            // EXPOSE: into flows' own secret type.
            secret: secret
                .map(|secret| flows::ClientSecret::new(secret.expose_secret().to_owned())),
            auth,
            id_param: self.oauth.client_id_param.clone(),
        }
    }
}
