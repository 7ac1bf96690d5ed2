//! From a provider definition to the arguments of `flows`: the one place where the two vocabularies meet.

mod vendor_request;

use std::time::Duration;

use authkeep_flows as flows;
use authkeep_registry as registry;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(crate) use self::vendor_request::{Carried, Spelled, method};
use crate::record::{ClientRecord, ConnectionRecord};
use crate::registration::Registration;
use crate::{Broker, NotSigned};

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
            format: body_format(self.oauth.token_format),
            params: self.oauth.token_params.clone(),
        })
    }

    /// The request for a pair of codes, where the provider has an endpoint for it.
    pub(crate) fn device_authorization_request(
        &self,
        client: &flows::Client,
        scopes: &[String],
    ) -> Option<flows::HttpRequest> {
        let request = flows::DeviceAuthorizationRequest {
            endpoint: self.oauth.device_authorization_url.as_ref()?,
            format: body_format(self.oauth.device.format),
            client,
            scopes,
            scope_separator: &self.oauth.scope_separator,
            scope_param: &self.oauth.device.scope_param,
            resource: self.oauth.resource.as_deref(),
        };
        Some(request.request())
    }

    pub(crate) fn rules(&self) -> flows::TokenResponseRules<'a> {
        flows::TokenResponseRules {
            token_path: self.oauth.token_path.as_deref(),
            default_expires_in: self.oauth.expires_in.map(Duration::from_secs),
        }
    }

    /// The request for a token of the client's own.
    pub(crate) fn client_credentials_request(
        &self,
        endpoint: &flows::TokenEndpoint,
        client: &flows::Client,
        scopes: &[String],
    ) -> flows::HttpRequest {
        let params = self.oauth.client_credentials.as_ref();
        let scopes = (!scopes.is_empty()).then(|| scopes.join(&self.oauth.scope_separator));
        flows::client_credentials_request(
            endpoint,
            client,
            &flows::ClientCredentialsGrant {
                params: params.map_or(&[], |grant| &grant.params),
                scopes: scopes.as_deref(),
                scope_param: &self.oauth.scope_param,
            },
        )
    }

    /// The client as it introduces itself in one request. Its secret is left out of any but those it was entered for, and
    /// its private key signs for no other; the key itself goes nowhere.
    pub(crate) fn client(
        &self,
        record: &ClientRecord,
        request: ClientRequest,
        broker: &Broker,
    ) -> Result<flows::Client, NotSigned> {
        let mut client = self.client_without_proof(record);
        // What a server has registered counts more than what the definition says of all its clients.
        let registered = record.registration.as_ref().map(Registration::auth);
        let auth = registered.unwrap_or(self.client_auth());
        if !self.admits(record, request) {
            return Ok(client);
        }
        client.secret = match auth {
            flows::ClientAuth::PrivateKeyJwt => (record.private_key.as_ref())
                .map(|key| broker.assertion(self.oauth, &record.client_id, key))
                .transpose()?,
            // EXPOSE: into flows' own secret type.
            _ => (record.client_secret.as_ref())
                .map(|secret| flows::ClientSecret::new(secret.expose_secret().to_owned())),
        };
        // A client without a secret cannot authenticate, whatever is preferred.
        if client.secret.is_some() {
            client.auth = auth;
        }
        Ok(client)
    }

    /// The client by its name alone, for a request that anybody may see.
    pub(crate) fn client_without_proof(&self, record: &ClientRecord) -> flows::Client {
        flows::Client {
            id: record.client_id.clone(),
            secret: None,
            auth: flows::ClientAuth::None,
            id_param: self.oauth.client_id_param.clone(),
        }
    }

    /// The client that a login's tokens were issued to; no other may renew or revoke them. If the person has
    /// entered a newer secret of that client since, it is used.
    pub(crate) fn issuing_client(
        &self,
        login: &ConnectionRecord,
        saved: Option<&ClientRecord>,
        request: ClientRequest,
        broker: &Broker,
    ) -> Result<flows::Client, NotSigned> {
        let Some(issued_to) = &login.client else {
            return Ok(self.client_without_proof(&ClientRecord::nobody()));
        };
        let newer = saved
            .filter(|saved| saved.client_id == issued_to.client_id && self.admits(saved, request));
        self.client(newer.unwrap_or(issued_to), request, broker)
    }

    /// The standard refresh with what the definition says besides: another address, another way to authenticate, further
    /// parameters and headers.
    pub(crate) fn refresh_with(
        &self,
        refresh: &registry::Request,
        mut endpoint: flows::TokenEndpoint,
        mut client: flows::Client,
        token: &SecretString,
    ) -> Option<flows::HttpRequest> {
        if let Some(auth) = refresh.auth.filter(|_| client.secret.is_some()) {
            client.auth = match auth {
                registry::RequestAuth::Basic => flows::ClientAuth::Basic,
                registry::RequestAuth::Body => self.client_auth(),
                _ => flows::ClientAuth::None,
            };
        }
        let id = client.id.as_str();
        let fill = |template: &registry::Template| {
            template.render(|name| (name == "client_id").then_some(id))
        };
        if let Some(url) = &refresh.url {
            endpoint.url = Url::parse(&fill(url)?).ok()?;
        }
        endpoint.format = body_format(refresh.format);
        let named = |name: &String| refresh.params.iter().any(|(own, _)| own == name);
        endpoint.params.retain(|(name, _)| !named(name));
        for (name, template) in &refresh.params {
            endpoint.params.push((name.clone(), fill(template)?));
        }
        // EXPOSE: into flows' own secret type.
        let sent = flows::RefreshToken::new(token.expose_secret().to_owned());
        let mut request = flows::refresh_request(&endpoint, &client, &sent, None);
        for (name, template) in &refresh.headers {
            request = request.with_header(name.as_str(), fill(template)?);
        }
        Some(request)
    }

    /// How the definition wants clients to authenticate.
    pub(crate) fn client_auth(&self) -> flows::ClientAuth {
        match self.oauth.client_auth {
            registry::ClientAuthMethod::None => flows::ClientAuth::None,
            registry::ClientAuthMethod::Basic => flows::ClientAuth::Basic,
            registry::ClientAuthMethod::Body => flows::ClientAuth::Post,
            registry::ClientAuthMethod::PrivateKeyJwt => flows::ClientAuth::PrivateKeyJwt,
        }
    }

    fn admits(&self, record: &ClientRecord, request: ClientRequest) -> bool {
        let revocation = self.oauth.revocation.as_ref();
        match request {
            ClientRequest::DeviceAuthorization => record.pinned.admits_device_requests(self.oauth),
            ClientRequest::Token => record.pinned.admits_token_requests(self.oauth),
            ClientRequest::Refresh => record.pinned.admits_refreshes(self.oauth),
            ClientRequest::Upgrade => record.pinned.admits_upgrades(self.oauth),
            ClientRequest::Revocation => {
                revocation.is_some_and(|revocation| record.pinned.admits_revocation(revocation))
            }
        }
    }
}

fn body_format(format: registry::BodyFormat) -> flows::BodyFormat {
    match format {
        registry::BodyFormat::Json => flows::BodyFormat::Json,
        _ => flows::BodyFormat::Form,
    }
}

/// What the client introduces itself for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientRequest {
    DeviceAuthorization,
    Token,
    Refresh,
    Upgrade,
    Revocation,
}
