//! Credentials at the moment of a request: fresh, released once, and gone within a second of their end.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authkeep_core::{BoxFuture, Broker};
use authkeep_proxy::{Account, BrokerSource, Code, CredentialSource, Live, Need, Refusal};
use authkeep_testkit::oauth_server::{Scripted, ServerOptions};
use secrecy::ExposeSecret as _;
use tokio::task::JoinSet;

use crate::world::{Fragile, World, account, target};

/// How long an answer may be kept.
const KEPT: Duration = Duration::from_secs(1);
/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn source(broker: Broker) -> Arc<BrokerSource> {
    Arc::new(BrokerSource::new(broker, [(account(), target())]))
}

async fn ask(source: &dyn CredentialSource) -> Result<Live, Refusal> {
    source.credential(&account(), Need::Working).await
}

fn token(live: &Live) -> String {
    let token = live.credential.field("token").unwrap();
    token.expose_secret().to_owned()
}

/// Asks until `done`. False if the answer to a question that was put more than a second later is not.
async fn settles(
    source: &dyn CredentialSource,
    done: impl Fn(&Result<Live, Refusal>) -> bool,
) -> bool {
    let since = Instant::now();
    loop {
        let asked = since.elapsed();
        if done(&ask(source).await) {
            return true;
        }
        if asked > KEPT {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Keeps what it was given once.
#[derive(Debug)]
struct Careless(Live);

impl CredentialSource for Careless {
    fn credential<'a>(&'a self, _: &'a Account, _: Need) -> BoxFuture<'a, Result<Live, Refusal>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// A login with a source on it, by a broker of its own.
async fn ready(options: ServerOptions) -> (World, Broker, Arc<BrokerSource>) {
    let world = World::with(options);
    let broker = world.log_in().await;
    let source = source(world.broker());
    (world, broker, source)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_cost_one_release_and_none_gets_a_token_that_is_out() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    let first = token(&ask(&*source).await.unwrap());
    // It runs out while the program runs.
    world.clock.advance(3599);
    tokio::time::sleep(KEPT).await;
    let mut requests = JoinSet::new();
    for _ in 0..256 {
        let source = Arc::clone(&source);
        requests.spawn(async move { token(&ask(&*source).await.unwrap()) });
    }
    let tokens: HashSet<String> = requests.join_all().await.into_iter().collect();
    assert_eq!(tokens.len(), 1);
    assert!(!tokens.contains(&first));
    assert!(
        tokens
            .iter()
            .all(|token| world.server.token_is_active(token))
    );
    // One for the login, one for the refresh.
    assert_eq!(world.server.count("/token"), 2);
    assert_eq!(world.releases(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_renewal_while_the_token_works() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    let first = token(&ask(&*source).await.unwrap());
    world.server.script("/token", vec![Scripted::Delay(1500)]);
    world.clock.advance(3500);
    tokio::time::sleep(KEPT).await;
    let asked = Instant::now();
    for _ in 0..32 {
        assert_eq!(token(&ask(&*source).await.unwrap()), first);
    }
    assert_eq!(
        world.server.count("/token"),
        1,
        "the answer is still awaited"
    );
    assert!(asked.elapsed() < Duration::from_millis(1500));
    while token(&ask(&*source).await.unwrap()) == first {
        assert!(asked.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.server.count("/token"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_is_in_force_within_a_second() {
    let (_world, broker, source) = ready(ServerOptions::default()).await;
    let careless = Careless(ask(&*source).await.unwrap());
    broker.logout(&target()).await.unwrap();
    assert!(settles(&*source, Result::is_err).await);
    // The negative control.
    assert!(!settles(&careless, Result::is_err).await);
    let refusal = ask(&*source).await.unwrap_err();
    assert_eq!(refusal.code, Code::NotConnected);
    assert_eq!(refusal.command.unwrap(), "authkeep login acme");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_login_is_in_force_within_a_second() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    let first = token(&ask(&*source).await.unwrap());
    world.log_in().await;
    let is_new = |answer: &Result<Live, Refusal>| token(answer.as_ref().unwrap()) != first;
    assert!(settles(&*source, is_new).await);
    assert_eq!(world.releases(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_renewed_once_for_all_and_not_again_at_once() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    let first = ask(&*source).await.unwrap();
    let refused = || Need::OtherThan(first.token.clone().unwrap());
    let mut requests = JoinSet::new();
    for _ in 0..64 {
        let (source, need) = (Arc::clone(&source), refused());
        requests.spawn(async move { token(&source.credential(&account(), need).await.unwrap()) });
    }
    let tokens: HashSet<String> = requests.join_all().await.into_iter().collect();
    assert_eq!(tokens.len(), 1);
    assert!(!tokens.contains(&token(&first)));
    assert_eq!(world.server.count("/token"), 2);
    // The server refuses the new one too.
    let second = ask(&*source).await.unwrap();
    let need = Need::OtherThan(second.token.clone().unwrap());
    let refusal = source.credential(&account(), need).await.unwrap_err();
    assert_eq!(refusal.code, Code::LoginExpired);
    assert_eq!(world.server.count("/token"), 2);
    // Whoever was refused the first one gets the second all the same.
    let again = source.credential(&account(), refused()).await.unwrap();
    assert_eq!(token(&again), token(&second));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_had_is_refused_with_the_reason() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    ask(&*source).await.unwrap();
    // Access was taken away at the service.
    world.server.revoke_everything();
    world.clock.advance(3599);
    assert!(settles(&*source, Result::is_err).await);
    let refusal = ask(&*source).await.unwrap_err();
    assert_eq!(refusal.code, Code::LoginExpired);
    assert_eq!(refusal.command.unwrap(), "authkeep login acme");

    // A login that this run knows nothing of.
    let mut other = account();
    other.connection = "work".parse().unwrap();
    let refusal = source.credential(&other, Need::Working).await.unwrap_err();
    assert_eq!(refusal.code, Code::NotConnected);
    assert_eq!(
        refusal.command.unwrap(),
        "authkeep login acme --connection work"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_out_of_order_is_worth_another_try() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    let fault = Scripted::Status {
        status: 503,
        headers: Vec::new(),
        body: b"cnry_of_the_server".to_vec(),
    };
    world.server.script("/token", vec![fault]);
    world.clock.advance(3600);
    let refusal = ask(&*source).await.unwrap_err();
    assert_eq!(refusal.code, Code::CredentialUnavailable);
    assert!(refusal.code.is_retryable());
    assert!(!format!("{refusal:?}").contains("cnry_of_the_server"));
    ask(&*source).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_cannot_be_recorded_does_not_happen() {
    let (world, _, source) = ready(ServerOptions::default()).await;
    world.break_audit_log();
    for _ in 0..3 {
        let refusal = ask(&*source).await.unwrap_err();
        assert_eq!(refusal.code, Code::AuditUnavailable);
    }
    // The negative control: with a log that can be written, it does.
    std::fs::remove_dir(world.home.audit_log()).unwrap();
    ask(&*source).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_that_cannot_be_read_gives_nothing_that_was_kept() {
    let world = World::with(ServerOptions::default());
    world.log_in().await;
    let store = Arc::new(Fragile {
        store: world.store(),
        broken: AtomicBool::new(false),
    });
    let source = source(world.broker_on(Arc::clone(&store) as _));
    ask(&*source).await.unwrap();
    store.broken.store(true, Ordering::Relaxed);
    assert!(settles(&*source, Result::is_err).await);
    assert_eq!(
        ask(&*source).await.unwrap_err().code,
        Code::VaultUnavailable
    );
    store.broken.store(false, Ordering::Relaxed);
    ask(&*source).await.unwrap();
}
