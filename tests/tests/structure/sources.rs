//! Rules about single files: size, names, and words that may stand in some crates only.

use std::fs;
use std::path::Path;

use crate::root;

/// A file with more lines holds two concepts.
const MAX_LINES: usize = 600;
/// A table of contents with more lines holds logic.
const MAX_LIB: usize = 80;

/// A source file, by its path below the workspace.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["crates", "benches", "demo", "fuzz", "tests", "xtask"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" && name != "target" {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).expect("below the root");
            found.push(Source {
                path: relative.to_string_lossy().into_owned(),
                text: fs::read_to_string(&path).expect("text"),
            });
        }
    }
}

fn findings(sources: &[Source], rule: fn(&Source) -> Option<String>) -> Vec<String> {
    let found = |source| rule(source).map(|why| format!("{}: {why}", source.path));
    sources.iter().filter_map(found).collect()
}

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let most = if source.path.ends_with("src/lib.rs") {
        MAX_LIB
    } else {
        MAX_LINES
    };
    (lines > most).then(|| format!("{lines} lines, at most {most}"))
}

fn badly_named(source: &Source) -> Option<String> {
    const FORBIDDEN: [&str; 9] = [
        "util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff", "mod",
    ];
    let stem = Path::new(&source.path).file_stem()?.to_str()?;
    FORBIDDEN
        .contains(&stem)
        .then(|| "the name says nothing".to_owned())
}

/// Words that would break a crate's promise of what it does not do.
fn out_of_place(source: &Source) -> Option<String> {
    const RULES: [(&str, &[&str]); 5] = [
        (
            "crates/flows/src",
            &[
                "std::net",
                "std::fs",
                "std::env",
                "std::time::Instant",
                "SystemTime::now",
                "async fn",
                ".await",
            ],
        ),
        (
            "crates/vault/src",
            &["oauth", "OAuth", "refresh_token", "expires", "async fn"],
        ),
        (
            "crates/registry/src",
            &["std::net::Tcp", "std::env", "async fn"],
        ),
        (
            "crates/audit/src",
            &["SecretString", "std::env", "async fn"],
        ),
        (
            "crates/core/src",
            &["std::env", "println!", "eprintln!", "process::exit"],
        ),
    ];
    let (_, words) = RULES
        .iter()
        .find(|(folder, _)| source.path.starts_with(folder))?;
    let code = source
        .text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for line in code {
        if let Some(word) = words.iter().find(|word| line.contains(**word)) {
            return Some(format!("`{word}` has no place here"));
        }
    }
    None
}

/// Every way out of a secret type says why it is one.
fn silent_exposure(source: &Source) -> Option<String> {
    /// How far above a line the reason may stand.
    const NEAR: usize = 12;
    let shipped = source.path.starts_with("crates/") && source.path.contains("/src/");
    let tested = source.path.contains("tests")
        || source.path.contains("testkit")
        || source.path.contains("fixture");
    if !shipped || tested {
        return None;
    }
    let lines: Vec<&str> = source
        .text
        .lines()
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .collect();
    for (number, line) in lines.iter().enumerate() {
        let explained = || {
            lines[number.saturating_sub(NEAR)..=number]
                .iter()
                .any(|line| line.contains("EXPOSE:"))
        };
        if line.contains(".expose_secret()") && !explained() {
            return Some(format!("line {}: no EXPOSE comment says why", number + 1));
        }
    }
    None
}

fn unsafe_code(source: &Source) -> Option<String> {
    let keyword = ["un", "safe "].concat();
    let count = source
        .text
        .lines()
        .filter(|line| {
            !line.trim_start().starts_with("//") && line.contains(&keyword) && line.contains('{')
        })
        .count();
    (count > 0).then(|| format!("{count} lines"))
}

const NOTHING: [String; 0] = [];

#[test]
fn files_hold_one_concept_each() {
    assert_eq!(findings(&sources(), too_long), NOTHING);
}

#[test]
fn names_say_what_is_in_a_file() {
    assert_eq!(findings(&sources(), badly_named), NOTHING);
}

#[test]
fn crates_keep_their_promises_of_absence() {
    assert_eq!(findings(&sources(), out_of_place), NOTHING);
}

#[test]
fn every_exposed_secret_says_why() {
    assert_eq!(findings(&sources(), silent_exposure), NOTHING);
}

#[test]
fn nothing_is_unsafe() {
    assert_eq!(findings(&sources(), unsafe_code), NOTHING);
}

#[test]
fn the_rules_bite() {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let check = |rule: fn(&Source) -> Option<String>, path: &str, text: &str| {
        assert!(
            rule(&source(path, text)).is_some(),
            "{path} should be found"
        );
    };
    check(too_long, "crates/x/src/a.rs", &"\n".repeat(601));
    check(too_long, "crates/x/src/lib.rs", &"\n".repeat(81));
    check(badly_named, "crates/x/src/util.rs", "");
    check(badly_named, "crates/x/src/a/mod.rs", "");
    check(
        out_of_place,
        "crates/flows/src/a.rs",
        "use std::net::TcpStream;",
    );
    check(
        out_of_place,
        "crates/vault/src/a.rs",
        "fn f(expires_in: u64) {}",
    );
    check(
        silent_exposure,
        "crates/core/src/a.rs",
        "let x = token.expose_secret();",
    );
    check(
        unsafe_code,
        "crates/core/src/a.rs",
        &["    un", "safe { x() }"].concat(),
    );
    assert!(
        silent_exposure(&source(
            "crates/core/src/a.rs",
            "// EXPOSE: why\nx.expose_secret()"
        ))
        .is_none()
    );
}

/// Paths that ARCHITECTURE.md names in its account of the ways.
fn named_paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| word.ends_with(".rs") && word.contains("/src/"))
        .map(|word| word.trim_start_matches("crates/"))
        .collect()
}

#[test]
fn the_map_names_files_that_exist() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let paths = named_paths(&map);
    assert!(paths.len() > 30, "only {} paths were found", paths.len());
    let missing: Vec<_> = paths
        .iter()
        .filter(|path| !root().join("crates").join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(
        named_paths("`cli/src/nowhere.rs` and `main.rs`"),
        ["cli/src/nowhere.rs"]
    );
}
