//! A fresh token that is good for an hour, turned into one that is good for weeks, where the service issues such tokens
//! only in a second step (Facebook, Instagram, Threads).

use authkeep_flows::read_token_response;
use authkeep_registry::{Flow, Provider};

use super::{Acquired, LoginError};
use crate::authorization_server::{AuthorizationServer, Carried, ClientRequest, Spelled};
use crate::refresh::apply;
use crate::{BodyCap, Broker, Reach};

impl Broker {
    /// Takes that step where the definition asks for it and a person has logged in.
    pub(super) async fn upgraded(
        &self,
        provider: &Provider,
        mut acquired: Acquired,
    ) -> Result<Acquired, LoginError> {
        let record = &mut acquired.connection;
        let by_person = [Flow::AuthorizationCode, Flow::DeviceCode].map(Flow::as_str);
        let server = AuthorizationServer::of(provider);
        let Some((server, upgrade)) = server
            .filter(|_| by_person.contains(&record.flow.as_str()))
            .and_then(|server| Some((server.oauth.upgrade.as_ref()?, server)))
            .map(|(upgrade, server)| (server, upgrade))
        else {
            return Ok(acquired);
        };
        let incomplete = || LoginError::NoUsableFlow {
            provider: provider.name.clone(),
            offered: provider.flows.clone(),
        };
        let client = server.issuing_client(record, None, ClientRequest::Upgrade, self)?;
        let token = record.access_token.clone().ok_or_else(incomplete)?;
        let carried = Carried {
            token: &token,
            refresh_token: record.refresh_token.as_ref(),
        };
        let request = Spelled::request(upgrade, server.oauth, &client.id)
            .and_then(|spelled| spelled.made(&client, carried))
            .ok_or_else(incomplete)?;
        let http = &self.parts.http;
        let response = http
            .send(&request, BodyCap::Token, Reach::of(provider))
            .await?;
        let tokens = read_token_response(&response, &server.rules()).map_err(|source| {
            LoginError::Token {
                provider: provider.name.clone(),
                source,
            }
        })?;
        // How long the first token would have lived says nothing of this one.
        record.expires_at = None;
        record.token_response.extend(tokens.extra.clone());
        apply(record, tokens, self.now());
        record.refreshed_at = None;
        Ok(acquired)
    }
}
