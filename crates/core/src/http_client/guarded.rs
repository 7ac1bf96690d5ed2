//! Names are resolved here rather than inside the HTTP client, so that only admitted addresses ever reach it.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Reach, Resolver};

/// A resolver that leaves out what may not be connected to.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) resolver: Resolver,
    pub(super) reach: Reach,
    /// The host of the user's own proxy, which may be anywhere.
    pub(super) proxy: Option<String>,
}

/// A name that has addresses, and none that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("none of its addresses is public")]
pub(super) struct NoneAdmitted;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.resolver.clone();
        let host = name.as_str().to_owned();
        let reach = if self.proxy.as_deref() == Some(&host) {
            Reach::Anywhere
        } else {
            self.reach
        };
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || resolver.addresses(&host)).await??;
            let was_found = !found.is_empty();
            let admitted = reach.admitted(found);
            if admitted.is_empty() && was_found {
                return Err(NoneAdmitted.into());
            }
            let sockets = admitted
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}
