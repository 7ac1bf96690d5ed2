//! A blocking HTTP/1.1 client for loopback, for tests that want to see the bare answer.
//!
//! One connection a request; no TLS, redirects, cookies, proxies or decompression. It refuses to
//! connect anywhere but to the machine itself.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

/// The longest a request may take, connect to last byte.
const DEADLINE: Duration = Duration::from_secs(60);

/// A request as it will be sent; `Host` and `Content-Length` are added.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// An absolute `http` URL on loopback.
    pub url: String,
    /// In the order they are sent.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` of `url`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A DELETE request without a body.
    #[must_use]
    pub fn delete(url: &str) -> Self {
        Self {
            method: "DELETE".into(),
            ..Self::get(url)
        }
    }

    /// A form posted to `url`.
    #[must_use]
    pub fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self {
            method: "POST".into(),
            url: url.into(),
            headers: Vec::new(),
            body: body.into(),
        }
        .header("content-type", "application/x-www-form-urlencoded")
    }

    /// A JSON document posted to `url`.
    #[must_use]
    pub fn json(url: &str, document: &serde_json::Value) -> Self {
        let body = document.to_string().into_bytes();
        Self {
            method: "POST".into(),
            url: url.into(),
            headers: Vec::new(),
            body,
        }
        .header("content-type", "application/json")
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it and reads the whole answer. Fit for tests that are async themselves: the exchange
    /// runs on a thread of its own.
    ///
    /// Errors: an URL that is not plain HTTP on loopback, no connection, a connection closed
    /// before the answer was complete, or 60 seconds gone.
    pub fn send(&self) -> io::Result<Answer> {
        thread::scope(|scope| {
            let exchange = scope.spawn(|| {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?
                    .block_on(async {
                        tokio::time::timeout(DEADLINE, exchange(self))
                            .await
                            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
                    })
            });
            exchange
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// In the order they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of it, as sent.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut same = self
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        same.next().map(|(_, value)| value.as_str())
    }

    /// The body as text, invalid UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

async fn exchange(request: &Request) -> io::Result<Answer> {
    let url = Url::parse(&request.url).map_err(invalid)?;
    let stream = connect(&url).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut builder = hyper::Request::builder()
        .method(request.method.as_str())
        .uri(target)
        .header("host", host);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let body = Full::new(Bytes::from(request.body.clone()));
    let response = sender
        .send_request(builder.body(body).map_err(invalid)?)
        .await;
    let (head, body) = response.map_err(broken)?.into_parts();
    let body = body.collect().await.map_err(broken)?.to_bytes().to_vec();
    driver.abort();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Answer {
        status: head.status.as_u16(),
        headers,
        body,
    })
}

async fn connect(url: &Url) -> io::Result<TcpStream> {
    let (Some(host), Some(port), "http") =
        (url.host_str(), url.port_or_known_default(), url.scheme())
    else {
        return Err(invalid(format!("`{url}` is no plain http URL")));
    };
    // `localhost` may be either family, and a listener may hold only one of them.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = match name {
        "localhost" => vec![
            ([127, 0, 0, 1], port).into(),
            ([0, 0, 0, 0, 0, 0, 0, 1u16], port).into(),
        ],
        // A literal resolves to itself; any other name is refused before it is looked up.
        _ if name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()) =>
        {
            (name, port).to_socket_addrs()?.collect()
        }
        _ => return Err(invalid(format!("`{host}` is not this machine"))),
    };
    TcpStream::connect(&addresses[..]).await
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn broken(why: hyper::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::Request;

    #[test]
    fn nothing_but_plain_http_on_loopback_is_contacted() {
        for url in [
            "http://192.0.2.1/",
            "http://example.test/",
            "http://127.0.0.1.example.test/",
            "https://127.0.0.1:1/",
            "file:///etc/passwd",
            "not a url",
        ] {
            let error = Request::get(url).send().expect_err(url);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}: {error}");
        }
    }

    #[test]
    fn loopback_in_every_spelling_is_tried() {
        // The negative control of the refusals above: these get as far as the closed port.
        for url in [
            "http://127.0.0.1:1/",
            "http://localhost:1/",
            "http://[::1]:1/",
        ] {
            let error = Request::get(url).send().expect_err(url);
            assert_ne!(error.kind(), ErrorKind::InvalidInput, "{url}: {error}");
        }
    }
}
