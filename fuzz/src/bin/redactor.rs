//! Answers that repeat secrets, in pieces: the result is that of the whole, and of a search that is slow and simple.

#![no_main]

use authkeep_proxy::{Redactor, Secrets};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

/// They begin within themselves and within each other.
const SECRETS: [&str; 4] = ["aabaabaab", "baabaabaabbb", "aaaaaaaa", "cnry_0123456789"];

fuzz_target!(|data: &[u8]| {
    let Some((&size, data)) = data.split_first() else {
        return;
    };
    let text = written(data);
    let mut secrets = Secrets::default();
    for secret in SECRETS {
        secrets.push(SecretString::from(secret));
    }
    let mut redactor = Redactor::new(secrets);
    let mut clean = Vec::new();
    for piece in text.chunks(usize::from(size).max(1)) {
        clean.extend_from_slice(&redactor.push(Bytes::copy_from_slice(piece)));
        let longest = SECRETS.iter().map(|secret| secret.len()).max();
        assert!(Some(redactor.held()) < longest);
    }
    clean.extend_from_slice(&redactor.finish());
    assert_eq!(clean, expected(&text));
});

/// Bytes of the fuzzer as letters of the secrets, or as whole ones: by chance alone none would come up.
fn written(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for byte in data {
        match byte % 8 {
            0..=2 => text.push(b'a'),
            3 => text.push(b'b'),
            4 => text.extend_from_slice(SECRETS[usize::from(byte / 8) % SECRETS.len()].as_bytes()),
            5 => text.extend_from_slice(b"cnry_01234"),
            6 => text.extend_from_slice(b"56789"),
            _ => text.push(*byte),
        }
    }
    text
}

fn expected(text: &[u8]) -> Vec<u8> {
    let mut clean = text.to_vec();
    for secret in SECRETS {
        for at in 0..text.len() {
            if text[at..].starts_with(secret.as_bytes()) {
                clean[at..at + secret.len()].fill(b'*');
            }
        }
    }
    clean
}
