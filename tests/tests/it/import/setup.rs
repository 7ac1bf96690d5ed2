//! `setup`: it looks only where it may, names what it finds, and takes over what is chosen.

use std::fs;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use serde_json::Value;

use super::{Importer, copied, fixture, secret};
use crate::terminal::Terminal;

/// A machine with credentials in every place, and the secrets among them.
fn littered() -> (Importer, Vec<String>) {
    let importer = Importer::new();
    let secrets: Vec<String> = (0..5).map(|_| canary()).collect();
    importer.write("project/.git/HEAD", "");
    importer.write(
        "project/sub/.env.local",
        &format!("ANTHROPIC_API_KEY={}\n", secrets[0]),
    );
    importer.write(
        "project/.env",
        &format!("OPENAI_API_KEY={}\nPORT=1\n", secrets[1]),
    );
    importer.write(
        "project/.env.example",
        &format!("DD_API_KEY={}\n", secrets[2]),
    );
    // Above the project's root: none of its business.
    importer.write(".env", &format!("DD_API_KEY={}\n", secrets[2]));
    importer.write(
        ".config/gh/hosts.yml",
        &format!("github.com:\n  user: ada\n  oauth_token: {}\n", secrets[3]),
    );
    copied(&fixture("planopticon"), &importer.path(".planopticon"));
    copied(&fixture("authsome-bench"), &importer.path(".authsome"));
    (importer, secrets)
}

fn setup(importer: &mut Importer, variable: &str, more: &[&str], code: i32) -> Value {
    let mut command = importer
        .product
        .command(&[&["setup", "--json"], more].concat());
    command.env("LINEAR_API_KEY", variable);
    let output = run(command.current_dir(importer.path("project/sub")));
    assert_eq!(output.code, code, "{output:?}");
    importer.heard(&output);
    serde_json::from_str(&output.stdout).unwrap()
}

fn found(report: &Value) -> Vec<String> {
    let found = report["found"].as_array().unwrap();
    let line = |f: &Value| {
        format!(
            "{} {} {}",
            f["source"].as_str().unwrap(),
            f["provider"].as_str().unwrap_or("-"),
            f["outcome"].as_str().unwrap()
        )
    };
    found.iter().map(line).collect()
}

#[test]
fn it_looks_where_it_may_and_names_what_it_finds() {
    let (mut importer, mut secrets) = littered();
    let variable = canary();
    let refused = setup(&mut importer, &variable, &[], 2);
    assert_eq!(refused["error"], "not_agreed");
    let report = setup(&mut importer, &variable, &["--scan", "dotenv"], 0);
    assert_eq!(
        found(&report),
        ["env anthropic available", "env openai available"],
        "{report:#}"
    );
    let report = setup(&mut importer, &variable, &["--scan", "environment"], 0);
    assert_eq!(found(&report), ["environment linear available"]);
    let report = setup(&mut importer, &variable, &["--yes"], 0);
    let all = found(&report);
    for expected in [
        "env openai",
        "gh github",
        "authsome openai",
        "planopticon zoom",
        "environment linear",
    ] {
        assert!(
            all.contains(&format!("{expected} available")),
            "{expected}: {all:?}"
        );
    }
    // Looking made nothing.
    assert!(!importer.product.home().authkeep_home().exists());
    secrets.extend([variable, secret("zoom access"), secret("zoom refresh")]);
    importer.has_kept(&secrets);
}

#[test]
fn a_fresh_home_is_told_what_to_do_next() {
    let mut importer = Importer::new();
    let report = importer.json(&["setup", "--yes"], 0);
    assert_eq!(report["found"], serde_json::json!([]));
    assert_eq!(
        report["next"],
        "authkeep providers, then authkeep login PROVIDER"
    );
    let text = importer.run(&["setup", "--yes", "--no-input"]);
    assert!(text.stdout.contains("Next: authkeep providers"), "{text:?}");
}

#[test]
fn a_person_agrees_and_chooses() {
    let (importer, secrets) = littered();
    let folder = importer.path("project/sub").display().to_string();
    let binary = authkeep_tests::authkeep_bin();
    let script = format!("cd {folder}; {} setup; echo code $?", binary.display());
    let mut terminal = Terminal::script(&importer.product, &script);
    terminal.until("Look? [y/N]");
    terminal.types("y\r");
    terminal.until("Take over which?");
    let list = terminal.seen.clone();
    let number = |of: &str| {
        let line = list.lines().find(|line| line.contains(of)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    terminal.types(&format!(
        "{} {}\r",
        number(".env: OPENAI"),
        number("github.com: ada")
    ));
    terminal.until("code 0");
    let seen = terminal.seen.clone();
    for secret in &secrets {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert_eq!(
        importer.handed_out("default", "openai", "default", "token"),
        secrets[1]
    );
    assert_eq!(
        importer.handed_out("default", "github", "ada", "token"),
        secrets[3]
    );
    let list = run(&mut importer.product.command(&["list", "--json"]));
    assert!(!list.stdout.contains("\"reauth"), "{list:?}");
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let connected = list["providers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["connections"] != serde_json::json!([]));
    assert_eq!(connected.count(), 2);

    // Who says no, or nothing, has nothing taken over.
    let mut terminal = Terminal::script(&importer.product, &script);
    terminal.until("Look? [y/N]");
    terminal.types("\r");
    terminal.until("Nothing was looked at");
    terminal.until("code 0");
    let mut terminal = Terminal::script(&importer.product, &script.replace("setup", "setup --yes"));
    terminal.until("Take over which?");
    terminal.types("\r");
    terminal.until("code 0");
    let mut terminal = Terminal::script(&importer.product, &script.replace("setup", "setup --yes"));
    terminal.until("Take over which?");
    terminal.types("99\r");
    terminal.until("code 2");
}

#[test]
#[cfg(unix)]
fn other_peoples_files_are_not_looked_at() {
    let mut importer = Importer::new();
    // Neither a repository nor the home above: the folder is alone.
    let outside = importer.product.home().root().join("tmp/deep/er");
    fs::create_dir_all(&outside).unwrap();
    fs::write(
        outside.parent().unwrap().join(".env"),
        format!("OPENAI_API_KEY={}\n", canary()),
    )
    .unwrap();
    let mut command = importer
        .product
        .command(&["setup", "--json", "--scan", "dotenv"]);
    let output = run(command.current_dir(&outside));
    importer.heard(&output);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.stdout.contains("OPENAI"), "{output:?}");
    // The negative control: in the folder itself it is found.
    fs::write(
        outside.join(".env"),
        format!("OPENAI_API_KEY={}\n", canary()),
    )
    .unwrap();
    let mut command = importer
        .product
        .command(&["setup", "--json", "--scan", "dotenv"]);
    let output = run(command.current_dir(&outside));
    assert!(output.stdout.contains("OPENAI"), "{output:?}");
}
