//! Paths that are said to lie below a prefix: nobody who normalises them, before or after decoding, gets out of it.

#![no_main]

use authkeep_registry::{HostPattern, is_plain_path};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|path: &str| {
    let pattern: HostPattern = "a.example/api".parse().expect("a pattern");
    if !pattern.matches("a.example", 443, path) {
        return;
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    assert!(is_plain_path(path) && path.is_ascii());
    let url = Url::parse(&format!("https://a.example{path}")).expect("it is a path");
    assert_eq!(
        decode(url.path()),
        decode(path),
        "another path is sent than was matched"
    );
    let mut decoded = path.to_owned();
    for _ in 0..3 {
        let segments = normalised(&decoded);
        assert_eq!(
            segments.first().map(String::as_str),
            Some("api"),
            "{path:?}"
        );
        decoded = decode(&decoded);
    }
});

/// The way of servers that are as lenient as can be.
fn normalised(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment.split([';', '\0']).next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name.to_owned()),
        }
    }
    segments
}

fn decode(path: &str) -> String {
    let query = path
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}
