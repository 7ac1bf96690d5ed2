//! Asking servers what they publish about themselves (RFC 8414, RFC 9728), where nobody has written it down.
//!
//! Nothing secret is sent here. What comes back decides where secrets go, so each document counts only if it names the
//! server that was asked, and each address in it only if a definition could name it too. A redirect is followed within
//! the server that was asked and nowhere else. What a login has learnt is pinned with it: later the server is not asked again.

mod error;

use authkeep_flows::metadata::{
    MetadataError, ResourceMetadata, ServerMetadata, read_resource_metadata, read_server_metadata,
    server_metadata_urls,
};
use authkeep_flows::{HttpRequest, HttpResponse, Method};
use authkeep_registry::{
    ClientAuthMethod, OAuthEndpoints, Provider, Revocation, Template, check_url,
};
use url::Url;

pub use self::error::DiscoveryError;
use crate::{BodyCap, Broker, HttpClient, LoginError, Reach};

/// How many redirects are followed within one server.
const MOST_REDIRECTS: usize = 3;

impl Broker {
    /// The provider with the endpoints that its issuer names, where its definition leaves them to the issuer.
    pub(crate) async fn completed(&self, mut provider: Provider) -> Result<Provider, LoginError> {
        let reach = Reach::of(&provider);
        let Some(oauth) = provider.oauth.as_mut().filter(|o| o.needs_discovery()) else {
            return Ok(provider);
        };
        let issuer = oauth.issuer.clone().unwrap_or_default();
        let found = self.discovery(reach).server(&[&issuer]).await;
        let metadata = found.map_err(|error| LoginError::undiscovered(&provider.name, error))?;
        complete(oauth, metadata);
        Ok(provider)
    }

    pub(crate) fn discovery(&self, reach: Reach) -> Discovery<'_> {
        Discovery {
            http: self.parts.http.as_ref(),
            reach,
        }
    }
}

/// Puts the endpoints that the definition does not name in their places.
fn complete(oauth: &mut OAuthEndpoints, found: ServerMetadata) {
    let fill = |place: &mut Option<Url>, found| *place = place.take().or(found);
    fill(&mut oauth.authorization_url, found.authorization_endpoint);
    fill(&mut oauth.token_url, Some(found.token_endpoint));
    fill(
        &mut oauth.device_authorization_url,
        found.device_authorization_endpoint,
    );
    // A client with a key of its own is nobody's to register.
    if oauth.client_auth != ClientAuthMethod::PrivateKeyJwt {
        fill(&mut oauth.registration_url, found.registration_endpoint);
    }
    if let (None, Some(url)) = (&oauth.revocation, found.revocation_endpoint) {
        oauth.revocation = Some(Revocation::standard(
            Template::literal(url.as_str()),
            oauth.client_auth,
        ));
    }
    oauth.iss_required |= found.names_itself;
}

/// How servers are asked, and how far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Discovery<'a> {
    http: &'a dyn HttpClient,
    reach: Reach,
}

impl Discovery<'_> {
    /// The metadata of an authorization server. `issuers` are the spellings of its issuer: one, unless a person has
    /// typed it.
    pub(crate) async fn server(&self, issuers: &[&str]) -> Result<ServerMetadata, DiscoveryError> {
        let first = issuers.first().copied().unwrap_or_default();
        let issuer = self.address(first)?;
        let mut absent = Absent::default();
        for place in server_metadata_urls(&issuer) {
            let read = |response: &HttpResponse| {
                let rule = |text: &str| check_url(text, self.reach.locality());
                read_server_metadata(response, issuers, &rule)
            };
            match self.document(&place, read).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) => absent.note(error)?,
            }
        }
        Err(absent.into_error(&issuer))
    }

    /// The metadata of a resource at `place`, which stands for the identifiers in `asked`.
    pub(crate) async fn resource(
        &self,
        place: &Url,
        asked: &[&str],
    ) -> Result<ResourceMetadata, DiscoveryError> {
        let read = |response: &HttpResponse| read_resource_metadata(response, asked);
        self.document(place, read).await
    }

    /// An address that a server or a person has named, if a definition could name it too.
    pub(crate) fn address(&self, text: &str) -> Result<Url, DiscoveryError> {
        checked(text, self.reach)
    }

    /// One request without anything secret in it; a redirect is an answer like any other.
    pub(crate) async fn ask(&self, url: &Url) -> Result<HttpResponse, DiscoveryError> {
        let request = HttpRequest::new(Method::Get, url.clone());
        let sent = self.http.send(&request, BodyCap::Metadata, self.reach);
        Ok(sent.await?)
    }

    async fn document<T>(
        &self,
        place: &Url,
        read: impl Fn(&HttpResponse) -> Result<T, MetadataError>,
    ) -> Result<T, DiscoveryError> {
        let mut url = place.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.ask(&url).await?;
            match redirect(&response, &url)? {
                Some(next) => url = next,
                None => {
                    return read(&response)
                        .map_err(|source| DiscoveryError::metadata(&url, source));
                }
            }
        }
        Err(DiscoveryError::RedirectedTooOften {
            host: host(place),
            most: MOST_REDIRECTS,
        })
    }
}

/// An address that a definition of that reach could name.
pub(crate) fn checked(text: &str, reach: Reach) -> Result<Url, DiscoveryError> {
    check_url(text, reach.locality()).map_err(|why| DiscoveryError::address(text, why))
}

/// What was not found, until it is found elsewhere. What says more than "there is nothing" is kept.
#[derive(Debug, Default)]
pub(crate) struct Absent(Option<DiscoveryError>);

impl Absent {
    /// Takes note of an error that leaves the other places open; returns any other.
    pub(crate) fn note(&mut self, error: DiscoveryError) -> Result<(), DiscoveryError> {
        if !error.is_absent() {
            return Err(error);
        }
        self.keep(error);
        Ok(())
    }

    pub(crate) fn keep(&mut self, error: DiscoveryError) {
        if self.0.as_ref().is_none_or(DiscoveryError::says_nothing) {
            self.0 = Some(error);
        }
    }

    pub(crate) fn into_error(self, asked: &Url) -> DiscoveryError {
        let nothing = MetadataError::Absent { status: 404 };
        self.0
            .unwrap_or_else(|| DiscoveryError::metadata(asked, nothing))
    }
}

/// Where an answer leads to; `None` for one that leads nowhere.
fn redirect(response: &HttpResponse, from: &Url) -> Result<Option<Url>, DiscoveryError> {
    if !matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(next) = response
        .header("location")
        .and_then(|location| from.join(location).ok())
    else {
        return Ok(None);
    };
    let names_somebody = !next.username().is_empty() || next.password().is_some();
    if next.origin() != from.origin() || names_somebody {
        return Err(DiscoveryError::Redirected {
            host: host(from),
            to: host(&next),
        });
    }
    Ok(Some(next))
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
