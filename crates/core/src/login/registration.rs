//! Login with a client that the authorization server makes for this user (RFC 7591), so that nobody has to register one
//! by hand.
//!
//! A client is kept per provider and profile, and used again as long as it is good: at the same server, with the same
//! redirect URI, with a secret that has not run out. Otherwise a new one is registered, and so it is if the server no
//! longer knows the client. A login keeps the client that its tokens were issued to, whatever is registered later.

use authkeep_flows::{
    ClientAuth, ClientMetadata, RegistrationError, read_registration, registration_request,
};
use authkeep_registry::{OAuthEndpoints, Provider};
use url::Url;

use super::oauth_client::OAuthClient;
use super::{Acquired, LoginError, LoginRequest, Loopback, Replace};
use crate::authorization_server::AuthorizationServer;
use crate::pinned::Pinned;
use crate::record::{self, ClientRecord, Stored};
use crate::registration::Registration;
use crate::{BodyCap, Broker, Event, Interaction, Reach};

/// The server that registers clients for a provider.
pub(super) struct Registrar<'a> {
    provider: &'a Provider,
    oauth: &'a OAuthEndpoints,
    endpoint: &'a Url,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reuse {
    IfGood,
    Never,
}

impl Broker {
    /// Who registers the client of this login; `None` where there is one already that a person chose, or nobody
    /// registers any.
    pub(super) fn registrar<'a>(
        &self,
        provider: &'a Provider,
        request: &LoginRequest,
    ) -> Result<Option<Registrar<'a>>, LoginError> {
        let Some(oauth) = &provider.oauth else {
            return Ok(None);
        };
        let Some(endpoint) = &oauth.registration_url else {
            return Ok(None);
        };
        let named = request.client_id.is_some() || request.supplied.0.contains_key("client_id");
        let key = self.keys(&provider.name).client()?;
        let entered = request.replace != Replace::AlwaysWithNewClient
            && record::read::<ClientRecord>(self.store(), &key)?.is_some();
        Ok((!named && !entered).then_some(Registrar {
            provider,
            oauth,
            endpoint,
        }))
    }

    /// Logs in as the registered client, and once more as a new one if the server has forgotten it.
    pub(super) async fn as_registered(
        &self,
        registrar: &Registrar<'_>,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        let provider = registrar.provider;
        let reuse = match request.replace {
            Replace::AlwaysWithNewClient => Reuse::Never,
            _ => Reuse::IfGood,
        };
        let (client, loopback) = self.registered(registrar, reuse, person).await?;
        let is_old = matches!(client, OAuthClient::Saved(_));
        let outcome = self
            .authorize(provider, request, person, client, None, Some(loopback))
            .await;
        match outcome {
            Err(error) if is_old && error.blames_the_client() => {
                tracing::debug!(provider = %provider.name, "the registered client is no longer known");
                let (client, loopback) = self.registered(registrar, Reuse::Never, person).await?;
                self.authorize(provider, request, person, client, None, Some(loopback))
                    .await
            }
            outcome => outcome,
        }
    }

    /// A client and the listener of its redirect URI.
    async fn registered(
        &self,
        registrar: &Registrar<'_>,
        reuse: Reuse,
        person: &dyn Interaction,
    ) -> Result<(OAuthClient, Loopback), LoginError> {
        let Registrar {
            provider,
            oauth,
            endpoint,
        } = registrar;
        if reuse == Reuse::IfGood
            && let Some(good) = self.saved_registration(registrar).await?
        {
            return Ok(good);
        }
        let secret: String = self.random()?[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let loopback = Loopback::bind_unguessable(oauth.redirect, &secret).await?;
        let redirect_uri = loopback.redirect_uri();
        person.tell(&Event::Registering {
            server: endpoint.host_str().unwrap_or_default().to_owned(),
        });
        let request = registration_request(
            endpoint,
            &ClientMetadata {
                name: "authkeep",
                redirect_uri,
                auth: wanted(provider),
            },
        );
        let http = &self.parts.http;
        let sent = http.send(&request, BodyCap::Token, Reach::of(provider));
        let response = sent.await?;
        let client = read_registration(&response, redirect_uri);
        let failed = |source| LoginError::Registration {
            provider: provider.name.clone(),
            source,
        };
        let client = client.map_err(failed)?;
        let registration = Registration::new(&client, oauth, redirect_uri);
        if registration.has_expired(self.now()) {
            return Err(failed(RegistrationError::Malformed {
                why: "its client secret has run out already",
                status: response.status(),
            }));
        }
        let secret = client.secret.map(|secret| secret.as_secret().clone());
        let mut record = ClientRecord::new(client.id, secret, Pinned::to(provider));
        record.registration = Some(registration);
        Ok((OAuthClient::Entered(record), loopback))
    }

    /// The client that was registered earlier, if it is still good for a login.
    async fn saved_registration(
        &self,
        registrar: &Registrar<'_>,
    ) -> Result<Option<(OAuthClient, Loopback)>, LoginError> {
        let key = self.keys(&registrar.provider.name).registration()?;
        let saved: Option<Stored<ClientRecord>> = record::read(self.store(), &key)?;
        let Some(record) = saved.map(|saved| saved.record) else {
            return Ok(None);
        };
        let oauth = registrar.oauth;
        let good = record
            .registration
            .as_ref()
            .filter(|made| made.is_of(oauth) && !made.has_expired(self.now()))
            .filter(|_| record.pinned.admits_token_requests(oauth));
        let Some(redirect_uri) = good.and_then(Registration::redirect_uri) else {
            return Ok(None);
        };
        let bound = Loopback::bind_registered(oauth.redirect, &redirect_uri).await?;
        Ok(bound.map(|loopback| (OAuthClient::Saved(record), loopback)))
    }
}

/// A native application has no use for a secret where the server does without.
fn wanted(provider: &Provider) -> ClientAuth {
    match AuthorizationServer::of(provider) {
        Some(server) if !server.oauth.public_client => server.client_auth(),
        _ => ClientAuth::None,
    }
}
