//! Finding out how to log in to an address that no definition speaks of, such as that of an MCP server.
//!
//! What is at the address says which server gives access to it (RFC 9728), in a document or in its answer to those who come
//! without a token; or else the address is that of the authorization server itself. What is found is put into words for the
//! person, and into a definition ([`Survey::definition`]) that leaves the endpoints to the issuer: an address that is
//! asked for today need not be right tomorrow, and each login checks it anew. Nothing is trusted or stored here.

mod definition;
mod known;

use std::collections::BTreeSet;

use authkeep_flows::metadata::{
    ResourceMetadata, ServerMetadata, read_resource_challenge, resource_metadata_url,
};
use authkeep_flows::{HttpRequest, Method};
use authkeep_registry::is_loopback;
use url::Url;

pub use self::known::{known_at, name_for};
use crate::discovery::{Absent, Discovery, checked};
use crate::{Broker, DiscoveryError, HttpError, Reach};

/// An address that a person has typed, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    reach: Reach,
}

impl Address {
    /// Reads an address. One that is this machine's own makes the definition a local one by itself: whoever types it means
    /// it. Other private addresses are let in with [`Reach::Anywhere`] only.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError::Address`] says why it cannot be used.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, DiscoveryError> {
        let own =
            Url::parse(text).is_ok_and(|url| url.host().is_some_and(|host| is_loopback(&host)));
        let reach = if own { Reach::Anywhere } else { reach };
        let url = checked(text, reach)?;
        Ok(Self { url, reach })
    }

    /// Whether a definition for it has to be marked local.
    pub fn is_local(&self) -> bool {
        self.reach == Reach::Anywhere
    }

    /// The address, as it is used.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// How far a question to it may reach.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// The question what is there, without anything secret in it.
    pub(crate) fn request(&self) -> HttpRequest {
        HttpRequest::new(Method::Get, self.url.clone())
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// What there is at an address.
#[derive(Debug, Clone)]
pub struct Survey {
    address: Address,
    resource: Option<ResourceMetadata>,
    server: ServerMetadata,
    /// What access needs, where the resource said so to somebody without a token.
    needed_scopes: Vec<String>,
}

impl Survey {
    /// The issuer that gives access.
    pub fn issuer(&self) -> &str {
        &self.server.issuer
    }

    /// What tokens will be for, where the address has said so.
    pub fn resource(&self) -> Option<&str> {
        let resource = self.resource.as_ref()?;
        Some(&resource.resource)
    }

    /// Whether the server registers clients by itself (RFC 7591).
    pub fn registers_clients(&self) -> bool {
        self.server.registration_endpoint.is_some()
    }

    /// The origins that will be trusted with codes, tokens or client secrets, sorted.
    pub fn origins(&self) -> Vec<String> {
        let server = &self.server;
        let endpoints = [
            &server.authorization_endpoint,
            &server.device_authorization_endpoint,
            &server.registration_endpoint,
            &server.revocation_endpoint,
        ];
        let mut origins: BTreeSet<String> = endpoints
            .into_iter()
            .flatten()
            .chain([&server.token_endpoint])
            .map(origin)
            .collect();
        origins.extend(Url::parse(self.issuer()).iter().map(origin));
        origins.into_iter().collect()
    }
}

impl Broker {
    /// Asks what is at an address and who gives access to it. Nothing secret is sent, and nothing is stored.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError`]: nobody said so, or it cannot be used.
    pub async fn survey(&self, address: &Address) -> Result<Survey, DiscoveryError> {
        let mut absent = Absent::default();
        let mut search = Search {
            discovery: self.discovery(address.reach),
            address: &address.url,
            scopes: Vec::new(),
        };
        let (mut resource, mut contradicted) = (None, false);
        for place in [Place::Inserted, Place::Challenge, Place::Root] {
            match search.resource(place).await {
                Ok(None) => {}
                Ok(found) => {
                    resource = found;
                    break;
                }
                // What is said of another resource is not used, and is no reason to give up either.
                Err(error) if error.is_about_another() => {
                    contradicted = true;
                    absent.keep(error);
                }
                Err(error) => absent.note(error)?,
            }
        }
        let issuers: Vec<String> = match &resource {
            Some(ResourceMetadata {
                authorization_servers,
                ..
            }) => authorization_servers.first().cloned().into_iter().collect(),
            None => {
                let (url, root) = (&address.url, root(&address.url));
                // Servers of before RFC 9728 publish at their root who gives access to all there is.
                let of_old = (root != *url && !contradicted).then(|| root.to_string());
                [url.to_string()].into_iter().chain(of_old).collect()
            }
        };
        for issuer in &issuers {
            let spellings = spellings(issuer);
            let spellings: Vec<&str> = spellings.iter().map(String::as_str).collect();
            match search.discovery.server(&spellings).await {
                Ok(server) => {
                    return Ok(Survey {
                        address: address.clone(),
                        resource,
                        server,
                        needed_scopes: search.scopes,
                    });
                }
                // A resource has one place to send people to, and that place has to be in order.
                Err(error) if resource.is_some() => return Err(error),
                Err(error) => absent.note(error)?,
            }
        }
        Err(absent.into_error(&address.url))
    }
}

/// Where a resource may publish its metadata (RFC 9728 §3.1 and §5).
#[derive(Clone, Copy)]
enum Place {
    /// At the well-known place of the address.
    Inserted,
    /// Where the address itself leads those who come without a token.
    Challenge,
    /// At the well-known place of its host: then tokens are for all of the host.
    Root,
}

/// The search for the metadata of what is at an address.
struct Search<'a> {
    discovery: Discovery<'a>,
    address: &'a Url,
    /// What access needs, as far as the address has said.
    scopes: Vec<String>,
}

impl Search<'_> {
    /// The metadata at one of the places; `None` where there is no such place.
    async fn resource(&mut self, place: Place) -> Result<Option<ResourceMetadata>, DiscoveryError> {
        let root = root(self.address);
        let place = match place {
            Place::Inserted => Some(resource_metadata_url(self.address)),
            Place::Challenge => self.challenge().await?,
            Place::Root => Some(resource_metadata_url(&root)).filter(|_| root != *self.address),
        };
        let Some(place) = place else {
            return Ok(None);
        };
        // A document elsewhere can speak for the address that led to it, and for no more. Only the well-known place of
        // the host speaks for the host.
        let mut asked = spellings(self.address.as_str()).to_vec();
        if place == resource_metadata_url(&root) {
            asked.extend(spellings(root.as_str()));
        }
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        self.discovery.resource(&place, &asked).await.map(Some)
    }

    /// Where the address leads those who come without a token.
    async fn challenge(&mut self) -> Result<Option<Url>, DiscoveryError> {
        let response = match self.discovery.ask(self.address).await {
            Ok(response) => response,
            // An answer without an end is an answer to somebody who needs no token.
            Err(DiscoveryError::Http(HttpError::Exchange { .. } | HttpError::TooLarge { .. })) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let challenge = read_resource_challenge(&response);
        self.scopes = challenge.scopes;
        let place = challenge.metadata.as_deref();
        place.map(|place| self.discovery.address(place)).transpose()
    }
}

/// The host alone.
fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    root
}

/// An identifier with and without the slash at its end: people and servers write both, and both lead to one document.
fn spellings(identifier: &str) -> [String; 2] {
    let bare = identifier.trim_end_matches('/');
    [bare.to_owned(), format!("{bare}/")]
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
