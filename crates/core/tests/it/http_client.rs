//! The HTTP adapter against servers that are huge, slow, broken, or want the request taken elsewhere.

mod proxy;
pub(crate) mod reach;
mod redirects;

use std::time::{Duration, Instant};

use authkeep_core::{
    BodyCap, Deadlines, HttpClient as _, HttpError, ProxySettings, Reach, ReqwestClient,
    ResolveError,
};
use authkeep_flows::{HttpRequest, Method};
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::oauth_server::{Framing, OAuthServer, Scripted, ServerOptions};

use crate::fakes::{World, target};
use crate::process::{alone, memory, torture};

const GIB: u64 = 1024 * 1024 * 1024;

fn client() -> ReqwestClient {
    ReqwestClient::new(ProxySettings::default())
}

/// A token request with a secret in every place that can hold one.
fn token_request(server: &OAuthServer, secret: &str) -> HttpRequest {
    let url = format!("{}/token?leak={secret}", server.url());
    HttpRequest::new(Method::Post, url.parse().unwrap())
        .with_header("authorization", format!("Bearer {secret}"))
        .form(&[("refresh_token", secret)])
}

async fn asked(client: &ReqwestClient, fault: Scripted, cap: BodyCap) -> Result<usize, HttpError> {
    let server = OAuthServer::start(ServerOptions::default());
    let secret = canary();
    server.script("/token", vec![fault]);
    let answer = client
        .send(&token_request(&server, &secret), cap, Reach::Anywhere)
        .await;
    assert_eq!(server.count("/token"), 1, "sent once and not again");
    answer
        .map(|answer| answer.body().len())
        .inspect_err(|error| {
            let said = format!("{error} {error:?}");
            assert_eq!(Scanner::new(&[&secret]).scan(said.as_bytes()), [], "{said}");
            assert!(
                !said.contains("/token") && !said.contains("http://"),
                "{said}"
            );
        })
}

#[test]
fn huge_answers_cost_neither_memory_nor_time() {
    println!("figure: {}", alone("http_client::huge"));
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn huge() {
    let size = if torture() { 10 * GIB } else { GIB };
    let client = client();
    // What the first request loads for good is not what is measured.
    asked(&client, Scripted::Garbage(b"{}".to_vec()), BodyCap::Token)
        .await
        .unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory().0;
    for fault in [
        Scripted::Huge(size, Framing::Chunked),
        Scripted::Huge(size, Framing::ContentLength),
        Scripted::GzipBomb(size),
        Scripted::GzipBomb(10 * size),
    ] {
        for cap in [BodyCap::Token, BodyCap::Metadata] {
            let started = Instant::now();
            let error = asked(&client, fault.clone(), cap).await.unwrap_err();
            assert!(
                matches!(error, HttpError::TooLarge { .. }),
                "{fault:?}: {error:?}"
            );
            assert!(started.elapsed() < Duration::from_secs(30));
        }
    }
    let grown = memory().1.saturating_sub(before);
    // The server lives in this process too, and is part of the figure.
    assert!(grown < 50 * 1024, "{grown} KiB");
    println!("figure: 8 answers of {size} bytes and more, peak memory grew by {grown} KiB");
}

#[tokio::test]
async fn the_cap_counts_what_was_unpacked_and_not_what_was_sent() {
    let mib = 1024 * 1024;
    let unpacked = asked(&client(), Scripted::GzipBomb(mib), BodyCap::Metadata).await;
    assert_eq!(unpacked.unwrap() as u64, mib);
    // A few bytes on the wire, more than the cap in the end.
    let error = asked(&client(), Scripted::GzipBomb(mib), BodyCap::Token)
        .await
        .unwrap_err();
    assert!(
        matches!(error, HttpError::TooLarge { cap: 65_536, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_cap_and_not_a_byte_larger() {
    for framing in [Framing::Chunked, Framing::ContentLength] {
        let full = asked(&client(), Scripted::Huge(65_536, framing), BodyCap::Token).await;
        assert_eq!(full.unwrap(), 65_536);
        let more = asked(&client(), Scripted::Huge(65_537, framing), BodyCap::Token).await;
        assert!(matches!(more, Err(HttpError::TooLarge { .. })));
    }
}

#[tokio::test]
async fn a_server_that_drips_or_says_nothing_is_left() {
    let patient = Deadlines {
        total: Duration::from_millis(700),
        ..Deadlines::default()
    };
    let attentive = Deadlines {
        idle: Duration::from_millis(400),
        ..Deadlines::default()
    };
    for (fault, deadlines) in [
        (Scripted::Drip(vec![b' '; 600], 200), patient),
        (Scripted::Hang, patient),
        (Scripted::Drip(vec![b' '; 5], 1_000), attentive),
    ] {
        let started = Instant::now();
        let error = asked(
            &client().with_deadlines(deadlines),
            fault.clone(),
            BodyCap::Token,
        )
        .await
        .unwrap_err();
        let took = started.elapsed();
        assert!(
            matches!(&error, HttpError::Exchange { why, .. } if why == "it took too long"),
            "{error:?}"
        );
        assert!(took >= Duration::from_millis(400), "{fault:?}: {took:?}");
        assert!(took < Duration::from_millis(2_500), "{fault:?}: {took:?}");
    }
    // The negative control: the same drip, and time enough.
    let drip = Scripted::Drip(vec![b' '; 5], 200);
    assert_eq!(
        asked(&client().with_deadlines(attentive), drip, BodyCap::Token)
            .await
            .unwrap(),
        5
    );
}

#[tokio::test]
async fn whether_a_request_was_sent_can_be_told_from_the_error() {
    for fault in [Scripted::Drop, Scripted::Lost] {
        let error = asked(&client(), fault, BodyCap::Token).await.unwrap_err();
        assert!(matches!(error, HttpError::Exchange { .. }), "{error:?}");
    }
    let url = "http://127.0.0.1:1/token".parse().unwrap();
    let request = HttpRequest::new(Method::Post, url);
    let error = client()
        .send(&request, BodyCap::Token, Reach::Anywhere)
        .await
        .unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn documents_made_to_exhaust_the_reader_are_refused_through_a_whole_refresh() {
    let nested = |n: usize| format!("{{\"access_token\":{}", "[".repeat(n)).into_bytes();
    let closed = |n: usize| [nested(n), "]".repeat(n).into_bytes(), b"}".to_vec()].concat();
    let keys = |n: usize| {
        let fields: Vec<_> = (0..n).map(|i| format!("\"{i}\":1")).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    };
    let world = World::new();
    let broker = world.logged_in().await;
    let before = world.login();
    world.clock.advance(3_600);
    let started = Instant::now();
    for document in [
        nested(100_000),
        closed(100_000),
        nested(60_000),
        closed(30_000),
        closed(100),
        keys(1_000_000),
        keys(6_000),
        vec![b'{'; 65_000],
        vec![0; 65_000],
        vec![0xff; 65_000],
    ] {
        world.script([Scripted::Garbage(document)]);
        let error = broker.resolve(&target(), None).await.unwrap_err();
        assert!(matches!(error, ResolveError::Refresh { .. }), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(world.login() == before);
}
