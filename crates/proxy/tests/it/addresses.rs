//! Where no connection is ever made to, by address and by name.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authkeep_core::Resolver;
use http::StatusCode;

use crate::stage::{Plan, Stage};

/// Loopback, link-local, metadata, unspecified, multicast and reserved addresses, plain and inside IPv6 forms.
const FORBIDDEN: [&str; 48] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0.0.0.0]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:224.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::]",
    "[2002:e000:1::]",
    "[fe80::1]",
    "[fe80::a9fe:a9fe]",
    "[febf::1]",
    "[ff02::1]",
    "[ff05::2]",
    "[ff0e::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[::a9fe:a9fe]",
    "[::ffff:6464:64c8]",
    "[::ffff:a83f:8110]",
    "[::0.0.0.1]",
];

/// Spellings that some resolvers take for an address.
const ODD: [&str; 8] = [
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.1",
    "017700000001",
    "127.0.0.1.",
    "[::1%25lo]",
];

const NAMES: [&str; 4] = ["localhost", "x.localhost", "LOCALHOST", "localhost."];

#[tokio::test]
async fn no_tunnel_leads_to_this_machine_or_to_what_serves_it_alone() {
    // Whoever connects to any address of this machine, at this port, is seen.
    let trap = TcpListener::bind("0.0.0.0:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let stage = Stage::new().await;
    let client = stage.client();
    let mut tries = 0;
    for host in FORBIDDEN.iter().chain(&NAMES) {
        let (status, _) = client.connect(&format!("{host}:{port}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
        tries += 1;
    }
    for host in ODD {
        let (status, _) = client.connect(&format!("{host}:{port}")).await;
        assert!(
            [StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST].contains(&status),
            "{host}: {status}"
        );
        tries += 1;
    }
    // Its own port, to go round in circles.
    let own = stage.sidecar.address().to_string();
    assert_eq!(client.connect(&own).await.0, StatusCode::FORBIDDEN);
    let authorization = client.authorization.clone().unwrap();
    let plain = format!(
        "GET http://{own}/ HTTP/1.1\r\nHost: {own}\r\nProxy-Authorization: {authorization}\r\n\r\n"
    );
    let answer = client.raw(plain.as_bytes()).await;
    assert!(String::from_utf8_lossy(&answer).contains("\"error\":\"forbidden_address\""));
    let connected = std::iter::from_fn(|| trap.accept().ok()).count();
    assert_eq!(connected, 0);
    // The control: those of them that are this machine's would have answered.
    let careless = FORBIDDEN.iter().filter(|host| {
        let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        ip.is_some_and(|ip| ip.to_canonical().is_loopback() || ip.to_canonical().is_unspecified())
            && std::net::TcpStream::connect(format!("{host}:{port}")).is_ok()
    });
    let careless = careless.count();
    assert!(careless >= 5, "{careless}");
    println!(
        "figure: {tries} forbidden addresses: 0 connects; {careless} of them lead to this machine without the rule"
    );
}

#[tokio::test]
async fn a_name_is_judged_by_the_very_addresses_that_it_is_connected_by() {
    for (host, ip) in FORBIDDEN.iter().enumerate().filter_map(|(at, host)| {
        Some((
            format!("n{at}.test"),
            host.trim_matches(['[', ']']).parse::<IpAddr>().ok()?,
        ))
    }) {
        let lookups = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lookups);
        let stage = Stage::with(Plan {
            // The second answer would be another one: it must not be asked for.
            resolver: Resolver::new(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(vec![ip])
            }),
            local: false,
            ..Plan::default()
        })
        .await;
        let (status, _) = stage.client().connect(&format!("{host}:443")).await;
        assert_eq!(
            (status, lookups.load(Ordering::Relaxed)),
            (StatusCode::FORBIDDEN, 1),
            "{ip}"
        );
    }
}

#[tokio::test]
async fn a_credential_goes_to_public_addresses_unless_its_definition_says_otherwise() {
    for ip in [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
    ] {
        let ip: Ipv4Addr = ip.parse().unwrap();
        let stage = Stage::with(Plan {
            resolver: Resolver::new(move |_| Ok(vec![ip.into()])),
            local: false,
            ..Plan::default()
        })
        .await;
        let answered = stage
            .client()
            .get(&stage.allowed(), "/", &stage.placeholder)
            .await;
        let said = (answered.status, answered.error());
        assert_eq!(
            said,
            (StatusCode::FORBIDDEN, "forbidden_address".to_owned()),
            "{ip}"
        );
        assert_eq!((stage.source.asked(), stage.allowed.connections()), (0, 0));
    }
    // The control: where the definition is marked local, the same is served.
    let stage = Stage::new().await;
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    assert_eq!(answered.status, StatusCode::OK);
}
