//! [`HttpClient`] on reqwest and rustls.
//!
//! The client is built at the first request, so that a command which needs no network pays nothing for it.
//! Certificates are verified against the machine's own trust store. There are two clients, one for each [`Reach`]:
//! each resolves names its own way, and no connection of one is ever used by the other.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use authkeep_flows::{HttpRequest, HttpResponse, Method};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::guarded::{Guarded, NoneAdmitted};
use super::reach::NOT_PUBLIC;
use super::{BodyCap, BoxFuture, HttpClient, HttpError, ProxySettings, Reach, Resolver};

/// How long the adapter waits for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For one whole request: 30 s. A server that is slow to answer a token request has it all: it may have acted
    /// already, and to hang up then would lose what it answers.
    pub total: Duration,
    /// For the next byte of an answer that has begun: 10 s.
    pub idle: Duration,
    /// For a connection to stand: 8 s.
    pub connect: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30),
            idle: Duration::from_secs(10),
            connect: Duration::from_secs(8),
        }
    }
}

/// The default [`HttpClient`].
#[derive(Debug)]
pub struct ReqwestClient {
    proxy: ProxySettings,
    deadlines: Deadlines,
    resolver: Resolver,
    public: Client,
    anywhere: Client,
}

type Client = OnceLock<Result<reqwest::Client, String>>;

impl ReqwestClient {
    /// Makes the adapter; nothing is loaded before the first request.
    pub fn new(proxy: ProxySettings) -> Self {
        Self {
            proxy,
            deadlines: Deadlines::default(),
            resolver: Resolver::system(),
            public: OnceLock::new(),
            anywhere: OnceLock::new(),
        }
    }

    /// The same adapter with other deadlines; connections are made anew.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            public: OnceLock::new(),
            anywhere: OnceLock::new(),
            ..self
        }
    }

    /// The same adapter with another way to find the addresses of a name; connections are made anew.
    #[must_use]
    pub fn with_resolver(self, resolver: Resolver) -> Self {
        Self {
            resolver,
            public: OnceLock::new(),
            anywhere: OnceLock::new(),
            ..self
        }
    }

    fn client(&self, reach: Reach) -> Result<&reqwest::Client, HttpError> {
        let client = match reach {
            Reach::Public => &self.public,
            Reach::Anywhere => &self.anywhere,
        };
        client
            .get_or_init(|| self.build(reach))
            .as_ref()
            .map_err(|why| HttpError::Setup(why.clone()))
    }

    fn build(&self, reach: Reach) -> Result<reqwest::Client, String> {
        let proxy_host = self.proxy.https.as_deref().and_then(host);
        let resolver = Guarded {
            resolver: self.resolver.clone(),
            reach,
            proxy: proxy_host,
        };
        build(&self.proxy, &self.deadlines, resolver)
    }
}

fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn build(
    proxy: &ProxySettings,
    deadlines: &Deadlines,
    resolver: Guarded,
) -> Result<reqwest::Client, String> {
    // A second initialisation in the same process fails harmlessly: the first provider stays.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(deadlines.total)
        .connect_timeout(deadlines.connect)
        // Whether a request on a connection that the server was just closing arrived cannot be told, and a
        // rotating refresh token can be redeemed only once. Such requests are rare: each gets its own connection.
        .pool_max_idle_per_host(0)
        .no_proxy()
        .retry(reqwest::retry::never())
        .dns_resolver(resolver)
        .user_agent(concat!("authkeep/", env!("CARGO_PKG_VERSION")));
    if let Some(url) = &proxy.https {
        let direct = format!(
            "127.0.0.0/8,::1,localhost,{}",
            proxy.no_proxy.as_deref().unwrap_or_default()
        );
        let proxy = reqwest::Proxy::all(url)
            .map_err(|_| "the proxy address in the environment is not a URL".to_owned())?
            .no_proxy(reqwest::NoProxy::from_string(&direct));
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| chain(&error.without_url()))
}

impl HttpClient for ReqwestClient {
    fn prepare(&self, reach: Reach) {
        // Whoever sends the request is told what went wrong here.
        let _built_or_not = self.client(reach);
    }

    fn send<'a>(
        &'a self,
        request: &'a HttpRequest,
        cap: BodyCap,
        reach: Reach,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            reach.check(request.url())?;
            let host = request.url().host_str().unwrap_or_default().to_owned();
            let mut response = self
                .outgoing(request, reach)?
                .send()
                .await
                .map_err(|error| failed(&host, error))?;
            let status = response.status().as_u16();
            tracing::debug!(method = request.method().as_str(), host, status, "answered");
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str().to_owned(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect();
            let mut body = Vec::new();
            loop {
                let chunk = timeout(self.deadlines.idle, response.chunk()).await;
                let chunk = chunk.map_err(|_| HttpError::Exchange {
                    host: host.clone(),
                    why: TOO_LONG.to_owned(),
                })?;
                let Some(chunk) = chunk.map_err(|error| failed(&host, error))? else {
                    break;
                };
                if body.len() + chunk.len() > cap.bytes() {
                    return Err(HttpError::TooLarge {
                        host,
                        cap: cap.bytes(),
                    });
                }
                body.extend_from_slice(&chunk);
            }
            Ok(HttpResponse::new(status, headers, body))
        })
    }
}

impl ReqwestClient {
    fn outgoing(
        &self,
        request: &HttpRequest,
        reach: Reach,
    ) -> Result<reqwest::RequestBuilder, HttpError> {
        let method = match request.method() {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.client(reach)?.request(method, request.url().clone());
        for (name, value) in request.headers() {
            // EXPOSE: the header goes out to the server it was built for.
            let mut value =
                reqwest::header::HeaderValue::from_str(value.expose_secret()).map_err(|_| {
                    HttpError::Setup(format!("the header `{name}` has an illegal value"))
                })?;
            value.set_sensitive(true);
            builder = builder.header(name.as_str(), value);
        }
        if let Some(body) = request.body() {
            // EXPOSE: the body goes out to the server it was built for.
            builder = builder.body(body.expose_secret().to_vec());
        }
        Ok(builder)
    }
}

const TOO_LONG: &str = "it took too long";

fn failed(host: &str, error: reqwest::Error) -> HttpError {
    let connecting = error.is_connect();
    let timed_out = error.is_timeout();
    // A URL may carry a token in its query: it never reaches a message.
    let error = error.without_url();
    let host = host.to_owned();
    if causes(&error).any(|cause| cause.is::<NoneAdmitted>()) {
        return HttpError::Forbidden {
            host,
            why: NOT_PUBLIC,
        };
    }
    let why = if timed_out {
        TOO_LONG.to_owned()
    } else {
        chain(&error)
    };
    if connecting {
        HttpError::Connect { host, why }
    } else {
        HttpError::Exchange { host, why }
    }
}

/// The innermost cause says what happened; the outer ones only say that something did.
fn chain(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

/// The causes of an error, the outermost first, without the error itself.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
