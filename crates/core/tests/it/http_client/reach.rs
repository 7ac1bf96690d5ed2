//! A request that may only reach the public internet, and everything that would like to have it elsewhere.
//!
//! In the network of these tests every address leads back to the process, so that a connection to any of them is
//! really made and counted.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authkeep_core::{
    BodyCap, Broker, BrokerParts, Deadlines, HttpClient as _, HttpError, LoginError, ProxySettings,
    Reach, ReqwestClient, Resolver,
};
use authkeep_flows::{HttpRequest, Method};
use authkeep_testkit::plain_http;

use crate::fakes::{FakePerson, World, request};
use crate::process::alone_in_a_network;

/// What stands in a URL, and what a name is made to resolve to, one set for each time that it is asked.
type Case = (&'static str, &'static [&'static [&'static str]]);

/// Sixty ways to say an address that is nobody else's business.
const FORBIDDEN: [Case; 60] = [
    // Loopback.
    ("127.0.0.1", &[]),
    ("127.8.9.1", &[]),
    ("127.255.255.254", &[]),
    ("[::1]", &[]),
    ("0.0.0.0", &[]),
    ("[::]", &[]),
    // The same in other words.
    ("2130706433", &[]),
    ("0x7f000001", &[]),
    ("0x7f.1", &[]),
    ("0177.0.0.1", &[]),
    ("017700000001", &[]),
    ("127.1", &[]),
    ("127.0.1", &[]),
    ("%31%32%37.0.0.1", &[]),
    ("①②⑦.0.0.1", &[]),
    ("[::ffff:127.0.0.1]", &[]),
    ("[::ffff:7f00:1]", &[]),
    ("[::127.0.0.1]", &[]),
    ("[0:0:0:0:0:0:0:1]", &[]),
    // Private networks.
    ("10.0.0.1", &[]),
    ("10.255.255.255", &[]),
    ("0x0a.0.0.1", &[]),
    ("012.0.0.1", &[]),
    ("167772161", &[]),
    ("172.16.0.1", &[]),
    ("172.31.255.254", &[]),
    ("192.168.1.1", &[]),
    ("3232235777", &[]),
    ("[::ffff:10.0.0.1]", &[]),
    ("[::ffff:c0a8:101]", &[]),
    ("[fc00::1]", &[]),
    ("[fd12:3456::1]", &[]),
    // Link-local addresses, and the metadata services of clouds.
    ("169.254.1.1", &[]),
    ("169.254.169.254", &[]),
    ("2852039166", &[]),
    ("0xa9fea9fe", &[]),
    ("0251.0376.0251.0376", &[]),
    ("[::ffff:169.254.169.254]", &[]),
    ("[fd00:ec2::254]", &[]),
    ("100.100.100.200", &[]),
    ("192.0.0.192", &[]),
    ("168.63.129.16", &[]),
    // Shared, special and reserved.
    ("100.64.0.1", &[]),
    ("100.127.255.254", &[]),
    ("192.0.2.1", &[]),
    ("198.18.0.1", &[]),
    ("203.0.113.7", &[]),
    ("240.0.0.1", &[]),
    ("[64:ff9b::a9fe:a9fe]", &[]),
    ("[2002:7f00:1::]", &[]),
    ("[2001:db8::1]", &[]),
    // Names.
    ("localhost", &[&["127.0.0.1"]]),
    ("metadata.google.internal", &[&["169.254.169.254"]]),
    ("router", &[&["192.168.1.1"]]),
    ("loopback.example.com", &[&["127.0.0.1"]]),
    ("six.example.com", &[&["::1"]]),
    ("mapped.example.com", &[&["::ffff:10.0.0.1"]]),
    (
        "several.example.com",
        &[&["10.0.0.1", "fd00::1", "100.64.0.1"]],
    ),
    ("cloud.example.com.", &[&["169.254.169.254"]]),
    // Whoever resolved it twice, once to look and once to connect, would be had.
    (
        "rebinding.example.com",
        &[&["10.0.0.1"], &["93.184.216.34"]],
    ),
];

const PUBLIC: [Case; 6] = [
    ("93.184.216.34", &[]),
    ("0x5db8d822", &[]),
    ("[2606:4700::1111]", &[]),
    ("as.example.com", &[&["93.184.216.34"]]),
    ("six.example.com", &[&["2606:4700::1111"]]),
    // What is public of a mixed answer will do.
    (
        "mixed.example.com",
        &[&["10.0.0.1", "93.184.216.34", "::1"]],
    ),
];

/// Everything that was connected to in this network, whatever its address.
pub(crate) struct Net {
    pub(crate) port: u16,
    reached: Arc<Mutex<Vec<IpAddr>>>,
}

impl Net {
    /// Two listeners, one for each family, that hang up on everybody.
    pub(crate) fn new() -> Self {
        let reached: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
        let six = TcpListener::bind("[::]:0").unwrap();
        let port = six.local_addr().unwrap().port();
        // A listener for `::` takes the other family along, unless the machine is set up otherwise.
        let four = TcpListener::bind(("0.0.0.0", port)).ok();
        for listener in [Some(six), four].into_iter().flatten() {
            let reached = Arc::clone(&reached);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let address = stream.local_addr().unwrap().ip().to_canonical();
                    reached.lock().unwrap().push(address);
                }
            });
        }
        Self { port, reached }
    }

    /// Asks for a document at `host`, and says what was connected to.
    async fn ask(&self, case: Case, reach: Reach) -> (HttpError, Vec<IpAddr>, usize) {
        let (host, answers) = case;
        let asked = Arc::new(AtomicUsize::new(0));
        let client = client(Arc::clone(&asked), HashMap::from([(host, answers)]));
        let url = format!("https://{host}:{}/token?secret", self.port);
        let request = HttpRequest::new(Method::Post, url.parse().unwrap());
        let error = client.send(&request, BodyCap::Token, reach).await;
        (
            error.unwrap_err(),
            self.reached(),
            asked.load(Ordering::SeqCst),
        )
    }

    /// What was connected to since the last time.
    pub(crate) fn reached(&self) -> Vec<IpAddr> {
        std::mem::take(&mut *self.reached.lock().unwrap())
    }
}

pub(crate) fn client(
    asked: Arc<AtomicUsize>,
    names: HashMap<&'static str, &'static [&'static [&'static str]]>,
) -> ReqwestClient {
    let resolver = Resolver::new(move |host| {
        let answers = names.get(host).copied().unwrap_or_default();
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        let answer = answers.get(turn).or(answers.last()).copied();
        Ok(answer
            .unwrap_or_default()
            .iter()
            .map(|address| address.parse().unwrap())
            .collect())
    });
    ReqwestClient::new(ProxySettings::default())
        .with_resolver(resolver)
        .with_deadlines(Deadlines {
            connect: Duration::from_secs(5),
            ..Deadlines::default()
        })
}

#[test]
fn no_address_of_this_machine_or_its_network_is_connected_to() {
    println!(
        "figure: {}",
        alone_in_a_network("http_client::reach::matrix")
    );
}

#[tokio::test]
#[ignore = "runs in a network of its own"]
async fn matrix() {
    let net = Net::new();
    let mut connected_without = 0;
    for case in FORBIDDEN {
        let (error, reached, _) = net.ask(case, Reach::Public).await;
        assert_eq!(reached, [] as [IpAddr; 0], "{case:?}");
        assert!(
            matches!(&error, HttpError::Forbidden { .. }),
            "{case:?}: {error:?}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
        // The negative control: the same request without the guard arrives.
        let (error, reached, _) = net.ask(case, Reach::Anywhere).await;
        assert!(!reached.is_empty(), "{case:?}: {error:?}");
        connected_without += 1;
    }
    for case in PUBLIC {
        let (error, reached, asked) = net.ask(case, Reach::Public).await;
        let public: BTreeSet<IpAddr> = ["93.184.216.34", "2606:4700::1111"]
            .map(|address| address.parse().unwrap())
            .into();
        let reached: BTreeSet<IpAddr> = reached.into_iter().collect();
        assert!(
            !reached.is_empty() && reached.is_subset(&public),
            "{case:?}: {error:?}, {reached:?}"
        );
        assert!(asked <= 1, "{case:?}: resolved {asked} times");
    }
    println!(
        "figure: {} forbidden addresses: 0 connected to with the guard, {connected_without} without it; {} public \
         ones reached",
        FORBIDDEN.len(),
        PUBLIC.len()
    );
}

#[test]
fn a_name_that_changes_its_address_is_judged_each_time() {
    println!(
        "figure: {}",
        alone_in_a_network("http_client::reach::rebinding")
    );
}

#[tokio::test]
#[ignore = "runs in a network of its own"]
async fn rebinding() {
    let net = Net::new();
    let answers: &[&[&str]] = &[&["93.184.216.34"], &["127.0.0.1"], &["93.184.216.34"]];
    for reach in [Reach::Public, Reach::Anywhere] {
        let client = client(Arc::default(), HashMap::from([("as.example.com", answers)]));
        let url = format!("https://as.example.com:{}/token", net.port);
        let request = HttpRequest::new(Method::Post, url.parse().unwrap());
        let mut reached = Vec::new();
        for _ in 0..3 {
            drop(client.send(&request, BodyCap::Token, reach).await);
            reached.extend(net.reached());
        }
        let loopback = reached.iter().filter(|address| address.is_loopback());
        // Without the guard the second request goes where the name points by then.
        let expected = usize::from(reach == Reach::Anywhere);
        assert_eq!(loopback.count(), expected, "{reached:?}");
        assert_eq!(reached.len(), 2 + expected, "{reached:?}");
    }
    println!(
        "figure: 3 requests to a name that turns to loopback and back: 2 sent, both to its public address"
    );
}

/// A login whose token endpoint is a name for this machine: how it failed, and how often the endpoint was reached.
async fn login_at_a_name_of_this_machine(reach: Reach) -> (LoginError, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let reached = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reached);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let world = World::new();
    let mut definition = world.definition();
    definition["local"] = (reach == Reach::Anywhere).into();
    definition["hosts"] = serde_json::json!(["as.example.com"]);
    definition["whoami"].take();
    definition["oauth"]["issuer"].take();
    for (name, path) in [("authorization_url", "authorize"), ("token_url", "token")] {
        definition["oauth"][name] = format!("https://as.example.com:{port}/{path}").into();
    }
    definition["oauth"]["revocation_url"].take();
    world.define(&definition);
    let names: HashMap<_, &'static [&'static [&'static str]]> =
        HashMap::from([("as.example.com", &[&["127.0.0.1"] as &[&str]] as &[&[&str]])]);
    let broker = Broker::new(BrokerParts {
        http: Arc::new(client(Arc::default(), names)),
        ..world.parts()
    });
    let person = FakePerson::browsing(|url| {
        let url: url::Url = url.parse().unwrap();
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let back = format!("{}?code=c&state={}", asked["redirect_uri"], asked["state"]);
        plain_http::Request::get(&back).send().unwrap();
    });
    let error = broker.login(&request(), &person).await.unwrap_err();
    person.come_back();
    (error, reached.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_login_takes_its_code_nowhere_but_to_the_public_unless_its_definition_is_local() {
    let (error, reached) = login_at_a_name_of_this_machine(Reach::Public).await;
    assert!(
        matches!(&error, LoginError::Http(HttpError::Forbidden { host, .. }) if host == "as.example.com"),
        "{error:?}"
    );
    assert_eq!(reached, 0);
    // The negative control: a definition that is marked local may. There is no TLS there, so it fails all the same.
    let (error, reached) = login_at_a_name_of_this_machine(Reach::Anywhere).await;
    assert!(
        matches!(&error, LoginError::Http(HttpError::Connect { .. })),
        "{error:?}"
    );
    assert_eq!(reached, 1);
}

#[tokio::test]
async fn plain_http_is_not_for_the_public() {
    for url in ["http://as.example.com/", "http://93.184.216.34/"] {
        let request = HttpRequest::new(Method::Get, url.parse().unwrap());
        let client = client(Arc::default(), HashMap::new());
        let error = client
            .send(&request, BodyCap::Metadata, Reach::Public)
            .await;
        assert!(
            matches!(error, Err(HttpError::Forbidden { .. })),
            "{error:?}"
        );
    }
}
