//! A client that goes through the sidecar: raw where a test writes its own bytes, hyper's where it does not.

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[derive(Debug, Clone)]
pub(crate) struct Proxied {
    pub(crate) address: String,
    /// The value of Proxy-Authorization, if it is sent.
    pub(crate) authorization: Option<String>,
    roots: Arc<RootCertStore>,
}

/// A status, and a body that is here.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answered {
    /// The `error` of a refusal.
    pub(crate) fn error(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

impl Proxied {
    pub(crate) fn new(url: &str, ca_pem: &str) -> Self {
        let (pair, address) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('@')
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
            .unwrap();
        let encoded = base64::prelude::BASE64_STANDARD.encode(pair);
        Self {
            address: address.to_owned(),
            authorization: Some(format!("Basic {encoded}")),
            roots: Arc::new(roots),
        }
    }

    /// The answer to a CONNECT, and the connection after it.
    pub(crate) async fn connect(&self, target: &str) -> (StatusCode, TcpStream) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(value) = &self.authorization {
            head += &format!("Proxy-Authorization: {value}\r\n");
        }
        stream
            .write_all(format!("{head}\r\n").as_bytes())
            .await
            .unwrap();
        let head = read_head(&mut stream).await;
        (status(&head), stream)
    }

    /// TLS through a tunnel to `target`, for the host name in it.
    pub(crate) async fn tls(
        &self,
        target: &str,
        alpn: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = target.rsplit_once(':').unwrap().0;
        self.tls_as(target, name, alpn).await
    }

    /// TLS through a tunnel to `target`, for another name.
    pub(crate) async fn tls_as(
        &self,
        target: &str,
        name: &str,
        alpn: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let (status, stream) = self.connect(target).await;
        assert_eq!(status, StatusCode::OK, "CONNECT {target}");
        let mut config = config(&self.roots);
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// The same by a client that takes any certificate.
    pub(crate) async fn tls_unchecked(
        &self,
        target: &str,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let (_, stream) = self.connect(target).await;
        let mut config = config(&self.roots);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(AnyCertificate));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// A connection for HTTP/1.1 to `target`.
    pub(crate) async fn http1<B>(&self, target: &str) -> hyper::client::conn::http1::SendRequest<B>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + Unpin
            + 'static,
    {
        let tls = self.tls(target, &["http/1.1"]).await.unwrap();
        let connected = hyper::client::conn::http1::handshake(TokioIo::new(tls));
        let (sender, connection) = connected.await.unwrap();
        tokio::spawn(connection.with_upgrades());
        sender
    }

    /// A connection for HTTP/2 to `target`.
    pub(crate) async fn http2<B>(&self, target: &str) -> hyper::client::conn::http2::SendRequest<B>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + Unpin
            + 'static,
    {
        let tls = self.tls(target, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        let connected =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls));
        let (sender, connection) = connected.await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// One request on a connection of its own.
    pub(crate) async fn send(&self, target: &str, request: Request<Full<Bytes>>) -> Answered {
        let mut sender = self.http1(target).await;
        Answered::of(sender.send_request(request).await.unwrap()).await
    }

    /// GET `path` with a placeholder or whatever as the bearer token.
    pub(crate) async fn get(&self, target: &str, path: &str, token: &str) -> Answered {
        self.send(target, get(target, path, token)).await
    }

    /// Raw bytes to the proxy itself, and what it says until it closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        answer
    }
}

/// A request on a connection that is for `target`.
pub(crate) fn get(target: &str, path: &str, token: &str) -> Request<Full<Bytes>> {
    Request::get(path)
        .header("host", target)
        .header("authorization", format!("Bearer {token}"))
        .body(Full::default())
        .unwrap()
}

pub(crate) async fn read_head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    head
}

/// The status in the head of an answer; 0 becomes 599 so that a closed connection is no status of anybody's.
pub(crate) fn status(head: &[u8]) -> StatusCode {
    let digits = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let number = digits.and_then(|digits| digits.parse().ok()).unwrap_or(599);
    StatusCode::from_u16(number).unwrap()
}

/// Whether a client that takes any certificate gets through to the server.
pub(crate) async fn any_certificate(address: std::net::SocketAddr) -> bool {
    let mut config = config(&Arc::new(RootCertStore::empty()));
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(AnyCertificate));
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(super::ALLOWED).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.is_ok()
}

fn config(roots: &Arc<RootCertStore>) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(Arc::clone(roots))
        .with_no_client_auth()
}

/// What a client does that has verification switched off.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
