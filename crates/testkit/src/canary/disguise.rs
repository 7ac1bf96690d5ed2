//! How a secret's bytes look after base64, hex, percent- and JSON-escaping.
//!
//! Base64 and hex have few spellings, so they are made into search patterns. Percent- and
//! JSON-escaping may spell any subset of the bytes, so there the text searched is decoded instead.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What base64 makes of `secret` when it begins 0, 1 or 2 bytes into a group of three, reduced to
/// the characters that do not depend on its neighbours. Up to six spellings; equal ones once.
pub(super) fn base64_spellings(secret: &[u8]) -> Vec<String> {
    let mut spellings = Vec::new();
    for shift in 0..3usize {
        let mut bytes = vec![0u8; shift];
        bytes.extend_from_slice(secret);
        let first_own = (shift * 8).div_ceil(6);
        let last_own = bytes.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let spelling = engine.encode(&bytes)[first_own..last_own].to_owned();
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings
}

/// Bytes decoded from an escaped text, and for each where it began in that text.
#[derive(Default)]
pub(super) struct Unescaped {
    pub(super) bytes: Vec<u8>,
    pub(super) origins: Vec<usize>,
}

impl Unescaped {
    fn push(&mut self, byte: u8, origin: usize) {
        self.bytes.push(byte);
        self.origins.push(origin);
    }
}

/// Undoes `%41`; anything that is no valid escape stands for itself.
pub(super) fn percent_unescaped(text: &[u8]) -> Unescaped {
    let mut out = Unescaped::default();
    let mut at = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1..at + 3).and_then(hex_number)) {
            (b'%', Some(code)) => {
                out.push(code.to_be_bytes()[3], at);
                at += 3;
            }
            (byte, _) => {
                out.push(byte, at);
                at += 1;
            }
        }
    }
    out
}

/// Undoes `\u0041` and the one-letter escapes of a JSON string; characters beyond ASCII become a
/// zero byte, which no canary contains.
pub(super) fn json_unescaped(text: &[u8]) -> Unescaped {
    let mut out = Unescaped::default();
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at], at);
            at += 1;
            continue;
        }
        let number = text.get(at + 2..at + 6).and_then(hex_number);
        match (text.get(at + 1), number) {
            (Some(b'u'), Some(code)) => {
                out.push(u8::try_from(code).unwrap_or(0), at);
                at += 6;
            }
            (Some(&letter @ (b'"' | b'\\' | b'/')), _) => {
                out.push(letter, at);
                at += 2;
            }
            _ => {
                out.push(b'\\', at);
                at += 1;
            }
        }
    }
    out
}

fn hex_number(digits: &[u8]) -> Option<u32> {
    // `from_str_radix` would take a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
