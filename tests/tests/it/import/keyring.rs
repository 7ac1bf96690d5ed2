//! A master key in a real keyring: it is read there, and a keyring that cannot be read ends the import in time, with
//! nothing stored.
//!
//! Each test has a gnome-keyring of its own, whose entry has the attributes that Python's `keyring` gives it. Without
//! that program these tests say that they were left out.
#![expect(clippy::print_stdout, reason = "a skipped part says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use authkeep_testkit::home::{run, run_with_input};
use serde_json::Value;

use super::{Importer, copied, fixture, secret};

const KEY: &str = "Y25yeS1rZXlyaW5nLWtleS1mb3ItdGhlLWZpeHR1cmU=";

/// What each error says to do at last.
const WAY_OUT: &str = "authkeep import authsome --key-stdin";

struct Keyring {
    importer: Importer,
}

impl Keyring {
    /// A keyring with `key` as the entry of authsome's user `user`; `None` where there is no gnome-keyring.
    fn with(user: &str, key: &str) -> Option<Self> {
        let programs = ["dbus-run-session", "gnome-keyring-daemon", "secret-tool"];
        if let Some(program) = programs
            .iter()
            .find(|program| !Path::new("/usr/bin").join(program).exists())
        {
            println!("left out: there is no {program}; `cargo xtask setup` installs it");
            return None;
        }
        let keyring = Self {
            importer: Importer::new(),
        };
        let mut store = keyring.session("unlocked", Path::new("secret-tool"));
        store.args([
            "store",
            "--label",
            "Password for 'master_key' on 'authsome'",
        ]);
        store.args(["application", "Python keyring library"]);
        store.args(["service", "authsome", "username", user]);
        let output = run_with_input(&mut store, key.as_bytes());
        assert_eq!(output.code, 0, "{output:?}");
        Some(keyring)
    }

    /// A program in a session of its own, see the script.
    fn session(&self, mode: &str, program: &Path) -> std::process::Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keyring/with-keyring.sh");
        let mut command = self.importer.product.home().command(&script);
        command.arg(mode).arg(program);
        command
    }

    /// The report of an import in such a session, which has to end with this code, and how long it took.
    fn import(&mut self, mode: &str, home: &Path, code: i32) -> (Value, Duration) {
        let mut command = self.session(mode, &authkeep_tests::authkeep_bin());
        command.args(["import", "authsome", "--json", "-vvv", "--home"]);
        command.arg(home).env("AUTHKEEP_LOG", "trace");
        let begin = Instant::now();
        let output = run(&mut command);
        let took = begin.elapsed();
        self.importer.heard(&output);
        assert_eq!(output.code, code, "{mode}: {output:?}");
        (serde_json::from_str(&output.stdout).unwrap(), took)
    }

    /// An import that the keyring stands in the way of: `kind` and the way out are said, soon, and nothing is stored.
    fn refused(&mut self, mode: &str, kind: &str) -> Duration {
        let (error, took) = self.import(mode, &home(), 7);
        assert_eq!(error["error"], kind, "{mode}: {error:#}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains(WAY_OUT), "{mode}: {error:#}");
        assert!(!self.importer.product.home().authkeep_home().exists());
        took
    }
}

fn home() -> PathBuf {
    fixture("authsome-keyring")
}

#[test]
fn a_key_in_an_open_keyring_brings_everything_over() {
    let Some(mut keyring) = Keyring::with("master_key", KEY) else {
        return;
    };
    let (report, _) = keyring.import("unlocked", &home(), 0);
    let outcomes = report["entries"].as_array().unwrap();
    assert!(!outcomes.is_empty());
    assert!(
        outcomes.iter().all(|e| e["outcome"] == "imported"),
        "{report:#}"
    );
    let out = keyring
        .importer
        .handed_out("default", "openai", "default", "token");
    assert_eq!(out, secret("default openai default key"));
    keyring
        .importer
        .has_kept(&[KEY.to_owned(), secret("default openai default key")]);
}

#[test]
fn the_daemon_of_0_7_has_the_same_entry() {
    let there = fixture("authsome-07");
    let master = fs::read_to_string(there.join("server/master.key")).unwrap();
    let Some(mut keyring) = Keyring::with("master_key", master.trim()) else {
        return;
    };
    let moved = keyring.importer.path("moved");
    copied(&there, &moved);
    fs::remove_file(moved.join("server/master.key")).unwrap();
    let (from_keyring, _) = keyring.import("unlocked", &moved, 0);
    let mut other = Importer::new();
    let there = there.display().to_string();
    let from_file = other.json(&["import", "authsome", "--home", &there], 0);
    assert_eq!(from_keyring["entries"], from_file["entries"]);
}

#[test]
fn a_keyring_that_cannot_be_read_is_said_and_nothing_is_stored() {
    let Some(mut keyring) = Keyring::with("master_key", KEY) else {
        return;
    };
    // Nothing waits for somebody here, so none of them needs the whole deadline.
    keyring.refused("locked", "keyring_locked");
    keyring.refused("no-service", "keyring_unavailable");
    keyring.refused("no-bus", "keyring_unavailable");
    // The negative control: it is the keyring's state that makes the difference.
    keyring.import("unlocked", &home(), 0);
}

#[test]
fn a_prompt_that_nobody_answers_is_not_waited_for() {
    let Some(mut keyring) = Keyring::with("master_key", KEY) else {
        return;
    };
    let took = keyring.refused("unanswered", "keyring_timeout");
    println!(
        "figure: a prompt that nobody answers ends the import after {took:.1?}, the session included"
    );
    assert!(took >= Duration::from_secs(3), "{took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn an_entry_of_another_name_or_of_nonsense_is_no_key() {
    let Some(mut keyring) = Keyring::with("another_key", KEY) else {
        return;
    };
    keyring.refused("unlocked", "keyring_no_entry");
    let Some(mut keyring) = Keyring::with("master_key", "no key") else {
        return;
    };
    let (error, _) = keyring.import("unlocked", &home(), 7);
    assert_eq!(error["error"], "source_unusable", "{error:#}");
}

#[test]
fn a_look_around_opens_no_keyring() {
    let Some(keyring) = Keyring::with("master_key", KEY) else {
        return;
    };
    copied(&home(), &keyring.importer.path(".authsome"));
    let mut command = keyring.session("unlocked", &authkeep_tests::authkeep_bin());
    let output = run(command.args(["setup", "--scan", "authsome", "--json", "--no-input"]));
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["found"].as_array().unwrap().len(), 0, "{report:#}");
    assert!(
        output.stdout.contains("`authkeep import authsome`"),
        "{report:#}"
    );
}
