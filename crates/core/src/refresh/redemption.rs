//! The request that renews a login, and how its answer is read: by its refresh token, by the client alone, or by the key
//! that is exchanged for a token. It goes where it was pinned at login, or it is not made.

use std::time::Duration;

use authkeep_flows::{
    Client, HttpRequest, RefreshToken, TokenEndpoint, TokenResponseRules, TokenSet,
    read_token_response, refresh_request,
};
use authkeep_registry::{Exchange, Provider, ProviderName, Request, Template};
use secrecy::{ExposeSecret, SecretString};

use super::backoff::UsesUp;
use super::{RefreshError, told};
use crate::authorization_server::{AuthorizationServer, Carried, ClientRequest, Spelled};
use crate::connection::RenewalGrant;
use crate::exchange::{exchange_request, read_exchange};
use crate::record::ClientRecord;
use crate::{BodyCap, Broker, Connection, NotSigned, Reach, TokenId};

/// A request that renews, and how its answer is read.
#[derive(Debug)]
pub(super) struct Redemption {
    /// What the request uses up; `None` where it may be sent any number of times.
    pub(super) token: Option<TokenId>,
    pub(super) reach: Reach,
    request: HttpRequest,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    Tokens {
        token_path: Option<String>,
        default_expires_in: Option<Duration>,
    },
    Exchanged(Box<Exchange>),
}

impl Redemption {
    pub(super) fn uses_up(&self) -> UsesUp {
        self.token
            .as_ref()
            .map_or(UsesUp::Nothing, |_| UsesUp::RefreshToken)
    }
}

impl Broker {
    /// The request that renews `connection`. An assertion of the client is good for one request, so each has to be made
    /// anew.
    pub(super) fn redemption(&self, connection: &Connection) -> Result<Redemption, RefreshError> {
        let provider = connection.provider();
        let no_definition = || RefreshError::NoDefinition {
            provider: provider.clone(),
        };
        let grant = connection
            .renewal_grant()
            .ok_or_else(|| RefreshError::NotRefreshable {
                provider: provider.clone(),
            })?;
        let found = self.find(provider).map_err(|error| {
            tracing::warn!(%provider, error = told(&error), "the definition cannot be read");
            no_definition()
        })?;
        let found = found.ok_or_else(no_definition)?;
        let bound = connection.record.provider(&found.definition);
        let bound = bound.map_err(|_| no_definition())?;
        let renewing = Renewing {
            broker: self,
            connection,
            bound: &bound,
        };
        match grant {
            RenewalGrant::RefreshToken(token) => renewing.by_token(token, Some(TokenId::of(token))),
            // It stays good whatever becomes of the request.
            RenewalGrant::AccessToken(token) => renewing.by_token(token, None),
            RenewalGrant::Client(client) => renewing.by_client(client),
            RenewalGrant::Key => renewing.by_key(),
        }
    }

    /// Sends the request once.
    pub(super) async fn ask(
        &self,
        provider: &ProviderName,
        redemption: &Redemption,
    ) -> Result<TokenSet, RefreshError> {
        let response = self
            .parts
            .http
            .send(&redemption.request, BodyCap::Token, redemption.reach)
            .await
            .map_err(|error| RefreshError::unsent(provider, &error))?;
        let read = match &redemption.reading {
            Reading::Tokens {
                token_path,
                default_expires_in,
            } => {
                let rules = TokenResponseRules {
                    token_path: token_path.as_deref(),
                    default_expires_in: *default_expires_in,
                };
                read_token_response(&response, &rules)
            }
            Reading::Exchanged(exchange) => read_exchange(&response, exchange),
        };
        read.map_err(|error| RefreshError::answered(provider, &error, self.now().into()))
    }
}

/// A login that is to be renewed, and the definition as it is now.
struct Renewing<'a> {
    broker: &'a Broker,
    connection: &'a Connection,
    bound: &'a Provider,
}

impl Renewing<'_> {
    /// As the client that the tokens were issued to.
    fn by_token(
        &self,
        token: &SecretString,
        used_up: Option<TokenId>,
    ) -> Result<Redemption, RefreshError> {
        let (server, endpoint) = self.server()?;
        let record = &self.connection.record;
        let refresh = server.oauth.refresh.as_ref();
        if !record.pinned.admits_refreshes(server.oauth) {
            let own = refresh.and_then(|refresh| refresh.url.as_ref());
            let now = own.map_or(endpoint.url.as_str(), Template::as_str);
            return Err(self.moved(now));
        }
        let provider = self.connection.provider();
        let saved = self.broker.saved_client(self.bound);
        let saved = saved.map_err(|error| RefreshError::stored(provider, &error))?;
        let client =
            server.issuing_client(record, saved.as_ref(), ClientRequest::Refresh, self.broker);
        let client = client.map_err(|error| self.unsigned(&error))?;
        let request = match refresh {
            Some(refresh) if refresh.is_whole() => self.whole(refresh, &server, &client),
            Some(refresh) => server.refresh_with(refresh, endpoint, client, token),
            None => {
                // EXPOSE: into flows' own secret type.
                let sent = RefreshToken::new(token.expose_secret().to_owned());
                Some(refresh_request(&endpoint, &client, &sent, None))
            }
        };
        let request = request.ok_or_else(|| self.no_definition())?;
        Ok(self.redemption(used_up, request, reading(&server)))
    }

    /// The vendor's own request.
    fn whole(
        &self,
        refresh: &Request,
        server: &AuthorizationServer<'_>,
        client: &Client,
    ) -> Option<HttpRequest> {
        let record = &self.connection.record;
        let carried = Carried {
            token: record.access_token.as_ref()?,
            refresh_token: record.refresh_token.as_ref(),
        };
        Spelled::request(refresh, server.oauth, &client.id)?.made(client, carried)
    }

    fn by_client(&self, client: &ClientRecord) -> Result<Redemption, RefreshError> {
        let (server, endpoint) = self.server()?;
        let record = &self.connection.record;
        if !record.pinned.admits_client_credentials(server.oauth) {
            return Err(self.moved(endpoint.url.as_str()));
        }
        let client = server.client(client, ClientRequest::Token, self.broker);
        let client = client.map_err(|error| self.unsigned(&error))?;
        let request = server.client_credentials_request(&endpoint, &client, &record.scopes_asked);
        Ok(self.redemption(None, request, reading(&server)))
    }

    fn by_key(&self) -> Result<Redemption, RefreshError> {
        let record = &self.connection.record;
        let key = self.bound.api_key.as_ref();
        let exchange = key.and_then(|key| key.exchange.as_ref());
        let exchange = exchange.ok_or_else(|| self.no_definition())?;
        if !record.pinned.admits_exchange(exchange) {
            return Err(self.moved(exchange.url.as_str()));
        }
        let request = exchange_request(exchange, record).ok_or_else(|| self.no_definition())?;
        let reading = Reading::Exchanged(Box::new(exchange.clone()));
        Ok(self.redemption(None, request, reading))
    }

    fn redemption(
        &self,
        token: Option<TokenId>,
        request: HttpRequest,
        reading: Reading,
    ) -> Redemption {
        Redemption {
            token,
            reach: Reach::of(self.bound),
            request,
            reading,
        }
    }

    fn server(&self) -> Result<(AuthorizationServer<'_>, TokenEndpoint), RefreshError> {
        let server = AuthorizationServer::of(self.bound).ok_or_else(|| self.no_definition())?;
        let endpoint = server
            .token_endpoint()
            .ok_or_else(|| self.no_definition())?;
        Ok((server, endpoint))
    }

    fn no_definition(&self) -> RefreshError {
        RefreshError::NoDefinition {
            provider: self.connection.provider().clone(),
        }
    }

    fn moved(&self, now: &str) -> RefreshError {
        RefreshError::Moved {
            provider: self.connection.provider().clone(),
            now: now.to_owned(),
        }
    }

    fn unsigned(&self, error: &NotSigned) -> RefreshError {
        RefreshError::Store {
            provider: self.connection.provider().clone(),
            why: told(error),
        }
    }
}

fn reading(server: &AuthorizationServer<'_>) -> Reading {
    let rules = server.rules();
    Reading::Tokens {
        token_path: rules.token_path.map(str::to_owned),
        default_expires_in: rules.default_expires_in,
    }
}
