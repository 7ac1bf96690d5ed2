//! The answer of the browser, pasted: judged as the callback is, beside the listener, and instead of it where nothing
//! can be listened for.

use std::sync::Mutex;
use std::time::Duration;

use authkeep_core::{
    AskError, BoxFuture, BrowserUrl, Event, FieldRequest, Interaction, Judge, Launch, LoginError,
    LoginOutcome, LoopbackError, Pasting,
};
use authkeep_registry::Flow;
use authkeep_testkit::browser::{Person, follow, sent_back};
use authkeep_testkit::oauth_server::{IssParam, Pkce, ServerOptions, Switch};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::listener::REGISTERED_PORT;
use crate::fakes::{World, request, target, token};

/// What somebody pastes, made of the address that the browser was sent to. `None`: nothing more.
type Hand = fn(&str) -> String;

/// Somebody who opens the address elsewhere and pastes what these make of where it ends, one after the other.
#[derive(Debug)]
struct Hands {
    pasting: Pasting,
    launch: Launch,
    hands: Mutex<Vec<Hand>>,
    url: Mutex<String>,
    events: Mutex<Vec<String>>,
}

impl Hands {
    fn new(pasting: Pasting, hands: &[Hand]) -> Self {
        Self {
            pasting,
            launch: Launch::Shown,
            hands: Mutex::new(hands.iter().rev().copied().collect()),
            url: Mutex::default(),
            events: Mutex::default(),
        }
    }

    fn url(&self) -> String {
        self.url.lock().unwrap().clone()
    }

    /// The events, without the waiting.
    fn told(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let steps = events.iter().filter(|event| !event.starts_with("Waiting"));
        steps.cloned().collect()
    }
}

impl Interaction for Hands {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        url.as_str().clone_into(&mut self.url.lock().unwrap());
        self.launch.clone()
    }

    fn ask<'a>(&'a self, _: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        Box::pin(std::future::ready(Err(AskError::NotPossible)))
    }

    fn pasting(&self) -> Pasting {
        self.pasting
    }

    fn paste<'a>(&'a self, mut judge: Judge<'a>) -> BoxFuture<'a, Result<(), AskError>> {
        Box::pin(async move {
            loop {
                let Some(hand) = self.hands.lock().unwrap().pop() else {
                    return std::future::pending().await;
                };
                let url = self.url();
                let visit = tokio::task::spawn_blocking(move || sent_back(&url).unwrap());
                let judged = match hand(&visit.await.unwrap()) {
                    text if text == "^C" => return Err(AskError::Cancelled),
                    text if text == "^\\" => return Err(AskError::NotPossible),
                    text => judge(&SecretString::from(text)),
                };
                if judged.is_break() {
                    return Ok(());
                }
            }
        })
    }

    fn tell(&self, event: &Event) {
        self.events.lock().unwrap().push(format!("{event:?}"));
    }
}

fn whole(address: &str) -> String {
    format!(" {address}\n")
}

fn code(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    let mut parameters = url.query_pairs();
    parameters
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned()
}

fn other_state(address: &str) -> String {
    format!(
        "http://127.0.0.1/callback?code={}&state=other",
        code(address)
    )
}

fn without_state(address: &str) -> String {
    format!("http://127.0.0.1/callback?code={}", code(address))
}

fn nothing(_: &str) -> String {
    String::new()
}

fn cancel(_: &str) -> String {
    "^C".to_owned()
}

fn hang_up(_: &str) -> String {
    "^\\".to_owned()
}

async fn login(world: &World, person: &Hands) -> Result<LoginOutcome, LoginError> {
    let mut request = request();
    request.patience = Some(Duration::from_secs(20));
    // Another process on this machine may be testing the same just now.
    for _ in 0..100 {
        match world.broker().login(&request, person).await {
            Err(LoginError::Loopback(LoopbackError::PortTaken { .. })) => {}
            outcome => return outcome,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the registered port stays taken");
}

fn assert_works(world: &World) {
    let broker = world.broker();
    let secret = token(&broker, broker.show(&target()).unwrap());
    assert!(world.server.token_is_active(&secret));
}

#[tokio::test]
async fn an_address_or_a_code_is_as_good_as_the_callback() {
    let _alone = REGISTERED_PORT.lock().await;
    for redirect in ["loopback", "localhost", "https"] {
        for hand in [whole, code] {
            let world = World::new();
            world.redefine("/oauth/redirect", redirect);
            let person = Hands::new(Pasting::Wanted, &[hand]);
            login(&world, &person).await.unwrap();
            assert_works(&world);
            assert_eq!(person.told(), ["Exchanging"]);
            assert_eq!(world.token_requests(), 1);
        }
    }
}

#[tokio::test]
async fn what_is_not_the_answer_is_told_and_the_wait_goes_on() {
    let world = World::new();
    let person = Hands::new(
        Pasting::Possible,
        &[
            nothing,
            other_state,
            without_state,
            |_| "no idea".to_owned(),
            whole,
        ],
    );
    login(&world, &person).await.unwrap();
    assert_works(&world);
    let told = person.told();
    assert_eq!(
        told.iter()
            .filter(|event| event.starts_with("NotPasted"))
            .count(),
        4
    );
    assert!(!format!("{told:?}").contains(&code(&sent_back(&person.url()).unwrap())));
    // One token request in all: nothing was sent for the others.
    assert_eq!(world.token_requests(), 1);
}

#[tokio::test]
async fn without_pkce_a_code_alone_is_refused() {
    let world = World::with(ServerOptions {
        pkce: Pkce::Unchecked,
        ..ServerOptions::default()
    });
    world.redefine("/oauth/pkce", false);
    let person = Hands::new(Pasting::Wanted, &[code, whole]);
    login(&world, &person).await.unwrap();
    let told = person.told();
    assert!(
        told.iter().any(|event| event.contains("a code alone")),
        "{told:?}"
    );
    // The negative control: with PKCE the same code alone is enough.
    world.redefine("/oauth/pkce", true);
    world.server.set(Switch::Pkce(Pkce::S256Required));
    login(&world, &Hands::new(Pasting::Wanted, &[code]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_code_alone_does_not_say_which_server_it_is_from() {
    let world = World::with(ServerOptions {
        issuer_param: IssParam::Right,
        ..ServerOptions::default()
    });
    world.redefine("/oauth/iss_required", true);
    let person = Hands::new(Pasting::Wanted, &[code, whole]);
    login(&world, &person).await.unwrap();
    let told = person.told();
    assert!(
        told.iter().any(|event| event.contains("a code alone")),
        "{told:?}"
    );
    // The negative control: where the server has not promised to say it, the code alone is enough.
    world.redefine("/oauth/iss_required", false);
    let person = Hands::new(Pasting::Wanted, &[code]);
    login(&world, &person).await.unwrap();
}

#[tokio::test]
async fn the_code_of_another_login_is_of_no_use() {
    // Somebody is made to paste a code that was issued to a login of another's: its challenge is another.
    let world = World::new();
    let attacker = Hands::new(Pasting::Wanted, &[cancel]);
    drop(login(&world, &attacker).await.unwrap_err());
    let foreign = code(&sent_back(&attacker.url()).unwrap());
    static FOREIGN: Mutex<String> = Mutex::new(String::new());
    foreign.clone_into(&mut FOREIGN.lock().unwrap());
    let victim = Hands::new(Pasting::Wanted, &[|_| FOREIGN.lock().unwrap().clone()]);
    let error = login(&world, &victim).await.unwrap_err();
    assert!(matches!(error, LoginError::Token { .. }), "{error:?}");
    assert_eq!(world.record(), json!(null));
}

#[tokio::test]
async fn the_browser_may_come_first() {
    let world = World::new();
    // The terminal is gone, or nobody pastes anything: the listener is there all the same.
    for hands in [&[hang_up as Hand][..], &[]] {
        let person = std::sync::Arc::new(Hands::new(Pasting::Wanted, hands));
        let browsing = std::sync::Arc::clone(&person);
        let browser = std::thread::spawn(move || {
            while browsing.url().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            follow(&browsing.url(), Person::Approve).unwrap().status()
        });
        login(&world, &person).await.unwrap();
        assert_works(&world);
        assert_eq!(browser.join().unwrap(), 200);
    }
}

#[tokio::test]
async fn a_cancelled_paste_ends_the_login_and_frees_the_port() {
    let world = World::new();
    let person = Hands::new(Pasting::Wanted, &[cancel]);
    let error = login(&world, &person).await.unwrap_err();
    let cancelled = matches!(
        error,
        LoginError::ValueNeeded {
            source: AskError::Cancelled,
            ..
        }
    );
    assert!(cancelled, "{error:?}");
    assert_eq!((world.token_requests(), world.record()), (0, json!(null)));
    // The negative control of waiting: where nobody comes, it ends by itself.
    let mut request = request();
    request.patience = Some(Duration::from_millis(100));
    let nobody = Hands::new(Pasting::Wanted, &[]);
    let error = world.broker().login(&request, &nobody).await.unwrap_err();
    let timed_out = matches!(error, LoginError::Loopback(LoopbackError::TimedOut(_)));
    assert!(timed_out, "{error:?}");
}

#[tokio::test]
async fn it_is_offered_where_no_browser_started_and_always_if_it_is_wanted() {
    let cases = [
        (Pasting::Impossible, Launch::Shown, false),
        (Pasting::Possible, Launch::Started, false),
        (Pasting::Possible, Launch::Shown, true),
        (Pasting::Wanted, Launch::Started, true),
    ];
    for (pasting, launch, offered) in cases {
        let world = World::new();
        let person = Hands {
            launch: launch.clone(),
            ..Hands::new(pasting, &[cancel])
        };
        let mut request = request();
        request.patience = Some(Duration::from_millis(500));
        let error = world.broker().login(&request, &person).await.unwrap_err();
        let asked = matches!(error, LoginError::ValueNeeded { .. });
        assert_eq!(asked, offered, "{pasting:?}, {launch:?}");
    }
}

#[tokio::test]
async fn where_the_provider_redirects_to_https_only_somebody_has_to_paste() {
    let _alone = REGISTERED_PORT.lock().await;
    let world = World::new();
    world.redefine("/oauth/redirect", "https");
    let person = Hands::new(Pasting::Impossible, &[whole]);
    let error = login(&world, &person).await.unwrap_err();
    assert!(matches!(error, LoginError::PasteNeeded { .. }), "{error:?}");
    assert_eq!(person.url(), "", "no browser was opened");
    let person = Hands::new(Pasting::Possible, &[whole]);
    login(&world, &person).await.unwrap();
    let url = Url::parse(&person.url()).unwrap();
    let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri");
    let redirect = redirect.unwrap().1;
    assert!(
        redirect.starts_with("https://localhost:27149/callback/127.0.0.1-"),
        "{redirect}"
    );
    let person = Hands::new(Pasting::Possible, &[hang_up]);
    let error = login(&world, &person).await.unwrap_err();
    assert!(matches!(error, LoginError::ValueNeeded { .. }), "{error:?}");

    // An API key comes first, unless the person says otherwise.
    let mut definition = world.definition();
    definition["flows"] = json!(["authorization_code", "api_key"]);
    definition["api_key"] = json!({});
    definition["oauth"]["redirect"] = json!("https");
    world.define(&definition);
    let error = login(&world, &Hands::new(Pasting::Possible, &[whole]))
        .await
        .unwrap_err();
    assert!(matches!(error, LoginError::ValueNeeded { .. }), "{error:?}");
    let outcome = login(&world, &Hands::new(Pasting::Wanted, &[whole]))
        .await
        .unwrap();
    let flow = |outcome| match outcome {
        LoginOutcome::LoggedIn(connection) => connection.flow(),
        other => panic!("{other:?}"),
    };
    assert_eq!(flow(outcome), Some(Flow::AuthorizationCode));
    let mut request = request();
    request.flow = Some(Flow::AuthorizationCode);
    let person = Hands::new(Pasting::Possible, &[whole]);
    let outcome = world.broker().login(&request, &person).await.unwrap();
    assert_eq!(flow(outcome), Some(Flow::AuthorizationCode));
}
