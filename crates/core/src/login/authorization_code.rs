//! Login by authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8252): a browser, a loopback
//! callback, and one token request.

use std::sync::Arc;
use std::time::Duration;

use authkeep_flows::{
    AuthorizationRequest, BareCode, Callback, CodeVerifier, Granted, State, exchange_request,
    read_token_response,
};
use authkeep_registry::{BindError, Flow, ParamSource, Pkce, Provider, RedirectKind, Template};
use authkeep_vault::EntropyError;

use super::answer::{Answer, ByHand};
use super::issued::Issued;
use super::loopback::Expectation;
use super::oauth_client::OAuthClient;
use super::{Acquired, BrowserUrl, LoginError, LoginRequest, Loopback, Loopbacks};
use crate::authorization_server::{AuthorizationServer, ClientRequest};
use crate::{BodyCap, Broker, Event, Interaction, Launch, Pasting, Reach};

/// How long the browser is waited for unless the request says otherwise.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

impl Broker {
    pub(super) async fn authorization_code(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        if let Some(registrar) = self.registrar(provider, request, Flow::AuthorizationCode)? {
            return self.as_registered(&registrar, request, person).await;
        }
        let (oauth_client, edited) = self
            .oauth_client(provider, request, Flow::AuthorizationCode, person)
            .await?;
        self.authorize(provider, request, person, oauth_client, edited, None)
            .await
    }

    /// One round through the browser as `oauth_client`, for the scopes that were `edited` if any were, at `loopback` if
    /// its redirect URI was registered.
    pub(super) async fn authorize(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
        oauth_client: OAuthClient,
        edited: Option<Vec<String>>,
        loopback: Option<Loopback>,
    ) -> Result<Acquired, LoginError> {
        let name = || provider.name.clone();
        let no_flow = || LoginError::NoUsableFlow {
            provider: name(),
            offered: provider.flows.clone(),
        };
        let server = AuthorizationServer::of(provider).ok_or_else(no_flow)?;
        let oauth = server.oauth;
        let authorization_url = oauth.authorization_url.as_ref().ok_or_else(no_flow)?;
        let token_endpoint = server.token_endpoint().ok_or_else(no_flow)?;

        let scopes = edited
            .or_else(|| request.scopes.clone())
            .unwrap_or_else(|| oauth.scopes.clone());
        let state = State::from_entropy(self.random()?);
        let verifier = || Ok::<_, EntropyError>(CodeVerifier::from_entropy(self.random()?));
        let verifier = match oauth.pkce {
            Pkce::Standard => Some(verifier()?),
            Pkce::Hex => Some(verifier()?.with_hex_challenge()),
            Pkce::Off => {
                person.tell(&Event::WithoutPkce);
                None
            }
        };

        if oauth.redirect == RedirectKind::Https && person.pasting() == Pasting::Impossible {
            return Err(LoginError::PasteNeeded { provider: name() });
        }
        // The listener stands before the browser opens, and goes as soon as the answer is in.
        let loopback = match loopback {
            Some(loopback) => loopback,
            None => Loopback::bind(oauth).await?,
        };
        let redirect_uri = match &oauth.redirect_uri {
            Some(name) => name
                .render(|_| None)
                .ok_or_else(|| without(name, provider))?,
            None => loopback.redirect_uri().to_string(),
        };
        let url = AuthorizationRequest {
            endpoint: authorization_url,
            client: &server.client_without_proof(oauth_client.record()),
            redirect_uri: &redirect_uri,
            scopes: &scopes,
            scope_separator: &oauth.scope_separator,
            scope_param: &oauth.scope_param,
            state: &state,
            verifier: verifier.as_ref(),
            extra: &oauth.authorization_params,
        }
        .url()
        .map_err(|source| LoginError::AuthorizationRequest {
            provider: name(),
            source,
        })?;
        let loopbacks = if provider.local {
            Loopbacks::Allowed
        } else {
            Loopbacks::Refused
        };
        let url = BrowserUrl::parse(url.as_str(), loopbacks).map_err(|source| {
            LoginError::ForbiddenUrl {
                provider: name(),
                source,
            }
        })?;
        let launch = person.open_url(&url);
        if let Launch::Impossible(why) = launch {
            return Err(LoginError::NoBrowser { why });
        }
        let answer = Answer {
            provider: &provider.name,
            expectation: Arc::new(Expectation::new(state, oauth)),
            bare_code: match verifier {
                // It does not say whose it is, nor what else the address says.
                Some(_) if !oauth.iss_required && !captures_from_callback(provider) => {
                    BareCode::Accepted
                }
                _ => BareCode::Refused,
            },
            patience: request.patience.unwrap_or(PATIENCE),
            person,
            by_hand: match oauth.redirect {
                RedirectKind::Https => ByHand::Needed,
                _ => ByHand::of(person, &launch),
            },
        };
        let (callback, closing) = answer.wait(loopback).await?;
        let exchange = async {
            let Granted { code, params } = match callback {
                Callback::Code(granted) => granted,
                Callback::Denied(denied) => {
                    return Err(LoginError::Denied {
                        provider: name(),
                        error: denied.error,
                        description: denied.description,
                    });
                }
                _ => return Err(LoginError::WrongIssuer { provider: name() }),
            };
            person.tell(&Event::Exchanging);
            // Only now: an assertion is good for less time than a person may take.
            let client = server.client(oauth_client.record(), ClientRequest::Token, self)?;
            let request = exchange_request(
                &token_endpoint,
                &client,
                &code,
                &redirect_uri,
                verifier.as_ref(),
            );
            let response = self
                .parts
                .http
                .send(&request, BodyCap::Token, Reach::of(provider))
                .await?;
            let tokens = read_token_response(&response, &server.rules());
            let tokens = tokens.map_err(|source| LoginError::Token {
                provider: name(),
                source,
            })?;
            Ok((tokens, params))
        };
        // The browser still has to be shown its last page, but a slow server does not keep the port open.
        let last_page = async {
            if let Some(closing) = closing {
                closing.finish().await;
            }
        };
        let (tokens, ()) = tokio::join!(exchange, last_page);
        let (tokens, callback) = tokens?;

        let issued = Issued {
            flow: Flow::AuthorizationCode,
            client: oauth_client,
            scopes,
            tokens,
            callback,
        };
        Ok(issued.acquired(provider, person, self.now()))
    }

    pub(super) fn random(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        (self.parts.entropy)(&mut bytes)?;
        Ok(bytes)
    }
}

/// The parameter that is missing in the name of a redirect URI.
fn without(redirect_uri: &Template, provider: &Provider) -> LoginError {
    let param = redirect_uri.variables().next().unwrap_or_default();
    LoginError::Bind(BindError::Missing {
        provider: provider.name.clone(),
        param: param.to_owned(),
        label: "in place of the redirect URI".to_owned(),
        example: None,
    })
}

/// Whether the answer has to be the whole address.
fn captures_from_callback(provider: &Provider) -> bool {
    let mut needed = provider.captures.iter().filter(|capture| capture.required);
    needed.any(|capture| matches!(capture.from, ParamSource::Callback(_)))
}
