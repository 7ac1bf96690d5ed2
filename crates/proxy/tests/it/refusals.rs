//! What cannot be done safely is not done: no request goes out without its credential.

use authkeep_proxy::{Code, Counts, Refusal, Unmatched};
use http::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::stage::client::{get, read_head};
use crate::stage::plain::Plain;
use crate::stage::{Plan, Stage, account};

#[tokio::test]
async fn a_credential_that_cannot_be_had_stops_the_request() {
    let stage = Stage::new().await;
    let allowed = stage.allowed();
    let codes = [
        (Code::NotConnected, 403, false),
        (Code::LoginExpired, 403, false),
        (Code::CredentialUnavailable, 503, true),
        (Code::VaultUnavailable, 502, false),
        (Code::AuditUnavailable, 502, false),
    ];
    let mut tries = 0;
    for (code, status, is_retryable) in codes {
        stage.source.fail(Some(
            Refusal::new(code, "it is a test").hint("do something"),
        ));
        for http2 in [false, true] {
            let answered = if http2 {
                let mut sender = stage.client().http2(&allowed).await;
                let mut request = get(&allowed, "/", &stage.placeholder);
                *request.uri_mut() = format!("https://{allowed}/").parse().unwrap();
                request.headers_mut().remove("host");
                crate::stage::client::Answered::of(sender.send_request(request).await.unwrap())
                    .await
            } else {
                stage.client().get(&allowed, "/", &stage.placeholder).await
            };
            tries += 1;
            assert_eq!(
                (answered.status.as_u16(), answered.error().as_str()),
                (status, code.as_str())
            );
            assert_eq!(answered.headers["x-authkeep-error"], code.as_str());
            let body: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
            assert_eq!(
                (&body["retryable"], &body["hint"]),
                (&is_retryable.into(), &"do something".into())
            );
        }
    }
    assert!(stage.allowed.requests().is_empty());
    let counts = stage.tally().accounts()[&account("acme=default")];
    assert_eq!(
        counts,
        Counts {
            injected: 0,
            refused: tries
        }
    );
    // The control: with nothing failing the same request goes through.
    stage.source.fail(None);
    assert_eq!(
        stage
            .client()
            .get(&allowed, "/", &stage.placeholder)
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(stage.allowed.requests().len(), 1);
    println!("figure: {tries} requests whose credential cannot be had: 0 forwarded");
}

#[tokio::test]
async fn a_placeholder_goes_nowhere_but_to_its_login() {
    let stage = Stage::with(Plan {
        patterns: vec!["allowed.test:{port}/v1".to_owned()],
        ..Plan::default()
    })
    .await;
    let allowed = stage.allowed();
    let answered = stage
        .client()
        .get(&allowed, "/other", &stage.placeholder)
        .await;
    assert_eq!(
        (answered.status, answered.error().as_str()),
        (StatusCode::FORBIDDEN, "denied")
    );
    assert!(stage.allowed.requests().is_empty());
    // Without it, a path that no login is for is forwarded as it is.
    assert_eq!(
        stage.client().get(&allowed, "/other", "mine").await.status,
        StatusCode::OK
    );
    assert_eq!(
        stage
            .client()
            .get(&allowed, "/v1/x", &stage.placeholder)
            .await
            .status,
        StatusCode::OK
    );
    let seen = stage.allowed.requests();
    assert_eq!(seen[0].headers["authorization"], "Bearer mine");
    assert_eq!(
        seen[1].headers["authorization"],
        format!("Bearer {}", stage.secret)
    );
    assert_eq!(stage.tally().passed(), 1);
}

#[tokio::test]
async fn other_hosts_are_refused_where_the_run_says_so() {
    let stage = Stage::with(Plan {
        unmatched: Unmatched::Refuse,
        ..Plan::default()
    })
    .await;
    let client = stage.client();
    let attacker = stage.attacker();
    let authorization = client.authorization.clone().unwrap();
    let connect = format!(
        "CONNECT {attacker} HTTP/1.1\r\nHost: {attacker}\r\nProxy-Authorization: {authorization}\r\n\r\n"
    );
    let answer = client.raw(connect.as_bytes()).await;
    assert!(String::from_utf8_lossy(&answer).contains("\"error\":\"unmatched\""));
    let plain = format!(
        "GET http://{attacker}/ HTTP/1.1\r\nHost: {attacker}\r\nProxy-Authorization: {authorization}\r\n\r\n"
    );
    let answer = client.raw(plain.as_bytes()).await;
    assert!(String::from_utf8_lossy(&answer).contains("\"error\":\"unmatched\""));
    assert_eq!(stage.attacker.connections(), 0);
    assert_eq!(
        client
            .get(&stage.allowed(), "/", &stage.placeholder)
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(stage.tally().refused(), 2);
}

#[tokio::test]
async fn nothing_is_injected_into_plain_http() {
    let stage = Stage::new().await;
    let client = stage.client();
    let authorization = client.authorization.clone().unwrap();
    let allowed = stage.allowed();
    let spellings = [
        allowed.clone(),
        allowed.to_uppercase(),
        "allowed.test".to_owned(),
        "allowed.test.".to_owned(),
        "allowed.test:80".to_owned(),
        format!("allowed.test:{}", stage.plain.address.port()),
    ];
    let mut refused = 0;
    for host in &spellings {
        for token in [stage.placeholder.as_str(), "none"] {
            let request = format!(
                "GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
                 Proxy-Authorization: {authorization}\r\n\r\n"
            );
            let answer = client.raw(request.as_bytes()).await;
            let said = String::from_utf8_lossy(&answer);
            assert!(said.contains("\"error\":\"plaintext\""), "{host}: {said}");
            refused += 1;
        }
    }
    assert_eq!((stage.allowed.connections(), stage.source.asked()), (0, 0));
    assert_eq!(stage.plain.seen(), b"");
    // The control: a proxy that puts the credential into whatever is for the host is found out.
    let careless = Plain::start().await;
    for host in &spellings {
        let mut stream = TcpStream::connect(careless.address).await.unwrap();
        let secret = &stage.secret;
        let request =
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        read_head(&mut stream).await;
    }
    let control = stage.found_in(&careless.seen());
    assert_eq!(control, spellings.len());
    println!(
        "figure: {refused} requests over plain http to a host of a login: 0 injected, 0 sent; by a careless proxy {control} \
         of {}",
        spellings.len()
    );
}
