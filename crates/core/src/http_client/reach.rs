//! How far a request may reach: the guard against being sent to the machine's own network.
//!
//! Addresses come from strangers: a definition that somebody passed on, the metadata of a server, the answer of a
//! name server. Unless the definition is marked local, none of them may lead to this machine, to the network around
//! it, or to the metadata service of a cloud. A name is judged by what it resolves to, at the moment of connecting,
//! and that very address is connected to: a second answer of the name server is never asked for.
//!
//! Where a proxy is set, the proxy resolves the names. Then only what can be seen in the URL is judged here.

use std::net::IpAddr;

use authkeep_registry::{Locality, Provider, is_public, is_public_host};
use url::Url;

use super::HttpError;

/// Which addresses a request may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// https, and addresses that are routed on the public internet.
    Public,
    /// Whatever the definition names: it is marked local.
    Anywhere,
}

impl Reach {
    /// What a provider's definition allows.
    pub fn of(provider: &Provider) -> Self {
        if provider.local {
            Self::Anywhere
        } else {
            Self::Public
        }
    }

    /// What a definition of this reach may name.
    pub(crate) fn locality(self) -> Locality {
        match self {
            Self::Public => Locality::Public,
            Self::Anywhere => Locality::Local,
        }
    }

    /// Judges what can be seen without resolving the name.
    ///
    /// # Errors
    ///
    /// [`HttpError::Forbidden`]; nothing may be sent there.
    pub fn check(self, url: &Url) -> Result<(), HttpError> {
        if self == Self::Anywhere {
            return Ok(());
        }
        let forbidden = |why| {
            Err(HttpError::Forbidden {
                host: url.host_str().unwrap_or_default().to_owned(),
                why,
            })
        };
        if url.scheme() != "https" {
            return forbidden("it is not https");
        }
        match url.host() {
            Some(host) if is_public_host(&host) => Ok(()),
            _ => forbidden(NOT_PUBLIC),
        }
    }

    /// Of the addresses that a name resolves to, those that may be connected to.
    pub fn admitted(self, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        addresses
            .into_iter()
            .filter(|address| self == Self::Anywhere || is_public(*address))
            .collect()
    }
}

/// What is said of an address, or of a name that has no other.
pub(super) const NOT_PUBLIC: &str = "it is an address of this machine or of a private network";
