//! Arrows between crates point down only.

use serde_json::{Value, json};

use crate::metadata;

/// Which workspace crates a crate may depend on. Whoever is not here depends on none.
const ALLOWED: [(&str, &[&str]); 6] = [
    (
        "authkeep-core",
        &[
            "authkeep-registry",
            "authkeep-flows",
            "authkeep-vault",
            "authkeep-audit",
        ],
    ),
    ("authkeep-proxy", &["authkeep-core", "authkeep-registry"]),
    (
        "authkeep-cli",
        &[
            "authkeep-core",
            "authkeep-proxy",
            "authkeep-registry",
            "authkeep-vault",
            "authkeep-audit",
        ],
    ),
    // Its program `embedder` uses the library as other programs do.
    (
        "authkeep-tests",
        &[
            "authkeep-core",
            "authkeep-registry",
            "authkeep-vault",
            "authkeep-audit",
            "authkeep-testkit",
        ],
    ),
    ("authkeep-demo", &["authkeep-testkit"]),
    (
        "authkeep-benches",
        &[
            "authkeep-core",
            "authkeep-registry",
            "authkeep-vault",
            "authkeep-audit",
            "authkeep-testkit",
        ],
    ),
];

/// Dependencies that only one crate may pull, so that the outside world stays behind its joint.
const OWNERS: [(&str, &[&str]); 7] = [
    ("rusqlite", &["authkeep-vault", "authkeep-benches"]),
    ("aes-gcm", &["authkeep-vault", "authkeep-benches"]),
    // Among the tests there is a client of a user's.
    ("reqwest", &["authkeep-core", "authkeep-tests"]),
    ("ring", &["authkeep-flows"]),
    ("clap", &["authkeep-cli"]),
    ("clap_complete", &["authkeep-cli"]),
    (
        "tokio",
        &[
            "authkeep-core",
            "authkeep-proxy",
            "authkeep-cli",
            "authkeep-testkit",
            "authkeep-tests",
            "authkeep-benches",
        ],
    ),
];

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let allowed = ALLOWED
            .iter()
            .find(|(from, _)| *from == name)
            .map_or(&[][..], |(_, to)| *to);
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            // Tests may reach for the fakes and for anything else; what is shipped may not.
            if dependency["kind"] == json!("dev") {
                continue;
            }
            let to = dependency["name"].as_str().expect("a name");
            let owners = OWNERS.iter().find(|(owned, _)| *owned == to);
            if to.starts_with("authkeep-") && !allowed.contains(&to)
                || owners.is_some_and(|(_, owners)| !owners.contains(&name))
            {
                wrong.push(format!("{name} -> {to}"));
            }
        }
    }
    wrong
}

#[test]
fn arrows_point_down_only() {
    assert_eq!(
        wrong_arrows(&metadata(&["--no-deps"])),
        Vec::<String>::new()
    );
}

#[test]
fn a_wrong_arrow_would_be_seen() {
    let dependency = |to: &str| json!({ "name": to, "kind": null });
    let package = |name: &str, to: &str| json!({ "name": name, "dependencies": [dependency(to)] });
    let sample = json!({ "packages": [
        package("authkeep-flows", "authkeep-vault"),
        package("authkeep-vault", "authkeep-core"),
        package("authkeep-registry", "reqwest"),
        package("authkeep-core", "authkeep-flows"),
    ] });
    let expected = [
        "authkeep-flows -> authkeep-vault",
        "authkeep-vault -> authkeep-core",
        "authkeep-registry -> reqwest",
    ];
    assert_eq!(wrong_arrows(&sample), expected);
}
