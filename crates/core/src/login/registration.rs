//! Login with a client that the authorization server makes for this user (RFC 7591), so that nobody has to register one
//! by hand.
//!
//! A client is kept per server and way of logging in, and used again as long as it is good: with the same redirect URI,
//! with a secret that has not run out, and known to the server. Otherwise a new one is registered. A login keeps the
//! client that its tokens were issued to, whatever is registered later. A client that a person has chosen comes first.

mod standing;

use authkeep_flows::{
    ClientAuth, ClientMetadata, RegisteredGrant, RegistrationError, read_registration,
    registration_request,
};
use authkeep_registry::{ClientAuthMethod, Flow, OAuthEndpoints, Provider};
use url::Url;

use self::standing::Standing;
use super::oauth_client::{OAuthClient, id_variable};
use super::{Acquired, LoginError, LoginRequest, Loopback, LoopbackError, Replace};
use crate::authorization_server::AuthorizationServer;
use crate::hex::hex;
use crate::pinned::Pinned;
use crate::record::{self, ClientRecord, Stored};
use crate::registration::{Registration, Slot};
use crate::{BodyCap, Broker, Event, Interaction, Reach};

/// The server that registers clients for a provider, for logins by one flow.
pub(super) struct Registrar<'a> {
    provider: &'a Provider,
    oauth: &'a OAuthEndpoints,
    endpoint: &'a Url,
    flow: Flow,
}

/// A client and, where a browser comes back, the listener of its redirect URI.
struct Registered {
    client: OAuthClient,
    loopback: Option<Loopback>,
    standing: Standing,
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
        flow: Flow,
    ) -> Result<Option<Registrar<'a>>, LoginError> {
        let Some(oauth) = &provider.oauth else {
            return Ok(None);
        };
        let Some(endpoint) = &oauth.registration_url else {
            return Ok(None);
        };
        let named = request.client_id.is_some()
            || request.supplied.0.contains_key("client_id")
            || self.environment().has(&id_variable(provider))
            // The key is a person's, and so is the client that it belongs to.
            || oauth.client_auth == ClientAuthMethod::PrivateKeyJwt;
        let key = self.keys(&provider.name).client()?;
        // Logins without a person have clients of their own.
        let entered = flow != Flow::ClientCredentials
            && request.replace != Replace::AlwaysWithNewClient
            && record::read::<ClientRecord>(self.store(), &key)?.is_some();
        Ok((!named && !entered).then_some(Registrar {
            provider,
            oauth,
            endpoint,
            flow,
        }))
    }

    /// Logs in as the registered client, and once more as a new one if the server has forgotten it.
    pub(super) async fn as_registered(
        &self,
        registrar: &Registrar<'_>,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        let provider = &registrar.provider.name;
        let reuse = match request.replace {
            Replace::AlwaysWithNewClient => Reuse::Never,
            _ => Reuse::IfGood,
        };
        let client = self.registered(registrar, reuse, person).await?;
        let standing = client.standing;
        match self.log_in_as(client, registrar, request, person).await {
            Err(error) if standing != Standing::New && error.blames_the_client() => {
                tracing::debug!(%provider, "the registered client is no longer known");
                let new = self.registered(registrar, Reuse::Never, person).await?;
                self.log_in_as(new, registrar, request, person).await
            }
            // An authorization server that does not know the client tells the person, and sends nobody back.
            Err(LoginError::Loopback(LoopbackError::TimedOut(patience)))
                if standing == Standing::Unknown =>
            {
                Err(LoginError::TimedOutAsRegistered {
                    provider: provider.clone(),
                    patience,
                })
            }
            outcome => outcome,
        }
    }

    async fn log_in_as(
        &self,
        registered: Registered,
        registrar: &Registrar<'_>,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        let Registered {
            client, loopback, ..
        } = registered;
        let provider = registrar.provider;
        match registrar.flow {
            Flow::DeviceCode => {
                self.approve_elsewhere(provider, request, person, client, None)
                    .await
            }
            Flow::ClientCredentials => {
                self.own_token(provider, request, person, client, None)
                    .await
            }
            _ => {
                self.authorize(provider, request, person, client, None, loopback)
                    .await
            }
        }
    }

    async fn registered(
        &self,
        registrar: &Registrar<'_>,
        reuse: Reuse,
        person: &dyn Interaction,
    ) -> Result<Registered, LoginError> {
        let Registrar {
            provider,
            oauth,
            endpoint,
            flow,
        } = *registrar;
        if reuse == Reuse::IfGood
            && let Some(good) = self.saved_registration(registrar).await?
        {
            return Ok(good);
        }
        let loopback = match flow {
            Flow::AuthorizationCode => {
                let secret = hex(&self.random()?[..16]);
                Some(Loopback::bind_unguessable(oauth.redirect, &secret).await?)
            }
            _ => None,
        };
        let redirect_uri = loopback.as_ref().map(Loopback::redirect_uri);
        let grant = registrar.grant(redirect_uri);
        person.tell(&Event::Registering {
            server: endpoint.host_str().unwrap_or_default().to_owned(),
        });
        let request = registration_request(
            endpoint,
            &ClientMetadata {
                name: "authkeep",
                grant,
                auth: registrar.wanted_auth(),
            },
        );
        let http = &self.parts.http;
        let sent = http.send(&request, BodyCap::Token, Reach::of(provider));
        let response = sent.await?;
        let failed = |source| LoginError::Registration {
            provider: provider.name.clone(),
            source,
        };
        let client = read_registration(&response, grant).map_err(failed)?;
        let registration = Registration::new(&client, oauth, registrar.slot(), redirect_uri);
        if registration.has_expired(self.now()) {
            return Err(failed(RegistrationError::Malformed {
                why: "its client secret has run out already",
                status: response.status(),
            }));
        }
        let secret = client.secret.map(|secret| secret.as_secret().clone());
        let mut record = ClientRecord::new(client.id, secret, Pinned::to(provider));
        record.registration = Some(registration);
        Ok(Registered {
            client: OAuthClient::Entered(record),
            loopback,
            standing: Standing::New,
        })
    }

    /// The client that was registered earlier, if it is still good for a login.
    async fn saved_registration(
        &self,
        registrar: &Registrar<'_>,
    ) -> Result<Option<Registered>, LoginError> {
        let oauth = registrar.oauth;
        let Some(mut saved) = self.kept(registrar)? else {
            return Ok(None);
        };
        let record = &saved.record;
        let good = record
            .registration
            .as_ref()
            .filter(|made| made.is_of(oauth) && !made.has_expired(self.now()))
            .filter(|_| record.pinned.admits_token_requests(oauth))
            .filter(|_| {
                registrar.flow != Flow::DeviceCode || record.pinned.admits_device_requests(oauth)
            });
        let Some(made) = good else {
            return Ok(None);
        };
        let mut standing = Standing::Unknown;
        let mut loopback = None;
        // Other flows hear from the server itself that it does not know the client.
        if registrar.flow == Flow::AuthorizationCode {
            let Some(redirect_uri) = made.redirect_uri() else {
                return Ok(None);
            };
            loopback = Loopback::bind_registered(oauth.redirect, &redirect_uri).await?;
            if loopback.is_none() {
                return Ok(None);
            }
            standing = self
                .standing(registrar, &mut saved, registrar.grant(Some(&redirect_uri)))
                .await?;
        }
        Ok((standing != Standing::Forgotten).then_some(Registered {
            client: OAuthClient::Saved(saved.record),
            loopback,
            standing,
        }))
    }

    /// What is kept in the registrar's slot.
    fn kept(&self, registrar: &Registrar<'_>) -> Result<Option<Stored<ClientRecord>>, LoginError> {
        let keys = self.keys(&registrar.provider.name);
        let saved = record::read(self.store(), &keys.registration(&registrar.slot())?)?;
        if saved.is_some() || registrar.flow != Flow::AuthorizationCode {
            return Ok(saved);
        }
        Ok(record::read(
            self.store(),
            &keys.registration(&Slot::default())?,
        )?)
    }
}

impl Registrar<'_> {
    fn slot(&self) -> Slot {
        Slot::of(self.oauth, self.flow)
    }

    fn grant<'a>(&self, redirect_uri: Option<&'a Url>) -> RegisteredGrant<'a> {
        match redirect_uri {
            Some(redirect_uri) => RegisteredGrant::AuthorizationCode { redirect_uri },
            None if self.flow == Flow::ClientCredentials => RegisteredGrant::ClientCredentials,
            None => RegisteredGrant::DeviceCode,
        }
    }

    /// A native application has no use for a secret where the server does without. A client that is its own user has
    /// nothing else to be known by.
    fn wanted_auth(&self) -> ClientAuth {
        let public = self.oauth.public_client && self.flow != Flow::ClientCredentials;
        match AuthorizationServer::of(self.provider) {
            Some(server) if !public => server.client_auth(),
            _ => ClientAuth::None,
        }
    }
}
