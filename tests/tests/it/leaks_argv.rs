//! No secret ever stands in an argument: every process of the machine can read those.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::home::run;
use authkeep_tests::Consent;

use crate::acme::Acme;

/// Reads the command line of every process, over and over, as fast as one thread can.
struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(BTreeSet<Vec<u8>>, usize)>,
}

impl Sampler {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let (mut seen, mut rounds) = (BTreeSet::new(), 0);
            while !stopped.load(Ordering::Relaxed) {
                rounds += 1;
                for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    // Processes come and go; a name that is no number is no process.
                    if process.file_name().as_encoded_bytes()[0].is_ascii_digit()
                        && let Ok(line) = fs::read(process.path().join("cmdline"))
                    {
                        seen.insert(line);
                    }
                }
            }
            (seen, rounds)
        });
        Self { stop, thread }
    }

    /// Every command line that was seen, and in how many rounds.
    fn stop(self) -> (BTreeSet<Vec<u8>>, usize) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

#[test]
fn no_command_puts_a_secret_into_an_argument() {
    let (secret, key, control) = (canary(), canary(), canary());
    let acme = Acme::confidential(&secret);
    let product = &acme.product;
    let sampler = Sampler::start();

    for _ in 0..3 {
        let arguments = ["login", "acme", "--client-id", "test-client", "--reset"];
        let mut login = product.command_with_browser(Consent::Approve, &arguments);
        assert_eq!(run(login.env("ACME_CLIENT_SECRET", &secret)).code, 0);
        let keyed = product.run_with_input(&["login", "openai", "--with-token"], &key);
        assert_eq!(keyed.code, 0, "{keyed:?}");
        for arguments in [
            &["get", "acme", "--field", "token", "--show-secret"][..],
            &["get", "acme", "--refresh"],
            &["export", "--format", "shell"],
            &["export", "--json"],
            &[
                "run",
                "--env",
                "--",
                "sh",
                "-c",
                "test -n \"$ACME_ACCESS_TOKEN\" && sleep 0.05",
            ],
            &["list"],
            &["audit", "log"],
            &["doctor"],
            &["logout", "acme"],
        ] {
            let output = product.run(arguments);
            assert_eq!(output.code, 0, "{output:?}");
        }
    }
    // The negative control: a program that is less careful is seen.
    let sleep = Command::new("sh")
        .args(["-c", "sleep 0.3", &control])
        .status();
    assert!(sleep.unwrap().success());

    let (seen, rounds) = sampler.stop();
    assert!(rounds > 50, "only {rounds} rounds");
    let ours = |words: &str| {
        let words = words.replace(' ', "\0");
        seen.iter().any(|line| {
            let line = String::from_utf8_lossy(line);
            line.contains("authkeep\0") && line.contains(&words)
        })
    };
    for words in ["login acme", "get acme --refresh", "logout acme"] {
        assert!(ours(words), "`{words}` went unseen");
    }
    let mut secrets = acme.server.secrets();
    secrets.extend([key, control]);
    assert!(secrets.len() > 10, "{}", secrets.len());
    let scanner = Scanner::new(&secrets);
    println!(
        "{rounds} rounds over /proc, {} command lines, {} secrets",
        seen.len(),
        secrets.len()
    );
    let found: Vec<_> = seen.iter().flat_map(|line| scanner.scan(line)).collect();
    assert!(!found.is_empty(), "the control went unseen");
    assert!(
        found.iter().all(|hit| hit.canary == secrets.len() - 1),
        "{found:?}"
    );
}

#[test]
fn the_browser_does_not_inherit_the_secret() {
    let (secret, other) = (canary(), canary());
    let acme = Acme::confidential(&secret);
    let home = acme.product.home();
    let noted = home.tmp().join("environment");
    let script = format!(
        "#!/bin/sh\nenv > {}\nexec {} \"$@\"\n",
        noted.display(),
        fake_open().display()
    );
    let browser = home.bin().join("browser");
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, Permissions::from_mode(0o700)).unwrap();
    let arguments = ["login", "acme", "--client-id", "test-client"];
    let mut login = acme.product.command(&arguments);
    login
        .env("BROWSER", &browser)
        .env("FAKE_OPEN_PERSON", "approve")
        .env("ACME_CLIENT_SECRET", &secret)
        .env("OTHER", &other);
    let output = run(&mut login);
    assert_eq!(output.code, 0, "{output:?}");
    let environment = fs::read(&noted).unwrap();
    assert_eq!(Scanner::new(&[secret]).scan(&environment), []);
    // The control: what is nothing of ours is handed on.
    assert_eq!(Scanner::new(&[other]).scan(&environment).len(), 1);
}
