//! A proxy is used because the caller says so, and never on the way to this machine itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use authkeep_core::{BodyCap, HttpClient as _, HttpError, ProxySettings, Reach, ReqwestClient};
use authkeep_flows::{HttpRequest, Method};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};

use super::token_request;

/// A proxy that refuses everything and tells what it was asked.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let mut stream = stream;
            drop(stream.write_all(b"HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n"));
            if sender.send(head).is_err() {
                return;
            }
        }
    });
    (format!("http://localhost:{}", address.port()), asked)
}

#[tokio::test]
async fn https_goes_through_it_sealed_and_loopback_past_it() {
    let (url, asked) = proxy();
    let client = ReqwestClient::new(ProxySettings {
        https: Some(url),
        no_proxy: Some("direct.test".to_owned()),
    });
    let secret = canary();

    // A name that only the proxy would have to look up.
    let far = format!("https://as.test/token?leak={secret}")
        .parse()
        .unwrap();
    let request = HttpRequest::new(Method::Post, far).form(&[("refresh_token", &secret)]);
    // The proxy itself is on this machine, which only the user can have wanted.
    let sent = client.send(&request, BodyCap::Token, Reach::Public);
    let error = sent.await.unwrap_err();
    let head = asked.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(head.starts_with("CONNECT as.test:443 "), "{head}");
    let said = format!("{head} {error} {error:?}");
    assert_eq!(Scanner::new(&[&secret]).scan(said.as_bytes()), [], "{said}");
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");

    let server = OAuthServer::start(ServerOptions::default());
    for host in ["127.0.0.1", "localhost"] {
        let url = server.url().replace("127.0.0.1", host);
        let request = HttpRequest::new(Method::Post, format!("{url}/token").parse().unwrap());
        let answer = client
            .send(&request, BodyCap::Token, Reach::Anywhere)
            .await
            .unwrap();
        assert_eq!(answer.status(), 400);
    }
    for address in [
        "http://[::1]:1/",
        "http://127.8.9.1:1/",
        "http://direct.test:1/",
    ] {
        let request = HttpRequest::new(Method::Get, address.parse().unwrap());
        drop(
            client
                .send(&request, BodyCap::Token, Reach::Anywhere)
                .await
                .unwrap_err(),
        );
    }
    assert!(
        asked.try_recv().is_err(),
        "the proxy was asked for loopback"
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error_without_the_address() {
    let secret = canary();
    let client = ReqwestClient::new(ProxySettings {
        https: Some(format!("http://user:{secret}@[bad")),
        no_proxy: None,
    });
    let server = OAuthServer::start(ServerOptions::default());
    let request = token_request(&server, &secret);
    let error = client
        .send(&request, BodyCap::Token, Reach::Anywhere)
        .await
        .unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(matches!(error, HttpError::Setup(_)), "{said}");
    assert_eq!(Scanner::new(&[&secret]).scan(said.as_bytes()), [], "{said}");
    assert_eq!(server.log().len(), 0);
}
