//! The product as a user has it: the binary under test and a home of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::home::{Output, TestHome, run, run_with_input};
use serde_json::Value;

use crate::binary::authkeep_bin;

/// An installation nobody has used yet. Nothing of the machine reaches it but the programs on its path.
#[derive(Debug, Default)]
pub struct Product {
    home: TestHome,
}

/// What the person does with the consent page that the binary opens; see
/// [`fake_open`](authkeep_testkit::browser::fake_open).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Agrees.
    Approve,
    /// Refuses.
    Deny,
    /// Never looks at it.
    Ignore,
}

impl Product {
    /// A fresh home, in which the product has made nothing so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The home and all around it.
    #[must_use]
    pub fn home(&self) -> &TestHome {
        &self.home
    }

    /// The binary with these arguments and nobody to talk to: no terminal, no display, no browser.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(&authkeep_bin());
        command.args(arguments);
        command
    }

    /// The same with a browser, in which somebody acts on the page that is opened.
    #[must_use]
    pub fn command_with_browser(&self, consent: Consent, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        let person = match consent {
            Consent::Approve => "approve",
            Consent::Deny => "deny",
            Consent::Ignore => "ignore",
        };
        command
            .env("BROWSER", fake_open())
            .env("FAKE_OPEN_PERSON", person);
        command
    }

    /// Runs the binary to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Runs it with `input` on standard input.
    #[must_use]
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        run_with_input(&mut self.command(arguments), input.as_bytes())
    }

    /// Runs it with `--json` and reads what it printed.
    ///
    /// Panics when standard output is not one JSON document.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = run(self.command(arguments).arg("--json"));
        (output.code, document(&output))
    }

    /// One live secret, by `get --field FIELD --show-secret`.
    ///
    /// Panics when it is refused.
    #[must_use]
    pub fn secret(&self, provider: &str, field: &str) -> String {
        let output = self.run(&["get", provider, "--field", field, "--show-secret"]);
        assert_eq!(output.code, 0, "{output:?}");
        output.stdout.trim_end_matches('\n').to_owned()
    }

    /// Every file of the product's own folder and what is in it.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.home.authkeep_home())
    }
}

/// Every file below `folder` and what is in it. Sockets, pipes and links are left out.
///
/// Panics when one cannot be read.
#[must_use]
pub fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let metadata = path.symlink_metadata().expect("the file's metadata");
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                let bytes = fs::read(&path).expect("a file of the test's own");
                files.insert(path, bytes);
            }
        }
    }
    files
}

/// Standard output as the one JSON document that `--json` promises.
///
/// Panics when it is anything else.
#[must_use]
pub fn document(output: &Output) -> Value {
    serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("no JSON on standard output ({error}): {output:?}"))
}

/// Asks again and again until the answer is yes; panics after half a minute.
pub fn wait_until(what: &str, mut answer: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !answer() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
