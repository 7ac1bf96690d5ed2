//! Two logins of one service, over the same connections: each request gets its own credential.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use authkeep_core::{Outlet, OutletHost, ProxySettings, Resolver, SystemClock};
use authkeep_proxy::{Placeholders, Roots, Routes, Sidecar, SidecarParts, Unmatched};
use authkeep_registry::Injection;
use authkeep_testkit::canary::canary;
use http::{Request, StatusCode};
use http_body_util::Full;
use secrecy::{ExposeSecret as _, SecretBox};

use crate::stage::authority::TestAuthority;
use crate::stage::client::{Answered, Proxied};
use crate::stage::origin::Origin;
use crate::stage::source::Given;
use crate::stage::{ALLOWED, account};

const REQUESTS: usize = 1000;

struct Two {
    origin: Origin,
    secrets: [String; 2],
    placeholders: [String; 2],
    sidecar: Arc<Sidecar>,
}

async fn two() -> Two {
    let authority = TestAuthority::new();
    let origin = Origin::start(&authority, ALLOWED).await;
    let (secrets, placeholders) = ([canary(), canary()], [canary(), canary()]);
    let accounts = [account("acme=work"), account("acme=home")];
    let source = Arc::new(Given::new(accounts[0].clone(), &secrets[0]));
    source.add(accounts[1].clone(), &secrets[1]);
    let pattern = format!("{ALLOWED}:{}", origin.address.port());
    let outlet = |at: usize| Outlet {
        provider: accounts[at].provider.clone(),
        connection: accounts[at].connection.clone(),
        is_default: false,
        local: true,
        hosts: vec![OutletHost {
            pattern: pattern.parse().unwrap(),
            injection: Injection::bearer(),
        }],
        plain_fields: vec![],
        headers: vec![],
        endpoints: vec![],
        token_endpoint: None,
    };
    let known = placeholders.iter().cloned().zip(accounts.iter().cloned());
    let parts = SidecarParts {
        routes: Routes::new(vec![outlet(0), outlet(1)]),
        placeholders: Placeholders::new(known.collect()).unwrap(),
        source,
        unmatched: Unmatched::Refuse,
        resolver: Resolver::new(|_| Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()])),
        roots: Roots::Only(authority.roots()),
        egress: ProxySettings::default(),
        profile: None,
        clock: Arc::new(SystemClock),
        random: SecretBox::new(Box::new([7; 32])),
    };
    let sidecar = Arc::new(Sidecar::bind(parts).await.unwrap());
    let serving = Arc::clone(&sidecar);
    tokio::spawn(async move { serving.serve().await });
    Two {
        origin,
        secrets,
        placeholders,
        sidecar,
    }
}

#[tokio::test]
async fn a_thousand_requests_of_two_logins_are_never_mixed_up() {
    let two = two().await;
    let target = format!("{ALLOWED}:{}", two.origin.address.port());
    let client = Proxied::new(
        two.sidecar.proxy_url().expose_secret(),
        two.sidecar.ca_pem(),
    );
    // Two programs, each with connections of its own for both versions, and each using both logins at once.
    let mut http2 = [client.http2(&target).await, client.http2(&target).await];
    let mut http1 = [client.http1(&target).await, client.http1(&target).await];
    let mut running = Vec::new();
    for turn in 0..REQUESTS {
        let (whose, program) = (turn % 3 % 2, turn / 4 % 2);
        let uri = format!("https://{target}/{whose}/{program}/{turn}");
        let mut request = Request::get(&uri);
        request = match turn % 5 {
            0 => request.header("authkeep-connection", ["acme=work", "acme=home"][whose]),
            1 => request.header("x-api-key", &two.placeholders[whose]),
            _ => request.header(
                "authorization",
                format!("Bearer {}", two.placeholders[whose]),
            ),
        };
        let body = Full::<bytes::Bytes>::default();
        if turn % 4 == 3 {
            let request = request
                .header("host", &target)
                .uri(format!("/{whose}/{program}/{turn}"));
            let sender = &mut http1[program];
            sender.ready().await.unwrap();
            let answer = sender
                .send_request(request.body(body).unwrap())
                .await
                .unwrap();
            assert_eq!(Answered::of(answer).await.status, StatusCode::OK);
        } else {
            let answer = http2[program].send_request(request.body(body).unwrap());
            running.push(tokio::spawn(async move {
                let answer = answer.await.unwrap();
                assert_eq!(Answered::of(answer).await.status, StatusCode::OK);
            }));
        }
    }
    for request in running {
        request.await.unwrap();
    }
    let seen = two.origin.requests();
    assert_eq!(seen.len(), REQUESTS);
    let mut programs: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    // The controls: a proxy that asks once for each connection, and one that has a pool for each host.
    let (mut asked_once, mut mixed_up) = (BTreeMap::new(), 0);
    let mut pooled = BTreeSet::new();
    for request in &seen {
        let path = request.uri.split('/').collect::<Vec<_>>();
        let [.., whose, program, _] = path[..] else {
            panic!("{}", request.uri)
        };
        let expected = &two.secrets[whose.parse::<usize>().unwrap()];
        let given: Vec<_> = request.headers.get_all("authorization").iter().collect();
        assert_eq!(given, [&format!("Bearer {expected}")], "{}", request.uri);
        assert!(!request.headers.contains_key("x-api-key"));
        let first = *asked_once.entry(request.connection).or_insert(expected);
        mixed_up += usize::from(first != expected);
        pooled.insert(program.to_owned());
        programs
            .entry(request.connection)
            .or_default()
            .insert(program.to_owned());
    }
    // No connection to the server was used by two programs.
    assert_eq!(programs.len(), 4);
    assert!(programs.values().all(|programs| programs.len() == 1));
    assert!(mixed_up > REQUESTS / 10 && pooled.len() == 2, "{mixed_up}");
    let tally = two.sidecar.tally().accounts();
    assert_eq!(
        tally.values().map(|counts| counts.injected).sum::<u64>(),
        REQUESTS as u64
    );
    println!(
        "figure: {REQUESTS} requests of two logins over 4 connections: 0 with the other's credential, 0 connections \
         shared; {mixed_up} by a proxy that asks for a credential once a connection, and {} programs on one connection of a \
         pool for each host",
        pooled.len()
    );
}

#[tokio::test]
async fn a_request_that_could_be_either_ones_is_refused_with_the_choices() {
    let two = two().await;
    let target = format!("{ALLOWED}:{}", two.origin.address.port());
    let client = Proxied::new(
        two.sidecar.proxy_url().expose_secret(),
        two.sidecar.ca_pem(),
    );
    let answered = client.get(&target, "/", "whatever").await;
    assert_eq!(
        (answered.status, answered.error().as_str()),
        (StatusCode::CONFLICT, "ambiguous")
    );
    let body: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(
        body["choices"],
        serde_json::json!(["acme=home", "acme=work"])
    );
    assert!(two.origin.requests().is_empty());
}
