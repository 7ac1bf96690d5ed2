//! What listens in the place of an authorization server and is none.

use std::any::Any;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A port of 127.0.0.1 where every connection meets the same fate; closed when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn start(fate: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (accepted, stopped) = <(Arc<AtomicUsize>, Arc<AtomicBool>)>::default();
        let address = listener.local_addr().unwrap();
        let (count, stop) = (Arc::clone(&accepted), Arc::clone(&stopped));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                // Nobody here waits for ever, whatever the client does.
                stream
                    .set_read_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                fate(stream);
            }
        });
        Self {
            address,
            accepted,
            stopped,
            thread: Some(thread),
        }
    }

    /// Closes every connection at once.
    pub(crate) fn closing() -> Self {
        Self::start(drop)
    }

    /// Reads a first byte and goes: what was not read makes it a reset.
    pub(crate) fn resetting() -> Self {
        Self::start(|mut stream| drop(stream.read(&mut [0])))
    }

    /// Says these bytes to whoever connects, and closes once the client has gone quiet.
    pub(crate) fn greeting(bytes: &'static [u8]) -> Self {
        Self::start(move |mut stream| {
            drop(stream.write_all(bytes));
            drop(stream.read(&mut [0; 4096]));
        })
    }

    /// Reads a whole request, says these bytes and closes.
    pub(crate) fn saying(bytes: &'static [u8]) -> Self {
        Self::start(move |stream| {
            read_request(&stream);
            drop((&stream).write_all(bytes));
        })
    }

    /// An authorization server with a good answer and a certificate that nobody vouches for.
    pub(crate) fn self_signed() -> Self {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate()],
                PrivateKeyDer::from_pem_slice(SELF_SIGNED).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        Self::start(move |stream| {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            read_request(&mut stream);
            drop(stream.write_all(GOOD));
            stream.conn.send_close_notify();
            drop(stream.flush());
        })
    }

    /// An address here, with `http` or `https`.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/token", self.address)
    }

    /// How many connections stood.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A port where nobody listens and which nobody else gets, as long as the second value lives.
pub(crate) fn nobody() -> (String, Box<dyn Any>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (format!("http://{address}/token"), Box::new(socket))
}

/// The whole answer of [`Listener::self_signed`].
const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\
    connection: close\r\n\r\n{\"access_token\":\"tls\"}";

/// A certificate for 127.0.0.1, good from 2024 to 2123, signed with its own key, and that key.
const SELF_SIGNED: &[u8] = include_bytes!("self_signed.pem");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(SELF_SIGNED).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Reads the head and as much of a body as it announces; less, if the client goes.
fn read_request(stream: impl Read) {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    drop(stream.read_exact(&mut vec![0; length]));
}

/// The control of [`Listener::self_signed`]: who trusts that certificate gets the good answer, so that it is
/// the certificate that a refresh stumbles over.
#[test]
fn the_self_signed_server_answers_those_who_trust_it() {
    let listener = Listener::self_signed();
    let ask = |roots| {
        let config = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = std::net::IpAddr::from([127, 0, 0, 1]).into();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(session, TcpStream::connect(listener.address).unwrap());
        let mut answer = Vec::new();
        stream.write_all(b"POST /token HTTP/1.1\r\ncontent-length: 3\r\n\r\na=b")?;
        stream.read_to_end(&mut answer).map(|_| answer)
    };
    let mut roots = rustls::RootCertStore::empty();
    assert!(ask(roots.clone()).is_err());
    roots.add(certificate()).unwrap();
    assert_eq!(ask(roots).unwrap(), GOOD);
}
