//! The least that a proxy of each kind has to do, by which the sidecar is measured.
//!
//! `reference tunnel` copies bytes and looks at nothing. `reference mitm ROOT.pem CA.pem VALUE` opens every connection,
//! sets one header and forwards to servers that `ROOT.pem` vouches for: no routes, no vault, no checks, no second
//! protocol. It writes the certificate to trust to `CA.pem`. Both print their port and serve until they are killed.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, body::Incoming};
use hyper::{client, server};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let opener = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tunnel"] => None,
        ["mitm", root, ca, value] => Some(Arc::new(Opener::new(root, ca, value)?)),
        _ => return Err("reference tunnel | reference mitm ROOT CA VALUE".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", listener.local_addr()?.port())?;
        out.flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            let opener = opener.clone();
            tokio::spawn(async move {
                // Whoever hangs up is no concern of the proxy's.
                let _ended = connection(stream, opener).await;
            });
        }
    })
}

async fn connection(mut below: TcpStream, opener: Option<Arc<Opener>>) -> Fallible<()> {
    below.set_nodelay(true)?;
    let authority = connect_request(&mut below).await?;
    let (_, port) = authority.split_once(':').ok_or("no port")?;
    // All names of the benchmark are this machine's.
    let mut above = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    above.set_nodelay(true)?;
    below.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    match opener {
        None => {
            copy_bidirectional(&mut below, &mut above).await?;
        }
        Some(opener) => opener.forward(below, above, &authority).await?,
    }
    Ok(())
}

/// Reads the head of a CONNECT request and returns its target.
async fn connect_request(stream: &mut TcpStream) -> Fallible<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await?;
        if count == 0 || head.len() > 8192 {
            return Err("no request".into());
        }
        head.extend_from_slice(&bytes[..count]);
    }
    let line = String::from_utf8(head)?;
    Ok(line.split(' ').nth(1).unwrap_or_default().to_owned())
}

struct Opener {
    issuer: Issuer<'static, KeyPair>,
    value: HeaderValue,
    client: TlsConnector,
    leaves: Mutex<HashMap<String, TlsAcceptor>>,
}

impl Opener {
    fn new(root: &str, ca: &str, value: &str) -> Fallible<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root)?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(ca, params.self_signed(&key)?.pem())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            issuer: Issuer::new(params, key),
            value: HeaderValue::from_str(value)?,
            client: TlsConnector::from(Arc::new(client)),
            leaves: Mutex::default(),
        })
    }

    fn acceptor(&self, host: &str) -> Fallible<TlsAcceptor> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(acceptor) = leaves.get(host) {
            return Ok(acceptor.clone());
        }
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new([host.to_owned()])?.signed_by(&key, &self.issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        leaves.insert(host.to_owned(), acceptor.clone());
        Ok(acceptor)
    }

    async fn forward(&self, below: TcpStream, above: TcpStream, authority: &str) -> Fallible<()> {
        let host = authority.split(':').next().unwrap_or_default();
        let name = ServerName::try_from(host.to_owned())?;
        let above = self.client.connect(name, above).await?;
        let below = self.acceptor(host)?.accept(below).await?;
        let (sender, driver) = client::conn::http1::handshake(TokioIo::new(above)).await?;
        tokio::spawn(driver);
        let sender = tokio::sync::Mutex::new(sender);
        let service = service_fn(|mut request: Request<Incoming>| {
            request
                .headers_mut()
                .insert(AUTHORIZATION, self.value.clone());
            async { sender.lock().await.send_request(request).await }
        });
        server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(below), service)
            .await?;
        Ok(())
    }
}
