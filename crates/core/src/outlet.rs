//! Where the credential of one login goes, and how it is put into requests: what a proxy has to know of it.
//!
//! It holds no secret. Its hosts are those of the definition that were pinned when the login was made: a host that was
//! written into the definition later gets nothing until the person has logged in again and seen it.

use authkeep_registry::{
    BindError, HostPattern, Injection, OAuthEndpoints, Provider, ProviderName, RegistryError,
    Template,
};
use url::Url;

use crate::inject::usual;
use crate::record::ConnectionRecord;
use crate::{Broker, Connection, ConnectionName, LookupError};

/// Where the credential of one login goes.
#[derive(Debug, Clone)]
pub struct Outlet {
    /// The provider.
    pub provider: ProviderName,
    /// The connection.
    pub connection: ConnectionName,
    /// Whether this one is meant where the provider alone is named.
    pub is_default: bool,
    /// Whether the definition allows loopback and private addresses.
    pub local: bool,
    /// The hosts that the credential may be sent to, and no others.
    pub hosts: Vec<OutletHost>,
    /// The fields of the credential that are no secrets, such as the name of a user.
    pub plain_fields: Vec<String>,
    /// Headers for every request there, set only where the sender set none.
    pub headers: Vec<(String, String)>,
    /// The provider's own endpoints (token, authorization, revocation …): the credential is not for them, even where
    /// they lie on one of the hosts.
    pub endpoints: Vec<Url>,
    /// The token endpoint (RFC 6749 §3.2).
    pub token_endpoint: Option<Url>,
}

/// A host, and how the credential is put into requests to it.
#[derive(Debug, Clone)]
pub struct OutletHost {
    /// Which requests fall under it.
    pub pattern: HostPattern,
    /// What is put into them.
    pub injection: Injection,
}

/// Why it is not known where a login's credential goes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutletError {
    /// The definition that it was made with is gone.
    #[error("there is no definition of `{provider}` any more")]
    NoDefinition {
        /// The provider.
        provider: ProviderName,
    },
    /// The definition cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The definition asks for parameters that the login does not have.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The default connection could not be found out.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

impl Broker {
    /// Where the credential of `connection` goes.
    ///
    /// # Errors
    ///
    /// [`OutletError`] where its definition is gone or has become another one's.
    pub fn outlet(&self, connection: &Connection) -> Result<Outlet, OutletError> {
        let name = connection.provider();
        let definition = self
            .find(name)?
            .ok_or_else(|| OutletError::NoDefinition {
                provider: name.clone(),
            })?
            .definition;
        let provider = connection.record.provider(&definition)?;
        let is_default = match self.stored(name, None) {
            Ok(Some(default)) => default.name() == connection.name(),
            // It comes from the environment, and is the only one.
            Ok(None) => true,
            Err(LookupError::Ambiguous { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        Ok(Outlet {
            provider: name.clone(),
            connection: connection.name().clone(),
            is_default,
            local: provider.local,
            hosts: hosts(&provider, &connection.record),
            plain_fields: plain_fields(&provider),
            endpoints: endpoints(&provider, &connection.record),
            token_endpoint: provider.oauth.and_then(|oauth| oauth.token_url),
            headers: provider.headers,
        })
    }
}

fn hosts(provider: &Provider, record: &ConnectionRecord) -> Vec<OutletHost> {
    let pinned = provider
        .hosts
        .iter()
        .filter(|host| record.pinned.hosts.contains(&host.pattern.to_string()));
    pinned
        .filter_map(|host| {
            Some(OutletHost {
                pattern: host.pattern.clone(),
                injection: host.injection.as_ref().or(usual(provider, record))?.clone(),
            })
        })
        .collect()
}

fn plain_fields(provider: &Provider) -> Vec<String> {
    let fields = provider.api_key.iter().flat_map(|key| &key.fields);
    let plain = fields.filter(|field| !field.secret);
    let plain = plain.map(|field| field.name.clone());
    plain.chain(["client_id".to_owned()]).collect()
}

fn endpoints(provider: &Provider, record: &ConnectionRecord) -> Vec<Url> {
    let client_id = |name: &str| match name {
        "client_id" => record.client_id(),
        _ => None,
    };
    let url = |template: &Template| Url::parse(&template.render(client_id)?).ok();
    let oauth = provider.oauth.iter().flat_map(|oauth| {
        let OAuthEndpoints {
            authorization_url,
            token_url,
            device_authorization_url,
            registration_url,
            revocation,
            refresh,
            upgrade,
            ..
        } = oauth;
        let fixed = [
            authorization_url,
            token_url,
            device_authorization_url,
            registration_url,
        ];
        let requests = [refresh, upgrade].into_iter().flatten();
        let templates = requests
            .filter_map(|request| request.url.as_ref())
            .chain(revocation.iter().map(|revocation| &revocation.url));
        (fixed.into_iter().flatten().cloned()).chain(templates.filter_map(url))
    });
    let key = provider.api_key.as_ref();
    let exchange = key.and_then(|key| url(&key.exchange.as_ref()?.url));
    oauth.chain(exchange).collect()
}
