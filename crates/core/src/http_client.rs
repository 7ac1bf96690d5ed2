//! The HTTP client as a joint, and what any implementation must keep.
//!
//! The contract: never follow a redirect (a token request that is re-sent elsewhere is a leaked secret),
//! stop reading at the cap, give up at the deadlines, verify TLS, keep within the [`Reach`], and never put a URL or
//! a body into an error.

#[cfg(feature = "reqwest")]
mod guarded;
mod proxy_settings;
mod reach;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resolver;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use authkeep_flows::{HttpRequest, HttpResponse};

pub use self::proxy_settings::ProxySettings;
pub use self::reach::Reach;
#[cfg(feature = "reqwest")]
pub use self::reqwest::{Deadlines, ReqwestClient};
pub use self::resolver::Resolver;

/// A boxed future, as object-safe async traits need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends the requests that `flows` builds.
pub trait HttpClient: Send + Sync + Debug {
    /// Does what can be done before there is a request, such as reading the certificate authorities: once a refresh
    /// has begun, each moment counts. Nothing need be done here, and nothing may fail.
    fn prepare(&self, _reach: Reach) {}

    /// Sends one request, no farther than `reach`, and reads the whole answer, whatever its status.
    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        cap: BodyCap,
        reach: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>>;
}

/// How much of an answer is read, counted after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyCap {
    /// Token, revocation, device and account answers: 64 KiB.
    Token,
    /// Metadata documents: 1 MiB.
    Metadata,
}

impl BodyCap {
    /// The cap in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Token => 64 * 1024,
            Self::Metadata => 1024 * 1024,
        }
    }
}

/// Why no answer was had. None of these says anything about the credential, and all but
/// [`Forbidden`](Self::Forbidden) may pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection: name resolution, refused, unreachable. The request was not sent.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// The host that was tried.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The request may not go there. It was not sent.
    #[error("{host} is not contacted: {why}")]
    Forbidden {
        /// The host that was named.
        host: String,
        /// Why not.
        why: &'static str,
    },
    /// The connection was made, then the exchange failed or took too long: the server may have acted on it.
    #[error("{host} did not answer properly: {why}")]
    Exchange {
        /// The host that was asked.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The answer is larger than anything such an endpoint has reason to send.
    #[error("{host} answered with more than {cap} bytes")]
    TooLarge {
        /// The host that was asked.
        host: String,
        /// The cap in bytes.
        cap: usize,
    },
    /// The client could not be set up at all.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}
