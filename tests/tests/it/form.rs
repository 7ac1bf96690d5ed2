//! The form of the real binary in a real browser: what is entered arrives, and nothing of it stays behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::careless_form::{CarelessForm, Pace};
use authkeep_testkit::home::{TestHome, run};
use authkeep_tests::{Browser, Product, files_below};
use serde_json::{Value, json};

/// A provider with two fields: one secret whose values have a known start, one that may be left out.
pub(crate) fn keyed() -> Value {
    json!({
        "schema_version": 2, "name": "keyed", "display_name": "Keyed", "category": "test",
        "flows": ["api_key"], "hosts": ["api.example.test"],
        "api_key": {
            "docs": "https://keyed.example.test/keys",
            "fields": [
                {"name": "token", "label": "API key", "pattern": "^cnry_", "hint": "It begins with cnry_."},
                {"name": "site", "label": "site", "secret": false, "optional": true},
            ],
        },
        "env": {"KEYED_API_KEY": "{token}"},
    })
}

pub(crate) fn product() -> Product {
    let product = Product::new();
    product.home().write_definition(&keyed());
    product
}

/// A login that has printed the address of its form and waits.
pub(crate) struct Asking {
    child: Child,
    stderr: std::io::Lines<BufReader<std::process::ChildStderr>>,
    said: String,
}

/// How it ended, and all that was said on the way.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stderr: String,
}

impl Asking {
    /// `login …` on a machine with a display, where the person opens what is printed.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--browser", "none"])
            .env("DISPLAY", ":0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            stderr,
            said: String::new(),
        }
    }

    /// The next address that is printed to be opened.
    pub(crate) fn address(&mut self) -> String {
        for line in self.stderr.by_ref() {
            let line = line.unwrap();
            self.said.push_str(&line);
            self.said.push('\n');
            if line.trim_start().starts_with("http") {
                return line.trim().to_owned();
            }
        }
        panic!("no address: {}", self.said);
    }

    pub(crate) fn end(mut self) -> Said {
        for line in self.stderr {
            self.said.push_str(&line.unwrap());
            self.said.push('\n');
        }
        let output = self.child.wait_with_output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stderr: self.said,
        }
    }
}

#[test]
fn what_is_entered_is_stored_and_leaves_nothing_in_the_browser() {
    let product = product();
    let profile = TestHome::new();
    let folder = profile.home().join("browser");
    let key = canary();
    let fields = json!({"field0": key, "field1": "eu"}).to_string();
    let browser = Browser::chromium()
        .with("FB_FIELDS", &fields)
        .with("FB_PROFILE", folder.to_str().unwrap());
    let mut command = product.command(&["login", "keyed"]);
    let output = run(browser.apply(&mut command));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(product.secret("keyed", "token"), key);
    assert_eq!(product.secret("keyed", "site"), "eu");
    assert!(!output.stderr.contains(&key) && !output.stdout.contains(&key));
    authkeep_tests::wait_until("the browser has ended", || {
        !folder.join("SingletonLock").exists()
            && folder.join("SingletonLock").symlink_metadata().is_err()
    });
    let scan = |what: &Scanner, folder: &std::path::Path| -> (usize, usize) {
        let files = files_below(folder);
        let hits = files.values().map(|bytes| what.scan(bytes).len()).sum();
        (hits, files.len())
    };
    let (hits, files) = scan(&Scanner::new(std::slice::from_ref(&key)), &folder);
    assert!(files > 20, "only {files} files");
    assert_eq!(hits, 0, "the key stayed in the browser's profile");
    assert_eq!(
        scan(
            &Scanner::new(std::slice::from_ref(&key)),
            &product.home().authkeep_home()
        )
        .0,
        0
    );

    // The control: a form that puts what it is given into an address.
    let control = canary();
    let careless = CarelessForm::at(Pace::Together, "Acme");
    let visit = Browser::chromium()
        .with("FB_ACTION", "open")
        .with("FB_PROFILE", folder.to_str().unwrap())
        .visit(&format!("http://{}/?key={control}", careless.address()));
    assert_eq!(visit.code, 0, "{visit:?}");
    let (found, _) = scan(&Scanner::new(&[control]), &folder);
    assert!(found > 0, "the control is found");
    println!(
        "figure: {files} files of the profile: {hits} times the key; the control {found} times"
    );
}

#[test]
fn a_form_that_nobody_fills_in_says_what_would_help() {
    let product = product();
    let mut command = product.command(&["login", "keyed", "--timeout", "300ms"]);
    let asking = Asking::start(&mut command);
    let output = asking.end();
    assert_eq!(output.code, 5, "{output:?}");
    assert!(output.stderr.contains("KEYED_API_KEY"), "{}", output.stderr);
    assert!(
        output.stderr.contains("the form was not sent"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_form_of_what_may_be_left_out_is_named_by_it_all_the_same() {
    let product = product();
    let words = "login gitlab --flow device_code --client-id one --timeout 300ms";
    let words: Vec<_> = words.split(' ').collect();
    let output = Asking::start(&mut product.command(&words)).end();
    assert_eq!(output.code, 5, "{output:?}");
    let named = "the client secret of `gitlab` is needed";
    assert!(output.stderr.contains(named), "{}", output.stderr);
}

#[test]
fn where_a_value_is_at_hand_or_nobody_may_be_asked_there_is_no_form() {
    let product = product();
    let mut command = product.command(&["login", "keyed", "--no-input"]);
    let output = Asking::start(&mut command).end();
    assert_eq!(output.code, 5, "{output:?}");
    assert!(!output.stderr.contains("http://"), "{output:?}");
    assert!(output.stderr.contains("KEYED_API_KEY"), "{output:?}");
    // Without a display and without a terminal there is nobody either.
    let output = product.run(&["login", "keyed"]);
    assert_eq!(output.code, 5, "{output:?}");
    assert!(!output.stderr.contains("http://"), "{output:?}");
}
