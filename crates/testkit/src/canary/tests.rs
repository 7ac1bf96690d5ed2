//! The scanner is itself a defence's witness: each disguise is found, and near misses are not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Disguise, Scanner, canary, hex};

fn found(scanner: &Scanner, text: &str) -> Vec<(usize, Disguise)> {
    scanner
        .scan(text.as_bytes())
        .iter()
        .map(|hit| (hit.canary, hit.disguise))
        .collect()
}

fn percent_all(secret: &str) -> String {
    secret.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn json_all(secret: &str) -> String {
    secret
        .bytes()
        .map(|byte| format!("\\u{byte:04x}"))
        .collect()
}

#[test]
fn canaries_have_the_promised_shape_and_differ() {
    let one = canary();
    let digits = one.strip_prefix("cnry_").expect("prefix");
    assert_eq!(digits.len(), 32);
    assert!(
        digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert_ne!(one, canary());
}

#[test]
fn every_disguise_is_found_and_named() {
    let secret = canary();
    let scanner = Scanner::new(&[&secret]);
    let cases = [
        (format!("token={secret};"), Disguise::Raw),
        (hex(secret.as_bytes()), Disguise::Hex),
        (hex(secret.as_bytes()).to_uppercase(), Disguise::Hex),
        (percent_all(&secret), Disguise::Percent),
        (percent_all(&secret).to_lowercase(), Disguise::Percent),
        (secret.replace('_', "%5F"), Disguise::Percent),
        (json_all(&secret), Disguise::Json),
        (secret.replacen('c', "\\u0063", 1), Disguise::Json),
    ];
    for (text, disguise) in cases {
        assert_eq!(found(&scanner, &text), [(0, disguise)], "in {text}");
    }
}

#[test]
fn base64_is_found_at_every_alignment_in_both_alphabets() {
    let secret = canary();
    let scanner = Scanner::new(&[&secret]);
    for before in 0..7 {
        for after in 0..4 {
            // 0xff neighbours make the alphabets differ right beside the secret.
            let mut bytes = vec![0xff; before];
            bytes.extend_from_slice(secret.as_bytes());
            bytes.extend(vec![0xff; after]);
            for text in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                assert_eq!(found(&scanner, &text), [(0, Disguise::Base64)], "in {text}");
            }
        }
    }
}

#[test]
fn a_secret_whose_base64_uses_the_alphabets_own_letters_is_found_in_both() {
    let secret = "~~~???>>>~~~???>>>";
    let scanner = Scanner::new(&[secret]);
    assert_ne!(STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret));
    for text in [STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
        assert_eq!(found(&scanner, &text), [(0, Disguise::Base64)]);
    }
}

#[test]
fn several_secrets_are_told_apart_and_located() {
    let secrets = [canary(), canary()];
    let scanner = Scanner::new(&secrets);
    let text = format!("ab {} %41 {}", secrets[1], percent_all(&secrets[0]));
    let hits = scanner.scan(text.as_bytes());
    assert_eq!(hits.len(), 2);
    assert_eq!(
        (hits[0].canary, hits[0].disguise, hits[0].offset),
        (1, Disguise::Raw, 3)
    );
    assert_eq!((hits[1].canary, hits[1].disguise), (0, Disguise::Percent));
}

#[test]
fn near_misses_and_foreign_canaries_are_not_reported() {
    let secret = canary();
    let other = canary();
    let scanner = Scanner::new(&[&secret]);
    let half = &secret[..secret.len() - 1];
    for text in [
        String::new(),
        other.clone(),
        half.to_owned(),
        STANDARD.encode(half),
        STANDARD.encode(&other),
        hex(other.as_bytes()),
        percent_all(&other),
        json_all(half),
        "\\u00 % %4 \\ud83d\\".to_owned(),
    ] {
        assert_eq!(found(&scanner, &text), [], "in {text}");
    }
}

#[test]
fn a_search_for_the_raw_text_alone_would_miss_the_disguises() {
    // The negative control: the disguises are real, a plain search is blind to each of them.
    let secret = canary();
    for text in [
        STANDARD.encode(&secret),
        hex(secret.as_bytes()),
        percent_all(&secret),
        json_all(&secret),
    ] {
        assert!(!text.contains(&secret));
        assert_eq!(Scanner::new(&[&secret]).scan(text.as_bytes()).len(), 1);
    }
}
