//! Takes a credential out of answers that repeat it: the program is not to learn it from an echo.
//!
//! Each byte of it becomes a `*`, so lengths stay as they are announced. The text is looked for as it was sent; another
//! encoding of it, or a compressed answer, is not seen through. Streams stay streams: nothing is held back but an end
//! that could be the beginning of a secret.

mod body;

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use memchr::{memchr_iter, memmem};
use secrecy::{ExposeSecret, SecretString};

pub use self::body::Redacted;

/// What an answer must not repeat.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Vec<SecretString>>);

/// It shows how many there are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Adds one. What is shorter than eight bytes turns up by chance, and is left alone.
    pub fn push(&mut self, secret: SecretString) {
        const SHORTEST: usize = 8;
        // EXPOSE: for its length, and to keep each once.
        let text = secret.expose_secret();
        if text.len() >= SHORTEST && !self.texts().any(|known| known == text.as_bytes()) {
            Arc::make_mut(&mut self.0).push(secret);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes them out of the headers of an answer.
    pub fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let found = (self.texts()).any(|secret| {
                value.len() >= secret.len() && memmem::find(value.as_bytes(), secret).is_some()
            });
            if !found {
                continue;
            }
            let mut redactor = Redactor::new(self.clone());
            let mut clean = redactor
                .push(Bytes::copy_from_slice(value.as_bytes()))
                .to_vec();
            clean.extend_from_slice(&redactor.finish());
            *value =
                HeaderValue::from_bytes(&clean).unwrap_or_else(|_| HeaderValue::from_static("*"));
        }
    }

    /// Whether bodies under these headers can be looked through: not where they are compressed, and not the frames of
    /// gRPC, whose messages would no longer fit their checksums. Servers that take a charset for a coding, or name none,
    /// compress nothing.
    pub fn apply_to(&self, headers: &HeaderMap) -> bool {
        let is_plain = |value: &HeaderValue| {
            let mut codings = value.as_bytes().split(|byte| *byte == b',');
            !codings.any(|coding| is_compression(coding.trim_ascii()))
        };
        let is_grpc = |value: &HeaderValue| {
            let start = value.as_bytes().get(..b"application/grpc".len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
        };
        !self.0.is_empty()
            && headers.get_all(CONTENT_ENCODING).iter().all(is_plain)
            && !headers.get(CONTENT_TYPE).is_some_and(is_grpc)
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        // EXPOSE: compared with what a server sends; it goes nowhere.
        self.0
            .iter()
            .map(|secret| secret.expose_secret().as_bytes())
    }
}

/// Replaces secrets in a text that comes in pieces. The result does not depend on where it was cut.
#[derive(Debug)]
pub struct Redactor {
    secrets: Secrets,
    /// The end of what has come so far, which could be the beginning of a secret.
    held: Bytes,
    /// How many bytes of that are the end of a secret already.
    covered: usize,
}

impl Redactor {
    /// Nothing has come yet.
    pub fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            held: Bytes::new(),
            covered: 0,
        }
    }

    /// What it looks for.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// How many bytes are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next piece and gives out what is certain. It is the same memory unless something was found or held back.
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        let mut text = if self.held.is_empty() {
            piece
        } else {
            let mut joined = BytesMut::with_capacity(self.held.len() + piece.len());
            joined.extend_from_slice(&self.held);
            joined.extend_from_slice(&piece);
            joined.freeze()
        };
        let certain = text.len() - self.secrets.longest_start_at_end(&text);
        let covered = self.secrets.covered(&text, self.covered);
        self.held = text.split_off(certain);
        // What ends in there is known only as long as its beginning is; what begins farther on is found again.
        let ending = covered.iter().filter(|(start, _)| *start <= certain);
        let ending = ending.map(|(_, end)| end.saturating_sub(certain));
        self.covered = ending.max().unwrap_or(0);
        masked(text, &covered)
    }

    /// Gives out what was held back: nothing comes after it.
    pub fn finish(&mut self) -> Bytes {
        let text = std::mem::take(&mut self.held);
        let covered = self
            .secrets
            .covered(&text, std::mem::take(&mut self.covered));
        masked(text, &covered)
    }
}

impl Secrets {
    /// Where secrets are in `text`, whose first `begun` bytes are the end of one: ranges that may overlap.
    fn covered(&self, text: &[u8], begun: usize) -> Vec<(usize, usize)> {
        // Preparing a search takes time for each byte of what is looked for; this much is rare enough.
        const ENOUGH: usize = 32;
        let mut ranges = Vec::new();
        if begun > 0 {
            ranges.push((0, begun));
        }
        for secret in self.texts().filter(|secret| secret.len() <= text.len()) {
            let finder = memmem::Finder::new(&secret[..secret.len().min(ENOUGH)]);
            let mut from = 0;
            let mut last: Option<(usize, usize)> = None;
            while let Some(at) = finder.find(&text[from..]).map(|at| at + from) {
                // It may begin again within itself.
                from = at + 1;
                if !text[at..].starts_with(secret) {
                    continue;
                }
                let end = at + secret.len();
                match &mut last {
                    Some((_, last_end)) if *last_end >= at => *last_end = end,
                    _ => ranges.extend(last.replace((at, end))),
                }
            }
            ranges.extend(last);
        }
        ranges
    }

    /// How many bytes at the end of `text` could be the beginning of a secret, the longest of them.
    fn longest_start_at_end(&self, text: &[u8]) -> usize {
        let longest = |secret: &[u8]| {
            let from = text.len().saturating_sub(secret.len().saturating_sub(1));
            let end = &text[from..];
            let first = secret.first()?;
            let start = memchr_iter(*first, end).find(|at| secret.starts_with(&end[*at..]))?;
            Some(end.len() - start)
        };
        self.texts().filter_map(longest).max().unwrap_or(0)
    }
}

/// The codings that are registered for HTTP and change bytes (RFC 9110 section 18.6, and later ones).
fn is_compression(coding: &[u8]) -> bool {
    const KNOWN: [&str; 12] = [
        "gzip",
        "x-gzip",
        "deflate",
        "compress",
        "x-compress",
        "br",
        "zstd",
        "dcb",
        "dcz",
        "exi",
        "pack200-gzip",
        "aes128gcm",
    ];
    let mut known = KNOWN.iter();
    known.any(|known| coding.eq_ignore_ascii_case(known.as_bytes()))
}

fn masked(text: Bytes, covered: &[(usize, usize)]) -> Bytes {
    let end = text.len();
    let within = covered.iter().filter(|(start, _)| *start < end);
    let mut within = within.peekable();
    if within.peek().is_none() {
        return text;
    }
    let mut text = BytesMut::from(text);
    for (start, stop) in within {
        text[*start..(*stop).min(end)].fill(b'*');
    }
    text.freeze()
}

#[cfg(test)]
mod tests;
