//! A definition with its parameters bound: every URL concrete and checked.
//!
//! What is still a template here waits for a secret, or for a client id.

mod oauth;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use url::Url;

pub use self::oauth::{ClientCredentialsRequest, OAuthEndpoints};
use crate::definition::{ApiKey, Flow, Injection, Method, ParamSource};
use crate::endpoint;
use crate::env_var::EnvVarName;
use crate::host::HostPattern;
use crate::name::ProviderName;
use crate::template::Template;

/// A service, ready to log in to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// The name users type.
    pub name: ProviderName,
    /// The name users read.
    pub display_name: String,
    /// Whether loopback and private hosts are allowed.
    pub local: bool,
    /// The flows on offer, the default first.
    pub flows: Vec<Flow>,
    /// Where the credential may be sent.
    pub hosts: Vec<Host>,
    /// Headers for every request, set only if the caller did not set them.
    pub headers: Vec<(String, String)>,
    /// How OAuth works there.
    pub oauth: Option<OAuthEndpoints>,
    /// How its API key is asked for and used.
    pub api_key: Option<ApiKey>,
    /// Environment variables that carry the credential; parameters are filled in, secrets are not.
    pub env: Vec<(EnvVarName, Template)>,
    /// The request that tells whose credential it is.
    pub whoami: Option<WhoamiRequest>,
    /// The parameters that were bound, defaults included.
    pub params: BTreeMap<String, String>,
    /// The parameters that are to be found out during login.
    pub captures: Vec<Capture>,
    /// The definition that this one was laid over.
    pub extends: Option<ProviderName>,
}

/// A parameter whose value the service itself reveals during login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capture {
    /// The parameter's name.
    pub param: String,
    /// Where its value is.
    pub from: ParamSource,
    /// Whether a login is of no use without it.
    pub required: bool,
}

/// A host the credential may be sent to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Host {
    /// Which requests fall under it.
    pub pattern: HostPattern,
    /// How the credential is put into them, when it differs from the usual way.
    pub injection: Option<Injection>,
}

/// The request that tells whose credential it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WhoamiRequest {
    /// Where to ask; always under one of the provider's hosts.
    pub url: Url,
    /// GET or POST.
    pub method: Method,
    /// The JSON body to send.
    pub body: Option<Value>,
    /// JSON pointers (RFC 6901) to the account's name, the best first.
    pub label: Vec<String>,
}

impl Provider {
    /// The host rule a request falls under, the most specific if there are several. `None` means the
    /// credential must not be sent there.
    #[must_use]
    pub fn host_for(&self, host: &str, port: u16, path: &str) -> Option<&Host> {
        let matching = self
            .hosts
            .iter()
            .filter(|rule| rule.pattern.matches(host, port, path));
        matching.max_by_key(|rule| rule.pattern.specificity())
    }

    /// The origins that receive a token, a code or a client secret by the definition's own requests,
    /// such as `https://oauth2.example.com`. Discovery can add more; the hosts are listed apart.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<String> {
        let oauth = self.oauth.iter().flat_map(OAuthEndpoints::origins);
        let key = self.api_key.as_ref();
        let exchange = key.and_then(|key| key.exchange.as_ref()?.origin());
        oauth
            .chain(exchange)
            .chain(
                self.whoami
                    .iter()
                    .map(|whoami| endpoint::origin(&whoami.url)),
            )
            .collect()
    }
}
