//! What the tests of importing have in common: a home full of what other programs wrote, and all that was said about it.

use std::fs;
use std::path::{Path, PathBuf};

use authkeep_testkit::canary::Scanner;
use authkeep_testkit::home::{Output, run, run_with_input};
use authkeep_tests::Product;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

mod authsome;
mod authsome_daemon;
mod damage;
mod files;
mod interrupted;
mod keyring;
mod setup;
mod used;

/// The secret that the scripts beside the fixtures make of a label.
pub(crate) fn secret(label: &str) -> String {
    let digest = Sha256::digest(label);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("cnry_{}", &hex[..32])
}

/// A folder of `tests/fixtures/peers`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/peers");
    folder.join(name)
}

/// Copies a folder, to be changed.
pub(crate) fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every path below `folder` with the digest of what is there.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push((path.clone(), "folder".to_owned()));
            found.extend(contents(&path));
        } else {
            let digest = Sha256::digest(fs::read(&path).unwrap());
            found.push((path, format!("{digest:02x?}")));
        }
    }
    found.sort();
    found
}

/// A home to import into, and everything that it printed.
pub(crate) struct Importer {
    pub(crate) product: Product,
    said: Vec<u8>,
}

impl Importer {
    pub(crate) fn new() -> Self {
        Self {
            product: Product::new(),
            said: Vec::new(),
        }
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> PathBuf {
        self.product.home().home()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    /// Writes a file of the user's.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn heard(&mut self, output: &Output) {
        self.said.extend(output.stdout.as_bytes());
        self.said.extend(output.stderr.as_bytes());
    }

    /// Runs a command at the most talkative level.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Output {
        let mut command = self.product.command(arguments);
        let output = run(command.arg("-vvv").env("AUTHKEEP_LOG", "trace"));
        self.heard(&output);
        output
    }

    /// The same with JSON on stdout, which has to have come with this exit code.
    pub(crate) fn json(&mut self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.code, code, "{arguments:?}: {output:?}");
        serde_json::from_str(&output.stdout).unwrap()
    }

    /// The same whatever the exit code.
    pub(crate) fn json_any(&mut self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    pub(crate) fn given(&mut self, arguments: &[&str], input: &str) -> Output {
        let output = run_with_input(&mut self.product.command(arguments), input.as_bytes());
        self.heard(&output);
        output
    }

    /// What a login hands out. It is not among what was said.
    pub(crate) fn handed_out(
        &self,
        profile: &str,
        provider: &str,
        connection: &str,
        field: &str,
    ) -> String {
        let arguments = [
            "get",
            provider,
            "--profile",
            profile,
            "--connection",
            connection,
            "--field",
            field,
            "--show-secret",
        ];
        let output = run(&mut self.product.command(&arguments));
        assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
        output.stdout.trim_end().to_owned()
    }

    /// None of `secrets` was said, logged or put on record, nor is it in any file of ours.
    pub(crate) fn has_kept(&self, secrets: &[String]) {
        let scanner = Scanner::new(secrets);
        assert_eq!(scanner.scan(&self.said), [], "said");
        let ours = self.product.home().authkeep_home();
        if ours.exists() {
            for (path, _) in contents(&ours).iter().filter(|(path, _)| path.is_file()) {
                assert_eq!(
                    scanner.scan(&fs::read(path).unwrap()),
                    [],
                    "{}",
                    path.display()
                );
            }
        }
        // The negative control: the scanner knows what it looks for.
        assert_eq!(scanner.scan(secrets[0].as_bytes()).len(), 1);
    }
}

/// `provider connection outcome` of each entry, in the order of the report.
pub(crate) fn outcomes(report: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let entries = report["entries"].as_array().unwrap();
    let line = |e: &Value| {
        let kind = match e["kind"].as_str().unwrap() {
            "login" => word(&e["connection"]),
            kind => kind.to_owned(),
        };
        format!("{} {kind} {}", word(&e["provider"]), word(&e["outcome"]))
    };
    entries.iter().map(line).collect()
}
