//! Credentials of the environment: a token that its OAuth client buys, which is saved, and an API key, which is not.
//!
//! What is saved has a connection of its own, so that it never takes the place of a person's login.

use std::collections::BTreeMap;
use std::time::Duration;

use authkeep_registry::{Definition, Flow, Provider};
use secrecy::{ExposeSecret, SecretString};

use super::api_key::usable;
use super::oauth_client::secret_field;
use super::{Acquired, LoginError, LoginOutcome};
use crate::chain::{Method, ways};
use crate::connection::ENVIRONMENT;
use crate::login::client_variable;
use crate::lookup::field_variables;
use crate::pinned::Pinned;
use crate::record::{ClientRecord, ConnectionRecord};
use crate::{
    Broker, Connection, ConnectionName, ConnectionStatus, LookupError, ResolveError, Target,
    TokenId,
};

/// The environment's client and the provider that it is for.
struct OnHand {
    provider: Provider,
    client_id: String,
    secret: SecretString,
}

impl Broker {
    /// A token of the environment's client: the one that is saved, or a new one.
    pub(crate) async fn client_of_environment(
        &self,
        definition: &Definition,
        min_ttl: Option<Duration>,
    ) -> Result<Connection, ResolveError> {
        let refused = |error| ResolveError::Client(Box::new(error));
        let on_hand = self.client_on_hand(definition).map_err(refused)?;
        let connection: ConnectionName = ENVIRONMENT.parse().unwrap_or_default();
        let target = Target {
            provider: definition.name.clone(),
            connection: Some(connection.clone()),
        };
        // Many may come at once; the first has the work done, and the others find it done.
        let turn = self.keys(&definition.name).turn(&connection);
        let turn = turn.map_err(|error| refused(error.into()))?;
        let guard = self.lock(&turn, self.lock_patience()).await;
        let guard = guard.map_err(|error| refused(LoginError::Lock(error)))?;
        let saved = self.saved_by_environment(definition, &connection)?;
        if saved.is_some_and(|saved| {
            is_of(&saved, &on_hand) && saved.status(self.now()) == ConnectionStatus::Connected
        }) {
            drop(guard);
            return self.resolve_saved(&target, min_ttl).await;
        }
        let OnHand {
            provider,
            client_id,
            secret,
        } = on_hand;
        let provider = self.completed(provider).await.map_err(refused)?;
        let client = ClientRecord::entered(client_id, Some(secret), &provider).map_err(refused)?;
        let acquired = async {
            let connection_record = self.token_of_its_own(&provider, client, None).await?;
            let acquired = Acquired {
                connection: connection_record,
                client: None,
                callback: BTreeMap::new(),
            };
            let acquired = self
                .with_captures_alone(definition, provider.clone(), acquired)
                .await?;
            self.save(&definition.name, &connection, acquired).await
        };
        let outcome = acquired.await;
        drop(guard);
        match outcome.map_err(refused)? {
            LoginOutcome::LoggedIn(connection) | LoginOutcome::AlreadyConnected(connection) => {
                Ok(connection)
            }
        }
    }

    /// The API key of the environment, as a login that is not stored.
    pub(crate) fn key_of_environment(
        &self,
        definition: &Definition,
    ) -> Result<Connection, ResolveError> {
        let refused = |error| ResolveError::Client(Box::new(error));
        let provider = self.bound(definition).map_err(refused)?;
        let mut record = ConnectionRecord::new_at(self.now(), Pinned::to(&provider));
        let fields = provider.api_key.iter().flat_map(|key| &key.fields);
        for field in fields {
            let variables = field_variables(definition, &field.name);
            let value = variables.iter().find_map(|v| self.environment().secret(v));
            let Some(value) = value else { continue };
            let value = usable(&value).map_err(|why| {
                refused(LoginError::UnusableValue {
                    provider: provider.name.clone(),
                    label: field.label.clone(),
                    why,
                })
            })?;
            record.fields.insert(field.name.clone(), value);
        }
        Flow::ApiKey.as_str().clone_into(&mut record.flow);
        record.params.clone_from(&provider.params);
        let name = ENVIRONMENT.parse().unwrap_or_default();
        Ok(Connection::new(provider.name, name, record))
    }

    /// Whether `connection` was bought by a client that the environment had, and has replaced since.
    pub(crate) fn is_superseded(
        &self,
        target: &Target,
        connection: &Connection,
    ) -> Result<bool, ResolveError> {
        let bought = connection.name().as_str() == ENVIRONMENT
            && connection.flow() == Some(Flow::ClientCredentials);
        if target.connection.is_some() || !bought {
            return Ok(false);
        }
        let (_, definition) = self
            .canonical(&target.provider)
            .map_err(LookupError::from)?;
        let Some(definition) = definition else {
            return Ok(false);
        };
        let open = ways(&definition, self.environment())
            .iter()
            .any(|way| way.method == Method::ClientCredentials && way.is_open());
        let on_hand = self.client_on_hand(&definition).ok().filter(|_| open);
        Ok(on_hand.is_some_and(|on_hand| !is_of(connection, &on_hand)))
    }

    fn saved_by_environment(
        &self,
        definition: &Definition,
        name: &ConnectionName,
    ) -> Result<Option<Connection>, ResolveError> {
        let existing = self
            .connections_of(&definition.name)
            .map_err(LookupError::from)?;
        Ok(existing.into_iter().find(|login| login.name() == name))
    }

    fn client_on_hand(&self, definition: &Definition) -> Result<OnHand, LoginError> {
        let of = |field| {
            self.environment()
                .secret(&client_variable(definition, field))
        };
        let provider = self.bound(definition)?;
        let (id, secret) = (of("client_id"), of(secret_field(&provider)));
        let (id, secret) = (id.unwrap_or_default(), secret.unwrap_or_default());
        Ok(OnHand {
            provider,
            // EXPOSE: a client id is public; it came through the same door as the secrets.
            client_id: id.expose_secret().trim().to_owned(),
            // EXPOSE: into a secret type again, without the line break of the file that it came from.
            secret: SecretString::from(secret.expose_secret().trim().to_owned()),
        })
    }

    fn bound(&self, definition: &Definition) -> Result<Provider, LoginError> {
        let params: BTreeMap<_, _> = self.environment().params(definition).into_iter().collect();
        Ok(definition.bind(&params)?)
    }
}

fn is_of(saved: &Connection, on_hand: &OnHand) -> bool {
    let record = &saved.record;
    let client = record.client.as_ref().filter(|client| {
        let secret = client.secret().map(TokenId::of);
        client.client_id == on_hand.client_id && secret == Some(TokenId::of(&on_hand.secret))
    });
    // What the service revealed is no part of what the environment said.
    let captures = &on_hand.provider.captures;
    let said = |(name, _): &(&String, &String)| !captures.iter().any(|c| c.param == **name);
    let (then, now) = (&record.params, &on_hand.provider.params);
    client.is_some() && then.iter().filter(said).eq(now.iter().filter(said))
}
