//! When a request is sent again, within one call and by the next one, and when it is not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authkeep_core::{Backoff, Broker, BrokerParts, Clock, RefreshError, ResolveError, Timestamp};
use authkeep_testkit::oauth_server::{Rotation, Scripted, ServerOptions};

use super::classification::listeners::Listener;
use crate::fakes::{AT_ONCE, CONNECTION, World, answer, target, token};

/// As shipped, with short pauses.
fn brisk() -> Backoff {
    Backoff {
        first_pause: Duration::from_millis(2),
        ..Backoff::default()
    }
}

/// The same, and nobody waits for a rest to end: the clock of these tests does not move by itself.
fn brusque() -> Backoff {
    Backoff {
        patience: Duration::ZERO,
        ..brisk()
    }
}

/// A login whose token has run out.
async fn expired(backoff: Backoff) -> (World, Broker) {
    let world = World::with(ServerOptions {
        rotation: Rotation::Keep,
        ..ServerOptions::default()
    });
    let broker = world.logged_in().await.with_backoff(backoff);
    world.clock.advance(3_601);
    (world, broker)
}

/// 503, with this `Retry-After`.
fn unavailable(retry_after: Option<&str>) -> Scripted {
    let header = |value: &str| ("Retry-After".to_owned(), value.to_owned());
    Scripted::Status {
        status: 503,
        headers: retry_after.map(header).into_iter().collect(),
        body: Vec::new(),
    }
}

fn http_date(second: i64) -> String {
    let moment = Timestamp::from_second(second).unwrap();
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

async fn refused(broker: &Broker) -> RefreshError {
    match broker.resolve(&target(), None).await.unwrap_err() {
        ResolveError::Refresh { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

/// Lets the login's token endpoint be this, for the definition and for the login.
fn repoint(world: &World, url: &str) {
    let mut record = world.record();
    record["pinned"]["token"] = url.into();
    world.put(CONNECTION, &record);
    world.redefine("/oauth/token_url", url);
}

#[tokio::test]
async fn a_server_that_is_back_soon_is_not_noticed() {
    let (world, broker) = expired(brisk()).await;
    world.script([unavailable(None), unavailable(None)]);
    let connection = broker.resolve(&target(), None).await.unwrap();
    assert_eq!(world.token_requests(), 1 + 3);
    assert!(connection.trouble().is_none() && !connection.is_in_doubt());
    let new = token(&broker, connection);
    assert!(world.server.token_is_active(&new));

    // The control: whoever asks once only does notice.
    let (world, broker) = expired(AT_ONCE).await;
    world.script([unavailable(None), unavailable(None)]);
    assert_eq!(refused(&broker).await.kind(), "unavailable");
    assert_eq!(world.token_requests(), 1 + 1);
}

#[tokio::test]
async fn three_requests_are_enough_and_then_the_server_has_a_rest() {
    let (world, broker) = expired(brusque()).await;
    for failures in 1..=3 {
        let before = world.token_requests();
        world.script(vec![unavailable(None); 3]);
        let error = refused(&broker).await;
        assert_eq!(error.kind(), "unavailable");
        assert_eq!(world.token_requests() - before, 3);
        let connection = broker.show(&target()).unwrap();
        let trouble = connection.trouble().unwrap();
        assert_eq!(
            (trouble.kind.as_str(), trouble.failures),
            ("unavailable", failures)
        );
        // Before the rest is over nothing is sent, and the error says why.
        let not_before = trouble.not_before.unwrap().as_second();
        assert!(not_before > world.clock.now());
        for now in [world.clock.now(), not_before - 1] {
            world.clock.set(now);
            let error = refused(&broker).await;
            assert!(error.may_pass() && error.kind() == "not_yet", "{error:?}");
            assert!(error.to_string().contains("503"), "{error}");
        }
        assert_eq!(world.token_requests() - before, 3);
        world.clock.set(not_before);
    }
    broker.resolve(&target(), None).await.unwrap();
    assert!(broker.show(&target()).unwrap().trouble().is_none());
}

#[tokio::test]
async fn a_short_wish_is_waited_for() {
    let (world, broker) = expired(brisk()).await;
    let date = http_date(world.clock.now() + 1);
    for wish in ["1", &date] {
        let before = world.token_requests();
        world.script([unavailable(Some(wish))]);
        let started = Instant::now();
        broker.renew(&target()).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{wish}");
        assert_eq!(world.token_requests() - before, 2, "{wish}");
    }
    // The control: without the wish the pause is a few milliseconds; a date that has passed asks for none.
    for wish in [None, Some(&*http_date(world.clock.now() - 60))] {
        let before = world.token_requests();
        world.script([unavailable(wish)]);
        let started = Instant::now();
        broker.renew(&target()).await.unwrap();
        println!("figure: {wish:?} took {:?}", started.elapsed());
        assert_eq!(world.token_requests() - before, 2, "{wish:?}");
    }
}

#[tokio::test]
async fn a_long_wish_is_kept_by_the_next_call() {
    for form in ["seconds", "date", "long date"] {
        let (world, broker) = expired(brusque()).await;
        let start = world.clock.now();
        let wish = match form {
            "seconds" => "120".to_owned(),
            "date" => http_date(start + 120),
            _ => {
                let moment = Timestamp::from_second(start + 120).unwrap();
                moment.strftime("%A, %d-%b-%y %H:%M:%S GMT").to_string()
            }
        };
        world.script([unavailable(Some(&wish))]);
        let started = Instant::now();
        assert_eq!(refused(&broker).await.kind(), "unavailable", "{form}");
        assert!(started.elapsed() < Duration::from_secs(60), "waited for it");
        assert_eq!(world.token_requests(), 1 + 1, "{form}");
        // Whoever asks, in this process or in another.
        let others = [broker, world.broker().with_backoff(brusque())];
        for second in [0, 1, 60, 119] {
            world.clock.set(start + second);
            for broker in &others {
                let error = refused(broker).await;
                let RefreshError::NotYet { wait, .. } = &error else {
                    panic!("{form}, {second}: {error:?}");
                };
                let left = 120 - second.unsigned_abs();
                assert!(
                    (left..=left + 1).contains(&wait.as_secs()),
                    "{form}: {wait:?}"
                );
            }
        }
        assert_eq!(world.token_requests(), 1 + 1, "{form}");
        world.clock.set(start + 121);
        others[1].resolve(&target(), None).await.unwrap();
        assert_eq!(world.token_requests(), 1 + 2, "{form}");
    }
}

/// A clock that goes, from `start`.
#[derive(Debug)]
struct Going {
    start: i64,
    since: Instant,
}

impl Clock for Going {
    fn now(&self) -> Timestamp {
        let seconds = self.since.elapsed().as_secs_f64();
        Timestamp::from_second(self.start + seconds as i64).unwrap()
    }
}

#[tokio::test]
async fn a_short_rest_is_waited_out_by_who_needs_the_token() {
    let (world, broker) = expired(Backoff {
        tries: 1,
        ..brusque()
    })
    .await;
    world.script([unavailable(None)]);
    assert_eq!(refused(&broker).await.kind(), "unavailable");
    // The control: who does not wait gets nothing.
    assert_eq!(refused(&broker).await.kind(), "not_yet");
    assert_eq!(world.token_requests(), 1 + 1);
    let clock = Going {
        start: world.clock.now(),
        since: Instant::now(),
    };
    let patient = Broker::new(BrokerParts {
        clock: Arc::new(clock),
        ..world.parts()
    });
    let started = Instant::now();
    patient.resolve(&target(), None).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(world.token_requests(), 1 + 2);
}

#[tokio::test]
async fn a_clock_set_back_locks_nobody_out() {
    for wish in ["3600", "86400", "99999999999"] {
        let (world, broker) = expired(brusque()).await;
        let start = world.clock.now();
        world.script([unavailable(Some(wish))]);
        drop(refused(&broker).await);
        // The control: until the clock is set back it is the wish that keeps the server from being asked.
        assert_eq!(refused(&broker).await.kind(), "not_yet");
        assert_eq!(world.token_requests(), 1 + 1, "{wish}");
        world.clock.set(start - 2 * 86_400);
        broker.resolve(&target(), None).await.unwrap();
        assert_eq!(world.token_requests(), 1 + 2, "{wish}");
    }
}

#[tokio::test]
async fn no_server_is_believed_that_asks_for_years() {
    let (world, broker) = expired(brusque()).await;
    let start = world.clock.now();
    for wish in ["99999999999", &http_date(start + 3_000 * 365 * 86_400)] {
        world.script([unavailable(Some(wish))]);
        drop(refused(&broker).await);
        let connection = broker.show(&target()).unwrap();
        let not_before = connection.trouble().unwrap().not_before.unwrap();
        let rest = not_before.as_second() - world.clock.now();
        assert!((86_400..=86_401).contains(&rest), "{wish}: {rest}");
        world.clock.set(not_before.as_second());
    }
    broker.resolve(&target(), None).await.unwrap();
}

#[tokio::test]
async fn what_may_have_arrived_is_not_sent_again_in_the_same_call() {
    for fault in [
        Scripted::Drop,
        Scripted::Lost,
        Scripted::Garbage(b"<html>".to_vec()),
        Scripted::Garbage(Vec::new()),
        Scripted::Garbage(b"{\"access_token\":".to_vec()),
        Scripted::Hang,
    ] {
        let (world, broker) = expired(brisk()).await;
        let broker = match fault {
            Scripted::Hang => world.impatient_broker().with_backoff(brisk()),
            _ => broker,
        };
        world.script([fault.clone()]);
        let error = refused(&broker).await;
        assert!(error.may_pass(), "{fault:?}: {error:?}");
        assert_eq!(world.token_requests(), 1 + 1, "{fault:?}");
        let connection = broker.show(&target()).unwrap();
        assert!(connection.is_in_doubt(), "{fault:?}");
        // The next call finds out, with one request, once the server has had its rest.
        let trouble = connection.trouble().unwrap();
        world.clock.set(trouble.not_before.unwrap().as_second());
        let connection = world.broker().resolve(&target(), None).await.unwrap();
        assert!(!connection.is_in_doubt(), "{fault:?}");
        assert_eq!(world.token_requests(), 1 + 2, "{fault:?}");
    }
}

#[tokio::test]
async fn what_never_left_is_sent_again() {
    let (world, broker) = expired(brisk()).await;
    let no_tls = Listener::greeting(b"no TLS\r\n");
    repoint(&world, &no_tls.url("https"));
    assert_eq!(refused(&broker).await.kind(), "no_connection");
    assert_eq!(no_tls.accepted(), 3);
    // A person mends the network and shall see at once that it helped: no rest grows long.
    let connection = broker.show(&target()).unwrap();
    let not_before = connection.trouble().unwrap().not_before.unwrap();
    assert!(not_before.as_second() - world.clock.now() <= 2);
    assert!(!connection.is_in_doubt());
}

#[tokio::test]
async fn a_refusal_is_not_argued_with() {
    for (body, kind) in [
        ("error=invalid_grant", "refused"),
        ("error=invalid_client", "invalid_client"),
        ("error=invalid_scope", "rejected"),
    ] {
        let (world, broker) = expired(brisk()).await;
        world.script([answer(400, "text/plain", body)]);
        assert_eq!(refused(&broker).await.kind(), kind);
        assert_eq!(world.token_requests(), 1 + 1, "{body}");
    }
}

#[tokio::test]
async fn a_token_that_still_works_is_not_waited_for() {
    let world = World::new();
    // With the pauses as they are shipped.
    let broker = world.logged_in().await.with_backoff(Backoff::default());
    let old = world.record()["access_token"].clone();
    world.clock.advance(3_400);
    for wish in [None, Some("2"), Some("3600")] {
        let before = world.token_requests();
        world.script([unavailable(wish)]);
        let connection = broker.resolve(&target(), None).await.unwrap();
        assert_eq!(connection.trouble().unwrap().kind, "unavailable");
        assert_eq!(token(&broker, connection), old);
        // One request: whoever asks again within a call also waits in between.
        assert_eq!(world.token_requests() - before, 1, "{wish:?}");
        // The next callers get it without a request.
        for _ in 0..3 {
            let connection = broker.resolve(&target(), None).await.unwrap();
            assert_eq!(token(&broker, connection), old);
        }
        assert_eq!(world.token_requests() - before, 1, "{wish:?}");
        let mut record = world.record();
        record.as_object_mut().unwrap().remove("refresh_trouble");
        world.put(CONNECTION, &record);
    }
    // The control: whoever asks for a new one waits, and gets it.
    world.script([unavailable(None)]);
    let before = world.token_requests();
    let connection = broker.renew(&target()).await.unwrap();
    assert_ne!(token(&broker, connection), old);
    assert_eq!(world.token_requests() - before, 2);
}
