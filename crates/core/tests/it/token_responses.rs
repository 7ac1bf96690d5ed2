//! Hundreds of broken answers through whole refreshes: nothing broken is ever stored.

use std::collections::BTreeMap;

use authkeep_core::{RefreshError, ResolveError};
use authkeep_testkit::canary::{Scanner, canary};
use serde_json::{Value, json};

use crate::fakes::{World, answer, target};
use crate::process::torture;

/// A small generator of its own, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn thrown(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, n: usize) -> usize {
        // xorshift64*: plenty for choosing mutations.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % n
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// One answer: status, type, body.
fn mutated(dice: &mut Dice, secret: &str) -> (u16, &'static str, Vec<u8>) {
    let names = [
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
        "scope",
        "error",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!("9999999999999999999"),
        json!(""),
        json!([secret]),
        json!({"access_token": secret}),
        json!(format!("{secret}\r\nx-evil: 1")),
        json!(format!("{secret}\u{0}")),
        json!(format!("{secret} ")),
        json!(format!("{secret}ü")),
        json!(secret.repeat(500)),
        json!("mac"),
        json!("DPoP"),
        json!("Bearer"),
        json!("invalid_request"),
        json!("server_error"),
        json!(secret),
    ];
    let mut document = json!({
        "access_token": secret, "token_type": "Bearer", "expires_in": 3600, "refresh_token": secret,
    });
    for _ in 0..=dice.below(3) {
        let name = *dice.of(&names);
        match dice.below(4) {
            0 => drop(document.as_object_mut().unwrap().remove(name)),
            _ => document[name] = dice.of(&values).clone(),
        }
    }
    let mut body = document.to_string().into_bytes();
    match dice.below(8) {
        0 => body.truncate(dice.below(body.len())),
        1 => {
            let at = dice.below(body.len());
            body[at] = u8::try_from(dice.below(256)).unwrap();
        }
        2 => body = [body.clone(), body].concat(),
        3 => body = format!("[{document}]").into_bytes(),
        4 => {
            let text = document["access_token"].as_str().unwrap_or("x");
            body = format!("access_token={text}&access_token={secret}&scope=%00").into_bytes();
        }
        _ => {}
    }
    let status = *dice.of(&[200, 200, 200, 201, 299, 400, 401, 403, 404, 418, 500, 503]);
    let kinds = [
        "application/json",
        "text/html",
        "text/plain",
        "",
        "application/octet-stream",
    ];
    (status, *dice.of(&kinds), body)
}

/// What a header may carry.
fn is_good(token: &Value) -> bool {
    token.as_str().is_some_and(|token| {
        !token.is_empty() && token.len() <= 16 * 1024 && token.bytes().all(|b| b.is_ascii_graphic())
    })
}

#[tokio::test]
async fn nothing_broken_is_stored_and_nothing_secret_is_said() {
    let count = if torture() { 10_000 } else { 500 };
    let world = World::new();
    let broker = world.logged_in().await;
    let whole = world.record();
    let mut outcomes: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 1..=count {
        let mut dice = Dice::thrown(seed);
        let secret = canary();
        let (status, kind, body) = mutated(&mut dice, &secret);
        let shown = String::from_utf8_lossy(&body).into_owned();
        let stored = world.login();
        world.script([answer(status, kind, String::from_utf8_lossy(&body))]);
        let outcome = broker.renew(&target()).await;
        let after = world.login();
        for token in ["access_token", "refresh_token"] {
            assert!(
                is_good(&after[token]),
                "seed {seed}: {status} {kind} {shown}"
            );
        }
        let word = match outcome {
            Ok(connection) => {
                assert_eq!(after["token_type"], "Bearer", "seed {seed}: {shown}");
                let said = format!("{connection:?}");
                // What is a token is known by now; the rest of the answer is public, whatever it says.
                let tokens = [&after["access_token"], &after["refresh_token"]];
                let tokens = tokens.map(|token| token.as_str().unwrap().to_owned());
                let tokens = tokens.into_iter().filter(|token| token.len() >= 20);
                let scanner = Scanner::new(&tokens.collect::<Vec<_>>());
                assert_eq!(scanner.scan(said.as_bytes()), [], "seed {seed}: {said}");
                "renewed"
            }
            Err(ResolveError::Refresh { error, .. }) => {
                let said = said(&error);
                assert_eq!(
                    Scanner::new(&[&secret]).scan(said.as_bytes()),
                    [],
                    "seed {seed}: {said}"
                );
                assert_eq!(after, stored, "seed {seed}: {error:?}");
                match error {
                    RefreshError::Malformed { .. } => "malformed",
                    RefreshError::Rejected { .. } => "rejected",
                    RefreshError::Unavailable { .. } => "unavailable",
                    other => panic!("seed {seed}: {other:?}"),
                }
            }
            Err(other) => panic!("seed {seed}: {other:?}"),
        };
        *outcomes.entry(word).or_default() += 1;
    }
    // The table is worth something only if all outcomes are in it.
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    assert_eq!(world.record()["pinned"], whole["pinned"]);
    println!("figure: {count} answers: {outcomes:?}");
}

fn said(error: &RefreshError) -> String {
    let mut text = format!("{error:?} {error:#?}");
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        text = format!("{text} {error}");
        cause = error.source();
    }
    text
}

#[test]
fn a_reader_that_takes_any_text_would_have_stored_some() {
    // The negative control: of the same answers, those whose token would break a header.
    let secret = canary();
    let careless = (1..=500u64).filter(|seed| {
        let mut dice = Dice::thrown(*seed);
        let (status, _, body) = mutated(&mut dice, &secret);
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        status < 300 && !document["access_token"].is_null() && !is_good(&document["access_token"])
    });
    let count = careless.count();
    assert!(count >= 5, "{count}");
    println!("figure: {count} of 500 would have been stored broken");
}
