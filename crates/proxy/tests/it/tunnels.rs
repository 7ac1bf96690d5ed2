//! Hosts that no login is for: their connections are passed on unseen.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use authkeep_core::ProxySettings;
use http::StatusCode;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::stage::client::{read_head, status};
use crate::stage::{ALLOWED, ATTACKER, Plan, Stage};

/// A proxy of the user's that takes every name for this machine.
struct Egress {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Egress {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let egress = Self {
            address,
            heads: Arc::clone(&heads),
        };
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let heads = Arc::clone(&heads);
                tokio::spawn(async move {
                    let head = String::from_utf8(read_head(&mut client).await).unwrap();
                    let port = head
                        .split(' ')
                        .nth(1)
                        .unwrap()
                        .rsplit_once(':')
                        .unwrap()
                        .1
                        .to_owned();
                    heads.lock().unwrap().push(head);
                    let Ok(mut server) = TcpStream::connect(format!("127.0.0.1:{port}")).await
                    else {
                        client
                            .write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                            .await
                            .unwrap();
                        return;
                    };
                    client
                        .write_all(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
                        .await
                        .unwrap();
                    drop(copy_bidirectional(&mut client, &mut server).await);
                });
            }
        });
        egress
    }

    fn settings(&self) -> ProxySettings {
        ProxySettings {
            https: Some(format!("http://us%65r:p%40ss@{}", self.address)),
            no_proxy: Some("direct.test".to_owned()),
        }
    }
}

async fn stage() -> (Stage, Egress) {
    let egress = Egress::start().await;
    let stage = Stage::with(Plan {
        egress: egress.settings(),
        ..Plan::default()
    })
    .await;
    (stage, egress)
}

#[tokio::test]
async fn a_tunnel_is_not_looked_into() {
    let (stage, egress) = stage().await;
    let attacker = stage.attacker();
    // A client that trusts the server's own authority and not the sidecar's.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(stage.roots())
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for turn in 0..20 {
        let (connected, stream) = stage.client().connect(&attacker).await;
        assert_eq!(connected, StatusCode::OK);
        let name = ServerName::try_from(ATTACKER).unwrap();
        let mut tls = connector
            .connect(name, stream)
            .await
            .expect("it is the server's own certificate");
        let request = format!(
            "GET /{turn} HTTP/1.1\r\nHost: {attacker}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            stage.placeholder
        );
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        drop(tls.read_to_end(&mut answer).await);
        assert_eq!(status(&answer), StatusCode::OK);
    }
    let seen = stage.attacker.requests();
    assert_eq!(seen.len(), 20);
    assert_eq!(
        seen[0].headers["authorization"],
        format!("Bearer {}", stage.placeholder)
    );
    assert_eq!((stage.tally().minted(), stage.tally().tunnels()), (0, 20));
    assert_eq!((stage.source.asked(), stage.leaks(&stage.attacker)), (0, 0));
    let heads = egress.heads.lock().unwrap().clone();
    // `user:p@ss`
    assert!(
        heads.iter().all(
            |head| head.starts_with(&format!("CONNECT {attacker} HTTP/1.1\r\n"))
                && head.contains("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n")
        ),
        "{heads:?}"
    );
    // The control: at the host of a login the same client is shown the sidecar's certificate, which it does not trust.
    let (connected, stream) = stage.client().connect(&stage.allowed()).await;
    assert_eq!(connected, StatusCode::OK);
    let name = ServerName::try_from(ALLOWED).unwrap();
    assert!(connector.connect(name, stream).await.is_err());
    assert_eq!(stage.tally().minted(), 1);
    println!(
        "figure: 20 connections to a host of no login: 0 certificates made, 0 credentials asked for; 1 connection to the \
         host of one: 1 certificate"
    );
}

#[tokio::test]
async fn the_users_own_proxy_is_used_for_hosts_of_a_login_too() {
    let (stage, egress) = stage().await;
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(egress.heads.lock().unwrap().len(), 1);
    assert_eq!(stage.leaks(&stage.allowed), 2);
    // A server that is not there.
    let (connected, _) = stage.client().connect("gone.test:1").await;
    assert_eq!(connected, StatusCode::BAD_GATEWAY);
    // What is reached directly is judged by its address: it is this machine.
    let (connected, _) = stage.client().connect("direct.test:443").await;
    assert_eq!(connected, StatusCode::FORBIDDEN);
    // And so are names and addresses that say so themselves.
    for target in [
        "localhost:443",
        "x.localhost:443",
        "127.0.0.1:443",
        "[::1]:443",
        "169.254.169.254:80",
    ] {
        assert_eq!(
            stage.client().connect(target).await.0,
            StatusCode::FORBIDDEN,
            "{target}"
        );
    }
    assert_eq!(egress.heads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn plain_http_is_passed_on_without_what_is_the_proxys() {
    let (stage, _egress) = stage().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nAlt-Svc: h3=\":443\"\r\nKeep-Alive: x\r\nContent-Length: 2\r\n\r\nhi")
            .await
            .unwrap();
        String::from_utf8(head).unwrap().to_lowercase()
    });
    let client = stage.client();
    let authorization = client.authorization.clone().unwrap();
    let request = |headers: &str| {
        format!(
            "GET http://plain.test:{port}/x?y HTTP/1.1\r\nHost: plain.test:{port}\r\n{headers}\
             Proxy-Authorization: {authorization}\r\nProxy-Connection: x\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n"
        )
    };
    let answer = client.raw(request("").as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap().to_lowercase();
    assert!(
        answer.starts_with("http/1.1 200 ok") && answer.ends_with("\r\n\r\nhi"),
        "{answer}"
    );
    assert!(
        !answer.contains("alt-svc") && !answer.contains("keep-alive"),
        "{answer}"
    );
    let head = server.await.unwrap();
    assert!(head.starts_with("get /x?y http/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("host: plain.test:{port}")) && head.contains("x-end: 2"),
        "{head}"
    );
    for gone in ["proxy-", "x-hop", "connection"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    // A placeholder has no business in the open, and a request means one host.
    let answer = client
        .raw(request(&format!("X-Key: {}\r\n", stage.placeholder)).as_bytes())
        .await;
    assert!(String::from_utf8_lossy(&answer).contains("\"error\":\"denied\""));
    let two = request("").replace("Host: plain", "Host: other");
    let answer = client.raw(two.as_bytes()).await;
    assert!(String::from_utf8_lossy(&answer).contains("\"error\":\"misdirected\""));
    // What is no request to a proxy.
    let own = format!("GET / HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {authorization}\r\n\r\n");
    assert_eq!(
        status(&client.raw(own.as_bytes()).await),
        StatusCode::BAD_REQUEST
    );
}
