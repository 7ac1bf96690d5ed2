//! Login without a person (RFC 6749 §4.4): the client asks for a token of its own.
//!
//! There is no refresh token. The client is kept with the login, and is what buys the next token; so an OAuth client
//! that a person's login uses is neither taken nor replaced here.

use std::collections::BTreeMap;

use authkeep_flows::read_token_response;
use authkeep_registry::{Definition, Flow, Provider};

use super::issued::tell_of_missing_scopes;
use super::oauth_client::{OAuthClient, Questions, has_secret_for, secret_field};
use super::{Acquired, LoginError, LoginRequest, Replace};
use crate::authorization_server::{AuthorizationServer, ClientRequest};
use crate::pinned::Pinned;
use crate::record::{ClientRecord, ConnectionRecord};
use crate::refresh::apply;
use crate::{BodyCap, Broker, Event, Interaction, Reach};

impl Broker {
    pub(super) async fn client_credentials(
        &self,
        definition: &Definition,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        let known = ["client_id", secret_field(provider)];
        super::params::only_known(&known, definition, provider, request)?;
        let missing = missing_params(definition, &provider.params);
        let completed = if missing.is_empty() {
            provider.clone()
        } else {
            let mut params = provider.params.clone();
            params.extend(super::params::ask_for(&missing, definition, provider, person).await?);
            self.completed(definition.bind(&params)?).await?
        };
        let earlier = self.client_of_earlier_login(&completed, request)?;
        if earlier.is_none()
            && let Some(registrar) = self.registrar(&completed, request, Flow::ClientCredentials)?
        {
            return self.as_registered(&registrar, request, person).await;
        }
        let (client, edited) = match earlier {
            Some(client) => (client, None),
            None => {
                let questions = Questions {
                    provider: &completed,
                    request,
                    flow: Flow::ClientCredentials,
                };
                let entered = questions.ask(person).await?;
                let client = ClientRecord::entered(entered.id, entered.secret, &completed)?;
                (client, entered.scopes)
            }
        };
        // The client is kept with the login alone.
        let client = OAuthClient::Saved(client);
        self.own_token(&completed, request, person, client, edited)
            .await
    }

    /// The login that `client` gets for itself, for the scopes that were `edited` if any were.
    pub(super) async fn own_token(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
        client: OAuthClient,
        edited: Option<Vec<String>>,
    ) -> Result<Acquired, LoginError> {
        let scopes = edited.or_else(|| request.scopes.clone());
        let record = client.record().clone();
        person.tell(&Event::AskingForToken {
            service: provider.display_name.clone(),
        });
        let record = self.token_of_its_own(provider, record, scopes).await?;
        tell_of_missing_scopes(&record, person);
        Ok(Acquired {
            connection: record,
            client: client.unsaved(),
            callback: BTreeMap::new(),
        })
    }

    /// Asks the token endpoint of `provider`, whose parameters are complete, for a token of the client's own.
    pub(crate) async fn token_of_its_own(
        &self,
        provider: &Provider,
        client: ClientRecord,
        scopes: Option<Vec<String>>,
    ) -> Result<ConnectionRecord, LoginError> {
        let no_flow = || LoginError::NoUsableFlow {
            provider: provider.name.clone(),
            offered: provider.flows.clone(),
        };
        let server = AuthorizationServer::of(provider).ok_or_else(no_flow)?;
        let endpoint = server.token_endpoint().ok_or_else(no_flow)?;
        let scopes = scopes.unwrap_or_else(|| match &server.oauth.client_credentials {
            Some(grant) => grant.scopes.clone(),
            None => server.oauth.scopes.clone(),
        });
        let introduced = server.client(&client, ClientRequest::Token, self)?;
        let request = server.client_credentials_request(&endpoint, &introduced, &scopes);
        let response = self
            .parts
            .http
            .send(&request, BodyCap::Token, Reach::of(provider))
            .await?;
        let mut tokens = read_token_response(&response, &server.rules()).map_err(|source| {
            LoginError::Token {
                provider: provider.name.clone(),
                source,
            }
        })?;
        // The client is enough (§4.4.3); a refresh token that comes along would only be one more secret.
        tokens.refresh_token = None;
        let mut record = ConnectionRecord::new_at(self.now(), Pinned::to(provider));
        Flow::ClientCredentials
            .as_str()
            .clone_into(&mut record.flow);
        record.client = Some(client);
        record.params.clone_from(&provider.params);
        record.token_response.clone_from(&tokens.extra);
        record.scopes_asked = scopes;
        apply(&mut record, tokens, self.now());
        record.refreshed_at = None;
        Ok(record)
    }

    /// The client that a person gave another login of this kind, so that it is asked for once.
    fn client_of_earlier_login(
        &self,
        provider: &Provider,
        request: &LoginRequest,
    ) -> Result<Option<ClientRecord>, LoginError> {
        let handed_in = !request.supplied.0.is_empty();
        if handed_in || request.replace == Replace::AlwaysWithNewClient {
            return Ok(None);
        }
        let wanted = request.client_id.as_deref();
        let mut logins = self.connections_of(&provider.name)?;
        // The login that is being renewed comes first.
        logins.sort_by_key(|login| *login.name() != request.connection);
        let clients = logins
            .into_iter()
            .filter(|login| login.flow() == Some(Flow::ClientCredentials))
            .filter_map(|login| login.record.client);
        let oauth = provider.oauth.as_ref();
        Ok(clients
            .filter(|client| client.registration.is_none() && has_secret_for(client, provider))
            .filter(|client| wanted.is_none_or(|id| id == client.client_id))
            .find(|client| oauth.is_some_and(|oauth| client.pinned.admits_token_requests(oauth))))
    }
}

/// The parameters that the grant mentions and that have no value. Without one of them the request would ask for
/// something else, so it is not sent.
pub(crate) fn missing_params(
    definition: &Definition,
    params: &BTreeMap<String, String>,
) -> Vec<String> {
    let grant = definition
        .oauth
        .as_ref()
        .and_then(|oauth| oauth.client_credentials.as_ref());
    let mentioned = grant
        .into_iter()
        .flat_map(|grant| &grant.params)
        .flat_map(|(_, template)| template.variables());
    let mut missing: Vec<String> = mentioned
        .filter(|name| !params.contains_key(*name))
        .map(str::to_owned)
        .collect();
    missing.dedup();
    missing
}
