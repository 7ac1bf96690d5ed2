//! Mix-up (RFC 9700 §4.4): an attacker's authorization server A sends the browser on to an honest one H, so that the code
//! of H comes back to a login that was begun at A, and would be redeemed there.

use std::sync::mpsc;
use std::time::Duration;

use authkeep_core::{LoginError, LoginOutcome, LoginRequest, LoopbackError};
use authkeep_testkit::browser::{Person, follow, sent_back};
use authkeep_testkit::oauth_server::{IssParam, OAuthServer, ServerOptions, Switch};
use serde_json::{Value, json};
use url::Url;

use super::attack::Target;
use crate::fakes::{FakePerson, World, request};

const ISS: [IssParam; 4] = [
    IssParam::Absent,
    IssParam::Right,
    IssParam::Wrong,
    IssParam::Duplicate,
];
/// What the metadata of A says of `authorization_response_iss_parameter_supported`.
const FLAGS: [Option<bool>; 3] = [Some(true), Some(false), None];

/// Whose clients the two servers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    /// Those that a person has entered, with the redirect URI that authkeep showed for H; its port is free.
    Entered,
    /// The same where H does not look at the path either: it sends codes anywhere on this machine.
    EnteredAnywhere,
    /// Those that were registered, each with its own redirect URI.
    Registered,
}

/// H is `acme`, and has been logged in to.
struct Honest {
    world: World,
    clients: Clients,
    client_id: String,
}

impl Honest {
    async fn with(clients: Clients) -> Self {
        let world = World::with(options(clients));
        if clients == Clients::Entered {
            let path = format!("/callback/{}", host_and_port(&world.server));
            world.server.set(Switch::RedirectPath(path));
        }
        let login = login("acme", clients);
        let person = FakePerson::approving();
        world.broker().login(&login, &person).await.unwrap();
        person.come_back();
        let client_id = world.record()["client"]["client_id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            world,
            clients,
            client_id,
        }
    }

    /// Logs in to `evil`, which is `definition`, while A sends the browser on to H.
    async fn attacked(&self, definition: &Value) -> Result<LoginOutcome, LoginError> {
        self.world.define(definition);
        let (authorize, client_id) = (
            format!("{}/authorize", self.world.server.url()),
            self.client_id.clone(),
        );
        let person = FakePerson::browsing(move |url| {
            follow(&forwarded(&url, &authorize, &client_id), Person::Approve).unwrap();
        });
        let outcome = self
            .world
            .broker()
            .login(&login("evil", self.clients), &person)
            .await;
        person.come_back();
        outcome
    }
}

fn options(clients: Clients) -> ServerOptions {
    ServerOptions {
        registration: clients == Clients::Registered,
        ..ServerOptions::default()
    }
}

fn login(provider: &str, clients: Clients) -> LoginRequest {
    LoginRequest {
        provider: provider.parse().unwrap(),
        client_id: (clients != Clients::Registered).then(|| "test-client".to_owned()),
        patience: Some(Duration::from_millis(400)),
        ..request()
    }
}

fn host_and_port(server: &OAuthServer) -> String {
    let name = server.url().replace("http://", "");
    name.replace(':', "-")
}

/// The same authorization request at another server, in the name of that server's client.
fn forwarded(url: &str, authorize: &str, client_id: &str) -> String {
    let asked = Url::parse(url).unwrap();
    let mut forwarded = Url::parse(authorize).unwrap();
    let parameters = asked.query_pairs().map(|(name, value)| match &*name {
        "client_id" => (name, client_id.into()),
        _ => (name, value),
    });
    forwarded.query_pairs_mut().extend_pairs(parameters);
    forwarded.into()
}

/// A, and its definition.
fn attacker(clients: Clients) -> (OAuthServer, Value) {
    let server = OAuthServer::start(options(clients));
    let definition = server.definition("evil");
    (server, definition)
}

/// The same where the definition leaves everything to the metadata, which has that flag.
fn discovered(clients: Clients, flag: Option<bool>) -> (OAuthServer, Value) {
    let (server, mut definition) = attacker(clients);
    server.set(Switch::IssuerParamAdvertised(flag));
    let oauth = definition["oauth"].as_object_mut().unwrap();
    oauth.retain(|name, _| !name.ends_with("_url"));
    (server, definition)
}

/// How many codes and verifiers were handed to a server. Only what H has issued counts as a code.
fn booty(attacker: &OAuthServer, honest: &OAuthServer) -> (usize, usize) {
    let (log, issued) = (attacker.log(), honest.secrets());
    let fields = |name| log.iter().filter_map(move |seen| seen.field(name));
    let codes = fields("code").filter(|code| issued.iter().any(|known| known == code));
    (codes.count(), fields("code_verifier").count())
}

/// The attack with each of H's answers and each flag: the codes and the verifiers that A got, cell by cell.
async fn twelve(clients: Clients) -> Vec<(IssParam, Option<bool>, (usize, usize))> {
    let honest = Honest::with(clients).await;
    let mut cells = Vec::new();
    for iss in ISS {
        honest.world.server.set(Switch::IssuerParam(iss));
        for flag in FLAGS {
            let (server, definition) = discovered(clients, flag);
            let outcome = honest.attacked(&definition).await;
            let got = booty(&server, &honest.world.server);
            assert!(outcome.is_err(), "{iss:?} {flag:?}");
            if got == (0, 0) && clients == Clients::EnteredAnywhere {
                let error = outcome.unwrap_err();
                let refused = matches!(error, LoginError::WrongIssuer { .. });
                let ignored = matches!(error, LoginError::Loopback(LoopbackError::TimedOut(_)));
                assert_eq!(
                    (refused, ignored),
                    (iss != IssParam::Duplicate, iss == IssParam::Duplicate),
                    "{error:?}"
                );
            }
            cells.push((iss, flag, got));
        }
    }
    cells
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_reaches_another_servers_token_endpoint() {
    for clients in [Clients::Registered, Clients::Entered] {
        let cells = twelve(clients).await;
        let lost: Vec<_> = cells.iter().filter(|(_, _, got)| *got != (0, 0)).collect();
        assert!(lost.is_empty(), "{clients:?}: {lost:?}");
        println!(
            "figure: {clients:?}: {} of {} codes or verifiers reach A",
            lost.len(),
            cells.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_any_path_is_good_the_issuer_tells_the_servers_apart() {
    let cells = twelve(Clients::EnteredAnywhere).await;
    let lost: Vec<_> = cells.iter().filter(|(_, _, got)| *got != (0, 0)).collect();
    // Where H does not say who it is either, and A has not promised to, nothing is left: the manual says so.
    let unguarded =
        |(iss, flag): (IssParam, Option<bool>)| iss == IssParam::Absent && flag != Some(true);
    assert!(
        lost.iter().all(|(iss, flag, _)| unguarded((*iss, *flag))),
        "{lost:?}"
    );
    assert_eq!((lost.len(), cells.len()), (2, 12));
    println!(
        "figure: any path: 0 of 10 where H names itself or A has to, 2 of 2 where neither does"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_comparisons_the_attack_works() {
    // The negative control: with neither path nor issuer to compare, all codes go to A but the one that is named twice.
    let honest = Honest::with(Clients::EnteredAnywhere).await;
    let mut got = Vec::new();
    for iss in ISS {
        honest.world.server.set(Switch::IssuerParam(iss));
        let (server, mut definition) = attacker(Clients::Entered);
        definition["oauth"]
            .as_object_mut()
            .unwrap()
            .remove("issuer");
        assert!(honest.attacked(&definition).await.is_err());
        got.push(booty(&server, &honest.world.server));
    }
    assert_eq!(got, [(1, 1), (1, 1), (1, 1), (0, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_puts_two_servers_together_gets_no_code() {
    let got = put_together(Clients::Entered).await;
    assert_eq!(got, [(0, 0), (0, 0)]);
    // The negative control: where H takes any path, only the issuer tells, and the definition can lie about that.
    let got = put_together(Clients::EnteredAnywhere).await;
    assert_eq!(got, [(0, 0), (1, 1)]);
}

/// Logs in where the authorization endpoint is H's and the token endpoint A's: with the issuer of A, then with H's.
async fn put_together(clients: Clients) -> Vec<(usize, usize)> {
    let honest = Honest::with(clients).await;
    let here = honest.world.server.url();
    honest
        .world
        .server
        .set(Switch::IssuerParam(IssParam::Right));
    let mut got = Vec::new();
    for says_whose in [true, false] {
        let (server, mut definition) = attacker(clients);
        definition["oauth"]["authorization_url"] = format!("{here}/authorize").into();
        if !says_whose {
            // Whoever writes this owns the login: both servers are in the definition that the person has accepted.
            definition["oauth"]["issuer"] = json!(here);
        }
        let outcome = honest.attacked(&definition).await;
        assert!(outcome.is_err());
        got.push(booty(&server, &honest.world.server));
    }
    got
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_callbacks_of_two_logins_are_nobodys() {
    for clients in [Clients::Entered, Clients::Registered] {
        let honest = Honest::with(clients).await;
        let (server, definition) = attacker(clients);
        honest.world.define(&definition);
        let (to_evil, from_acme) = mpsc::channel();
        let (to_acme, from_evil) = mpsc::channel();
        let person = |mine: mpsc::Sender<String>, theirs: mpsc::Receiver<String>| {
            let ends = std::sync::Mutex::new((mine, theirs));
            FakePerson::browsing(move |url| {
                let ends = ends.lock().unwrap();
                let callback = Url::parse(&sent_back(&url).unwrap()).unwrap();
                ends.0.send(callback.query().unwrap().to_owned()).unwrap();
                let other = ends.1.recv().unwrap();
                let door = Target::of(&url);
                let path = callback.path();
                let refused = door.get(&format!("{path}?{other}")).unwrap();
                assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
                let own = callback.query().unwrap();
                let taken = door.get(&format!("{path}?{own}")).unwrap();
                assert!(taken.starts_with("HTTP/1.1 303 "), "{taken}");
            })
        };
        let at_acme = person(to_evil, from_evil);
        let at_evil = person(to_acme, from_acme);
        let broker = honest.world.broker();
        let patient = |provider| LoginRequest {
            patience: Some(Duration::from_secs(30)),
            ..login(provider, clients)
        };
        let (acme, evil) = (patient("acme"), patient("evil"));
        let (acme, evil) =
            tokio::join!(broker.login(&acme, &at_acme), broker.login(&evil, &at_evil));
        acme.unwrap();
        evil.unwrap();
        at_acme.come_back();
        at_evil.come_back();
        assert_eq!(booty(&server, &honest.world.server).0, 0);
        assert_eq!(booty(&honest.world.server, &server).0, 0);
        // The negative control: each code went where it belongs.
        assert_eq!(booty(&server, &server), (1, 1));
    }
}
