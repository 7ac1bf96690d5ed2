//! Looks for canaries in bytes, whatever produced them.

use aho_corasick::AhoCorasick;

use super::disguise::{Unescaped, base64_spellings, json_unescaped, percent_unescaped};
use super::hex;

/// The form in which a secret was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disguise {
    /// As it stands.
    Raw,
    /// Inside base64, in any of the three alignments, standard or URL alphabet.
    Base64,
    /// Some or all of its bytes written `%41`.
    Percent,
    /// Two hexadecimal digits a byte, either case.
    Hex,
    /// Some or all of its bytes written `\u0041`.
    Json,
}

/// One secret found in the bytes scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// Which one: its index in the list given to [`Scanner::new`].
    pub canary: usize,
    /// In which form.
    pub disguise: Disguise,
    /// Where it begins in the bytes scanned.
    pub offset: usize,
}

/// Finds any of a set of secrets, in five disguises, in one pass for each kind of escaping.
#[derive(Debug)]
pub struct Scanner {
    canaries: Vec<String>,
    raw: AhoCorasick,
    spelled: AhoCorasick,
    spelled_as: Vec<(usize, Disguise)>,
}

impl Scanner {
    /// A scanner for `canaries`.
    ///
    /// Panics on a secret shorter than 8 bytes: its base64 would be found by chance.
    pub fn new<S: AsRef<str>>(canaries: &[S]) -> Self {
        let canaries: Vec<String> = canaries.iter().map(|c| c.as_ref().to_owned()).collect();
        let mut patterns = Vec::new();
        let mut spelled_as = Vec::new();
        for (index, canary) in canaries.iter().enumerate() {
            assert!(
                canary.len() >= 8,
                "a secret of {} bytes is found by chance",
                canary.len()
            );
            for spelling in base64_spellings(canary.as_bytes()) {
                patterns.push(spelling);
                spelled_as.push((index, Disguise::Base64));
            }
            let lower = hex(canary.as_bytes());
            for spelling in [lower.to_uppercase(), lower] {
                patterns.push(spelling);
                spelled_as.push((index, Disguise::Hex));
            }
        }
        Self {
            raw: AhoCorasick::new(&canaries).expect("secrets are short patterns"),
            spelled: AhoCorasick::new(&patterns).expect("spellings are short patterns"),
            canaries,
            spelled_as,
        }
    }

    /// Every secret in `bytes`, in order of offset; empty when there is none.
    #[must_use]
    pub fn scan(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self
            .raw
            .find_overlapping_iter(bytes)
            .map(|m| Hit {
                canary: m.pattern().as_usize(),
                disguise: Disguise::Raw,
                offset: m.start(),
            })
            .collect();
        hits.extend(self.spelled.find_overlapping_iter(bytes).map(|m| {
            let (canary, disguise) = self.spelled_as[m.pattern().as_usize()];
            Hit {
                canary,
                disguise,
                offset: m.start(),
            }
        }));
        if bytes.contains(&b'%') {
            self.scan_unescaped(
                bytes,
                &percent_unescaped(bytes),
                Disguise::Percent,
                &mut hits,
            );
        }
        if bytes.contains(&b'\\') {
            self.scan_unescaped(bytes, &json_unescaped(bytes), Disguise::Json, &mut hits);
        }
        hits.sort_by_key(|hit| hit.offset);
        hits
    }

    /// Adds what `decoded` holds and `original` does not spell out: the rest are raw hits already.
    fn scan_unescaped(
        &self,
        original: &[u8],
        decoded: &Unescaped,
        disguise: Disguise,
        hits: &mut Vec<Hit>,
    ) {
        for found in self.raw.find_overlapping_iter(&decoded.bytes) {
            let canary = found.pattern().as_usize();
            let offset = decoded.origins[found.start()];
            if !original[offset..].starts_with(self.canaries[canary].as_bytes()) {
                hits.push(Hit {
                    canary,
                    disguise,
                    offset,
                });
            }
        }
    }
}
