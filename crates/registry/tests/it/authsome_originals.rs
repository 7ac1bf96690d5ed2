//! Every definition that authsome ships, where its files are at hand: all are taken over, and mean the same.

use authkeep_registry::dialect::authsome::convert;
use authkeep_registry::{Definition, HostPattern, Registry};
use serde_json::Value;

/// The real files, where they are: a directory of one version's definitions in each part of the variable, with `:` between.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks for files that are not here"
)]
fn all_of_the_originals_are_taken_over() {
    let Some(places) = std::env::var_os("AUTHKEEP_AUTHSOME_PROVIDERS") else {
        return;
    };
    let registry = Registry::new(None);
    let mut counts = Vec::new();
    for place in std::env::split_paths(&places) {
        let mut count = 0;
        for entry in std::fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if !path
                .extension()
                .is_some_and(|end| end == "json" || end == "jsonc")
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let (value, _) = convert("original", &text).unwrap();
            registry.check("original", &value.to_string()).unwrap();
            same_as(&text, &value);
            count += 1;
        }
        counts.push(count);
    }
    assert!(
        counts == [44] || counts == [44, 88] || counts == [88],
        "{counts:?}"
    );
}

/// What both forms say, by another way of reading the original.
fn same_as(original: &str, value: &Value) {
    // There, comments have lines of their own.
    let lines: Vec<&str> = (original.lines())
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let original: Value = serde_json::from_str(&lines.join("\n")).unwrap();
    let definition = Definition::from_json("x", &value.to_string()).unwrap();
    for key in ["name", "display_name"] {
        assert_eq!(original[key], value[key]);
    }
    for key in [
        "authorization_url",
        "revocation_url",
        "device_authorization_url",
    ] {
        assert_eq!(original["oauth"][key], value["oauth"][key], "{key}");
    }
    let scopes = original["oauth"]["scopes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let kept = value["oauth"]["scopes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(scopes, kept);
    if let Some(oauth) = &definition.oauth {
        assert_eq!(
            original["oauth"]["pkce"].as_bool().unwrap_or(true),
            oauth.pkce == authkeep_registry::Pkce::Standard
        );
    }
    if let Some(key) = original.get("api_key") {
        let name = key["header_name"].as_str().unwrap();
        let prefix = key["header_prefix"].as_str().unwrap_or_default();
        let shown = format!("{prefix} {{token}}");
        assert_eq!(value["api_key"]["headers"][name], shown.trim_start());
    }
    let target = original
        .get("host_url")
        .or(original.get("api_url"))
        .unwrap();
    if let Some(target) = target
        .as_str()
        .filter(|target| !target.starts_with("regex:"))
    {
        let target = target.strip_prefix("https://").unwrap_or(target);
        let (host, path) = target.split_once('/').unwrap_or((target, ""));
        let pattern = definition.hosts[0].pattern.as_str();
        let pattern = HostPattern::parse(pattern).unwrap();
        assert!(pattern.matches(host, 443, &format!("/{path}/x")));
        assert!(!pattern.matches(&format!("{host}.evil.example"), 443, "/"));
    }
}
