//! The callback port: on loopback only, only while a login waits, and never shared.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use authkeep_core::{LoginError, LoginOutcome, LoopbackError};
use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::oauth_server::Scripted;
use tokio::net::TcpSocket;
use url::Url;

use super::attack::Target;
use crate::fakes::{FakePerson, World, request};
use crate::process::{alone, listeners};

/// The port of the redirect URI that is registered in full.
const REGISTERED: u16 = 27_149;
/// Held by whichever test of this process uses it.
pub(super) static REGISTERED_PORT: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[test]
fn it_is_on_loopback_and_gone_within_a_second() {
    println!("figure: {}", alone("login::listener::scope"));
}

/// How a login ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Granted,
    Denied,
    TimedOut,
    Cancelled,
    SlowServer,
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn scope() {
    let world = World::new();
    let own = listeners();
    assert_eq!(own.len(), 1, "only the test's server: {own:?}");
    let mut slowest = Duration::ZERO;
    for redirect in ["loopback", "localhost"] {
        world.redefine("/oauth/redirect", redirect);
        for ending in [
            Ending::Granted,
            Ending::Denied,
            Ending::TimedOut,
            Ending::Cancelled,
            Ending::SlowServer,
        ] {
            let (during, closed_after) = one_login(&world, &own, ending).await;
            let expected = if redirect == "localhost" { 2 } else { 1 };
            assert_eq!(during.len(), expected, "{during:?}");
            assert!(during.iter().all(|address| address.ip().is_loopback()));
            assert!(during.iter().all(|address| address.port() >= 1024));
            assert!(
                closed_after <= Duration::from_secs(1),
                "{ending:?}: {closed_after:?}"
            );
            slowest = slowest.max(closed_after);
        }
    }
    println!("figure: 10 logins, 0 listeners off loopback, gone after {slowest:?} at most");
}

/// Runs one login; returns who listened during it, and how long after its end the last one was gone. For a
/// slow token endpoint the end is that of the browser's part.
async fn one_login(
    world: &World,
    own: &BTreeSet<SocketAddr>,
    ending: Ending,
) -> (BTreeSet<SocketAddr>, Duration) {
    let broker = world.broker();
    let (seen, during) = mpsc::channel();
    let (left, browser_left) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        seen.send(listeners()).unwrap();
        match ending {
            Ending::Granted | Ending::SlowServer => drop(follow(&url, Person::Approve).unwrap()),
            Ending::Denied => drop(follow(&url, Person::Deny).unwrap()),
            Ending::TimedOut | Ending::Cancelled => {}
        }
        left.send(Instant::now()).unwrap();
    });
    let mut request = request();
    match ending {
        Ending::TimedOut => request.patience = Some(Duration::from_millis(500)),
        Ending::SlowServer => world.script([Scripted::Delay(2_500)]),
        _ => {}
    }
    let login = tokio::spawn(async move {
        let outcome = broker.login(&request, &person).await;
        (outcome, person)
    });
    let during = tokio::task::spawn_blocking(move || during.recv().unwrap());
    let during = during.await.unwrap();
    let mut ended = Instant::now();
    match ending {
        Ending::Cancelled => {
            login.abort();
            assert!(login.await.unwrap_err().is_cancelled());
        }
        Ending::SlowServer => {
            let browser = tokio::task::spawn_blocking(move || browser_left.recv().unwrap());
            ended = browser.await.unwrap();
            // The browser is done, the exchange is not: nobody needs the port any more.
            let closed_after = closed_after(&(&during - own), ended).await;
            assert!(!login.is_finished());
            drop(login.await.unwrap().0.unwrap());
            return (&during - own, closed_after);
        }
        _ => {
            let (outcome, _) = login.await.unwrap();
            assert_eq!(outcome.is_ok(), ending == Ending::Granted, "{outcome:?}");
            ended = Instant::now();
        }
    }
    let added = &during - own;
    let closed_after = closed_after(&added, ended).await;
    assert_eq!(listeners(), *own, "{ending:?}");
    (added, closed_after)
}

/// How long after `ended` nobody could connect to any of these any more.
async fn closed_after(added: &BTreeSet<SocketAddr>, ended: Instant) -> Duration {
    let open = |address: &SocketAddr| TcpStream::connect(address).is_ok();
    while added.iter().any(open) && ended.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    ended.elapsed()
}

/// Takes a port as soon as whoever else has it lets go of it. A connection that went out by it keeps it for a
/// minute after its end.
async fn squat(address: SocketAddr) -> TcpListener {
    let started = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(90), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_registered_port_that_is_taken_is_never_shared() {
    let _alone = REGISTERED_PORT.lock().await;
    let world = World::new();
    world.redefine("/oauth/redirect", "exact");
    let broker = world.broker();
    let registered = SocketAddr::from((Ipv4Addr::LOCALHOST, REGISTERED));

    // On the address itself, and on all addresses.
    for address in [registered, (Ipv4Addr::UNSPECIFIED, REGISTERED).into()] {
        let squatter = squat(address).await;
        let person = FakePerson::approving();
        let error = broker.login(&request(), &person).await.unwrap_err();
        assert!(
            matches!(
                error,
                LoginError::Loopback(LoopbackError::PortTaken {
                    port: REGISTERED,
                    ..
                })
            ),
            "{error:?}"
        );
        assert!(person.urls().is_empty(), "no browser was opened");
        drop(squatter);
    }

    // Bound and not yet listening, ready to share: while the login listens, it cannot begin to.
    let squatter = TcpSocket::new_v4().unwrap();
    squatter.set_reuseaddr(true).unwrap();
    squatter.bind(registered).unwrap();
    let (sender, shared) = mpsc::channel();
    let squatter = std::sync::Mutex::new(Some(squatter));
    let person = FakePerson::browsing(move |url| {
        let squatter = squatter.lock().unwrap().take().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        sender
            .send(runtime.block_on(async { squatter.listen(8).is_ok() }))
            .unwrap();
        follow(&url, Person::Approve).unwrap();
    });
    match broker.login(&request(), &person).await {
        Ok(LoginOutcome::LoggedIn(_)) => assert!(!shared.recv().unwrap()),
        Ok(other) => panic!("{other:?}"),
        // To refuse is as good.
        Err(error) => assert!(matches!(error, LoginError::Loopback(_)), "{error:?}"),
    }
    person.come_back();

    // Nobody is in the way, twice in a row.
    for _ in 0..2 {
        let person = FakePerson::approving();
        broker.login(&request(), &person).await.unwrap();
        person.come_back();
        assert_eq!(Target::of(&person.urls()[0]).address, registered);
    }
}

#[tokio::test]
async fn localhost_is_held_in_both_families() {
    let world = World::new();
    world.redefine("/oauth/redirect", "localhost");
    let (sender, answers) = mpsc::channel();
    let person = FakePerson::browsing(move |url| {
        let redirect = Url::parse(&url).unwrap();
        let redirect = redirect
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri");
        let redirect = Url::parse(&redirect.unwrap().1).unwrap();
        assert_eq!(redirect.host_str(), Some("localhost"));
        let port = redirect.port().unwrap();
        for ip in ["127.0.0.1", "[::1]"] {
            let address: SocketAddr = format!("{ip}:{port}").parse().unwrap();
            let open = TcpStream::connect(address).is_ok();
            let free = TcpListener::bind(address).is_ok();
            sender.send((open, free)).unwrap();
        }
        follow(&url, Person::Approve).unwrap();
    });
    world.broker().login(&request(), &person).await.unwrap();
    person.come_back();
    for _ in 0..2 {
        assert_eq!(answers.recv().unwrap(), (true, false));
    }
}
