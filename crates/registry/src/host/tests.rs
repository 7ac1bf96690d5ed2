use super::*;

fn pattern(text: &str) -> HostPattern {
    HostPattern::parse(text).expect(text)
}

#[test]
fn bad_patterns_say_why() {
    for (text, why) in [
        ("", "not a host name"),
        ("*", "whole labels"),
        ("*.", "not a host name"),
        ("*.com", "unrelated owners"),
        ("*.co.uk", "unrelated owners"),
        ("*.github.io", "unrelated owners"),
        ("**.example.com", "whole labels"),
        ("*.*.example.com", "whole labels"),
        ("api*.example.com", "whole labels"),
        ("a.*.com", "whole labels"),
        ("*example.com", "whole labels"),
        ("*.10.0.0.1", "no subdomains"),
        ("https://example.com", "scheme"),
        ("user@example.com", "not a host name"),
        ("example.com:0", "port"),
        ("example.com:", "port"),
        ("example.com:+80", "port"),
        ("example.com:70000", "port"),
        ("example.com?x", "not a host name"),
        ("example.com#x", "not a host name"),
        ("exa mple.com", "not a host name"),
        ("example.com.", "empty label"),
        ("a..example.com", "empty label"),
        (".example.com", "empty label"),
        ("exämple.com", "not ASCII"),
        ("example%2ecom", "not a host name"),
        ("example.com/../x", "plain path"),
        ("example.com/a?b", "plain path"),
        ("example.com//", "plain path"),
        ("example.com/%2e", "plain path"),
    ] {
        let error = HostPattern::parse(text).expect_err(text);
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
}

#[test]
fn display_is_canonical() {
    for (text, shown) in [
        ("API.Example.com", "api.example.com"),
        ("example.com:443", "example.com"),
        ("example.com:8443/", "example.com:8443"),
        ("*.Example.com/api/", "*.example.com/api/"),
        ("127.0.0.1:9", "127.0.0.1:9"),
        ("0x7f.1:9", "127.0.0.1:9"),
        ("[0:0::1]:9", "[::1]:9"),
    ] {
        assert_eq!(pattern(text).to_string(), shown);
        assert_eq!(pattern(shown), pattern(text));
    }
}

#[test]
fn an_exact_host_matches_itself_only() {
    let exact = pattern("api.example.com");
    assert!(exact.matches("api.example.com", 443, "/"));
    assert!(exact.matches("API.EXAMPLE.COM", 443, "/x?y"));
    for host in [
        "example.com",
        "x.api.example.com",
        "api.example.com.evil.example",
        "api.example.com.",
        "apiXexample.com",
        "evil-api.example.com",
        "",
    ] {
        assert!(!exact.matches(host, 443, "/"), "{host}");
    }
    assert!(!exact.matches("api.example.com", 80, "/"));
    assert!(!exact.matches("api.example.com", 8443, "/"));
    assert!(
        pattern("[::1]:9").matches("::1", 9, "/") && pattern("[::1]:9").matches("[::1]", 9, "/")
    );
}

#[test]
fn a_wildcard_needs_at_least_one_label() {
    let below = pattern("*.googleapis.com");
    for host in ["storage.googleapis.com", "a.b.googleapis.com"] {
        assert!(below.matches(host, 443, "/"), "{host}");
    }
    for host in [
        "googleapis.com",
        ".googleapis.com",
        "a..googleapis.com",
        "evilgoogleapis.com",
        "googleapis.evil.example",
        "storage.googleapis.com.evil.example",
    ] {
        assert!(!below.matches(host, 443, "/"), "{host}");
    }
}

#[test]
fn a_path_prefix_ends_at_a_segment_and_cannot_be_climbed_out_of() {
    let api = pattern("slack.com/api/");
    assert!(api.matches("slack.com", 443, "/api/chat.postMessage?x=/../"));
    for path in [
        "/",
        "/api",
        "/apix/",
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api/..%2fadmin",
        "/api/..;x/admin",
        "/api/%252e%252e/admin",
        "/api\\..\\admin",
        "/api//evil",
        "/api/a;b",
        "/api/a%3bb",
        "/api/%c0%ae%c0%ae/admin",
        "/api/%00",
        "/api/%0a",
        "/api/%",
        "/api/%4",
        "/api/%+4",
        "/api/%u002e",
        "/api/\u{e4}",
        "api/x",
        "",
    ] {
        assert!(!api.matches("slack.com", 443, path), "{path}");
    }
    for path in [
        "/api/%E0%A4%B9%20x",
        "/api/.well-known",
        "/api/a..b/...",
        "/api/%7Ex@y",
    ] {
        assert!(api.matches("slack.com", 443, path), "{path}");
    }
    // The control: a plain prefix test would have let the climbers through.
    assert!("/api/../admin".starts_with("/api/") && "/api/%2e%2e/admin".starts_with("/api/"));
    let bare = pattern("slack.com/api");
    assert!(bare.matches("slack.com", 443, "/api") && bare.matches("slack.com", 443, "/api/x"));
    assert!(!bare.matches("slack.com", 443, "/apix"));
    // Without a prefix the path is nobody's concern.
    assert!(pattern("slack.com").matches("slack.com", 443, "/a/../b"));
}

#[test]
fn overlap_is_symmetric() {
    for (a, b, expected) in [
        ("a.example.com", "*.example.com", true),
        ("example.com", "*.example.com", false),
        ("*.a.example.com", "*.example.com", true),
        ("*.a.example.com", "*.b.example.com", false),
        ("example.com/api/", "example.com", true),
        ("example.com/api/", "example.com/git/", false),
        ("example.com/api/", "example.com/api/v2/", true),
        ("example.com", "example.com:8443", false),
    ] {
        assert_eq!(pattern(a).overlaps(&pattern(b)), expected, "{a} {b}");
        assert_eq!(pattern(b).overlaps(&pattern(a)), expected, "{b} {a}");
    }
}

#[test]
fn the_most_specific_pattern_wins() {
    let order = [
        "*.example.com",
        "*.api.example.com",
        "example.com",
        "example.com/api/",
    ];
    for pair in order.windows(2) {
        assert!(
            pattern(pair[0]).specificity() < pattern(pair[1]).specificity(),
            "{pair:?}"
        );
    }
}
