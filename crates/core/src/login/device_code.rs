//! Login by device code (RFC 8628): the person approves on any device that has a browser, and this one polls.
//!
//! No browser is opened and no port is listened on, so it works over SSH and in a container. When to poll and when to
//! stop is decided in `flows`; here the requests are sent and the time is waited.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use authkeep_flows::{
    DeviceAnswer, DeviceAuthorization, DeviceEnd, DevicePolling, DeviceStep, TokenEndpoint,
    TokenError, TokenSet, device_token_request, read_device_authorization,
    read_device_token_response,
};
use authkeep_registry::{Flow, Provider};
use tokio::time::Instant;

use super::issued::Issued;
use super::oauth_client::OAuthClient;
use super::{Acquired, BrowserUrl, LoginError, LoginRequest, Loopbacks};
use crate::authorization_server::{AuthorizationServer, ClientRequest};
use crate::record::ClientRecord;
use crate::{BodyCap, Broker, DeviceCodePrompt, Event, HttpError, Interaction, Reach};

impl Broker {
    pub(super) async fn device_code(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        if let Some(registrar) = self.registrar(provider, request, Flow::DeviceCode)? {
            return self.as_registered(&registrar, request, person).await;
        }
        let (client, edited) = self
            .oauth_client(provider, request, Flow::DeviceCode, person)
            .await?;
        self.approve_elsewhere(provider, request, person, client, edited)
            .await
    }

    /// One pair of codes and the wait for it as `client`, for the scopes that were `edited` if any were.
    pub(super) async fn approve_elsewhere(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
        client: OAuthClient,
        edited: Option<Vec<String>>,
    ) -> Result<Acquired, LoginError> {
        let no_flow = || LoginError::NoUsableFlow {
            provider: provider.name.clone(),
            offered: provider.flows.clone(),
        };
        let server = AuthorizationServer::of(provider).ok_or_else(no_flow)?;
        let token_endpoint = server.token_endpoint().ok_or_else(no_flow)?;
        let scopes = edited
            .or_else(|| request.scopes.clone())
            .unwrap_or_else(|| server.oauth.scopes.clone());

        let asking = server.client(client.record(), ClientRequest::DeviceAuthorization, self)?;
        let asked = server.device_authorization_request(&asking, &scopes);
        let asked = asked.ok_or_else(no_flow)?;
        let reach = Reach::of(provider);
        let response = self.parts.http.send(&asked, BodyCap::Token, reach).await?;
        let issued_at = Instant::now();
        let authorization =
            read_device_authorization(&response).map_err(|source| LoginError::NoDeviceCode {
                provider: provider.name.clone(),
                source,
            })?;
        let prompt = prompt(provider, request, &client, &scopes, &authorization)?;
        person.tell(&Event::DeviceCode(Box::new(prompt)));

        let poll = Poll {
            broker: self,
            provider,
            server: &server,
            token_endpoint,
            client: client.record(),
            authorization,
            issued_at,
        };
        let tokens = poll.until_decided(request.patience).await?;
        let issued = Issued {
            flow: Flow::DeviceCode,
            client,
            scopes,
            tokens,
            callback: BTreeMap::new(),
        };
        Ok(issued.acquired(provider, person, self.now()))
    }
}

/// What the person is shown. Addresses are the server's words, and are written out anew from the parse.
fn prompt(
    provider: &Provider,
    request: &LoginRequest,
    client: &OAuthClient,
    scopes: &[String],
    authorization: &DeviceAuthorization,
) -> Result<DeviceCodePrompt, LoginError> {
    let loopbacks = if provider.local {
        Loopbacks::Allowed
    } else {
        Loopbacks::Refused
    };
    let checked = |address: &str| {
        BrowserUrl::parse(address, loopbacks).map_err(|source| {
            LoginError::ForbiddenVerificationUrl {
                provider: provider.name.clone(),
                source,
            }
        })
    };
    let complete = authorization.verification_uri_complete.as_deref();
    let life = authorization.expires_in;
    Ok(DeviceCodePrompt {
        provider: provider.name.clone(),
        display_name: provider.display_name.clone(),
        connection: request.connection.clone(),
        user_code: authorization.user_code.clone(),
        verification_uri: checked(&authorization.verification_uri)?,
        verification_uri_complete: complete.map(checked).transpose()?,
        client_id: client.record().client_id.clone(),
        scopes: scopes.to_vec(),
        patience: request.patience.map_or(life, |patience| patience.min(life)),
    })
}

/// A code that is waiting to be approved.
struct Poll<'a> {
    broker: &'a Broker,
    provider: &'a Provider,
    server: &'a AuthorizationServer<'a>,
    token_endpoint: TokenEndpoint,
    client: &'a ClientRecord,
    authorization: DeviceAuthorization,
    issued_at: Instant,
}

impl Poll<'_> {
    async fn until_decided(&self, patience: Option<Duration>) -> Result<TokenSet, LoginError> {
        let mut step = DevicePolling::begin(&self.authorization, patience);
        // Why the last poll was not answered: at the end it says more than that the time is over.
        let mut trouble = None;
        loop {
            match step {
                DeviceStep::Ask { wait, polling } => {
                    tokio::time::sleep(wait).await;
                    let answer = match self.ask().await {
                        Ok(answer) => {
                            trouble = self.unavailable(&answer);
                            answer
                        }
                        Err(
                            error @ LoginError::Http(
                                HttpError::Connect { .. } | HttpError::Exchange { .. },
                            ),
                        ) => {
                            tracing::debug!(%error, "a poll got no answer");
                            trouble = Some(error);
                            DeviceAnswer::NoAnswer
                        }
                        Err(error) => return Err(error),
                    };
                    step = polling.after(answer, self.issued_at.elapsed());
                }
                DeviceStep::Granted(tokens) => return Ok(tokens),
                DeviceStep::Ended(end) => {
                    return Err(self.ended(end, trouble, patience.unwrap_or_default()));
                }
            }
        }
    }

    async fn ask(&self) -> Result<DeviceAnswer, LoginError> {
        // Made anew for each poll: an assertion of the client is good for one request.
        let client = self
            .server
            .client(self.client, ClientRequest::Token, self.broker)?;
        let code = &self.authorization.device_code;
        let request = device_token_request(&self.token_endpoint, &client, code);
        let http = &self.broker.parts.http;
        let reach = Reach::of(self.provider);
        let response = http.send(&request, BodyCap::Token, reach).await?;
        let now = SystemTime::from(self.broker.now());
        Ok(read_device_token_response(
            &response,
            &self.server.rules(),
            now,
        ))
    }

    fn unavailable(&self, answer: &DeviceAnswer) -> Option<LoginError> {
        let DeviceAnswer::Unavailable { status, .. } = answer else {
            return None;
        };
        Some(self.no_token(TokenError::Transient {
            status: *status,
            retry_after: None,
        }))
    }

    fn ended(&self, end: DeviceEnd, trouble: Option<LoginError>, patience: Duration) -> LoginError {
        let provider = self.provider.name.clone();
        match (end, trouble) {
            (DeviceEnd::Denied { error, description }, _) => LoginError::Denied {
                provider,
                error,
                description,
            },
            (DeviceEnd::Failed(source), _) => self.no_token(source),
            (_, Some(trouble)) => trouble,
            (DeviceEnd::OutOfPatience, None) => LoginError::NotApproved { provider, patience },
            (_, None) => LoginError::CodeExpired { provider },
        }
    }

    fn no_token(&self, source: TokenError) -> LoginError {
        LoginError::Token {
            provider: self.provider.name.clone(),
            source,
        }
    }
}
