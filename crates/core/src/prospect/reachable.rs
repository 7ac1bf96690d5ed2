//! Whether the servers of a definition are there. Nothing but the question is sent.

use std::collections::BTreeSet;

use authkeep_flows::{HttpRequest, Method};
use authkeep_registry::{Definition, HostPattern};
use url::Url;

use crate::{BodyCap, HttpClient, HttpError, Reach};

/// Connects to every host that the definition names in full, by TLS unless it is local, and asks for its first page. Whatever
/// it answers, it is there. Hosts with a parameter or a `*` in them are passed over.
pub async fn reachable(
    definition: &Definition,
    http: &dyn HttpClient,
) -> Vec<(String, Result<(), HttpError>)> {
    let reach = match definition.local {
        true => Reach::Anywhere,
        false => Reach::Public,
    };
    let mut origins = BTreeSet::new();
    for each in definition.destinations() {
        let is_address = each.place.contains("://");
        let whole = match is_address {
            true => each.place.clone(),
            false => format!("https://{}", each.authority()),
        };
        let is_concrete = is_address
            || HostPattern::parse(each.authority()).is_ok_and(|host| !host.is_wildcard());
        if let Ok(url) = Url::parse(&whole)
            && is_concrete
            && !each.authority().contains(['{', '}'])
        {
            origins.insert(url.origin().ascii_serialization());
        }
    }
    let mut found = Vec::new();
    for origin in origins {
        let Ok(url) = Url::parse(&origin) else {
            continue;
        };
        let request = HttpRequest::new(Method::Get, url);
        let answer = http.send(&request, BodyCap::Metadata, reach).await;
        let there = match answer {
            Ok(_) | Err(HttpError::TooLarge { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        found.push((origin, there));
    }
    found
}
