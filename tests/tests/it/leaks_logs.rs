//! No secret in what is printed or logged, at the most talkative level, whatever goes wrong.
use std::fs;

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::home::{Output, run};
use authkeep_testkit::oauth_server::Scripted;
use authkeep_tests::Consent;

use crate::acme::Acme;

/// Everything that the product said, in the order in which it said it.
#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    commands: usize,
}

impl Said {
    fn add(&mut self, output: &Output) {
        self.commands += 1;
        self.bytes.extend(output.stdout.as_bytes());
        self.bytes.extend(output.stderr.as_bytes());
    }
}

struct Talkative {
    acme: Acme,
    secret: String,
    said: Said,
}

impl Talkative {
    fn new() -> Self {
        let secret = canary();
        let acme = Acme::confidential(&secret);
        Self {
            acme,
            secret,
            said: Said::default(),
        }
    }

    /// In one of the three ways in turn: for people, for programs, and with the log in a file.
    fn more(&self) -> &'static [&'static str] {
        [
            &["-vvv"][..],
            &["-vvv", "--json"],
            &["--log-file", "log.txt"],
        ][self.said.commands % 3]
    }

    fn login(&mut self, consent: Consent, code: i32) {
        let more = self.more();
        let arguments = ["login", "acme", "--client-id", "test-client", "--force"];
        let mut command = self.acme.product.command_with_browser(consent, &arguments);
        command
            .args(more)
            .env("ACME_CLIENT_SECRET", &self.secret)
            .env("AUTHKEEP_LOG", "trace");
        let output = run(&mut command);
        assert_eq!(output.code, code, "{output:?}");
        self.said.add(&output);
    }

    fn run(&mut self, arguments: &[&str], code: i32) {
        for _ in 0..3 {
            self.run_once(arguments, code);
        }
    }

    fn run_once(&mut self, arguments: &[&str], code: i32) {
        let more = self.more();
        let mut command = self.acme.product.command(arguments);
        let output = run(command.args(more).env("AUTHKEEP_LOG", "trace"));
        assert_eq!(output.code, code, "{arguments:?}: {output:?}");
        self.said.add(&output);
    }

    fn next_token_answers(&self, fault: &Scripted, times: usize) {
        self.acme
            .server
            .script("/token", vec![fault.clone(); times]);
    }
}

fn answer(status: u16, body: String) -> Scripted {
    Scripted::Status {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.into_bytes(),
    }
}

#[test]
fn nothing_secret_is_printed_or_logged() {
    let mut talk = Talkative::new();
    let echo = talk.secret.clone();
    for _ in 0..3 {
        talk.login(Consent::Approve, 0);
    }
    talk.run(&["list"], 0);
    talk.run(&["get", "acme"], 0);
    talk.run(&["get", "acme", "--refresh"], 0);
    talk.run(&["inspect", "acme"], 0);
    talk.run(&["run", "--env", "--", "true"], 0);
    talk.run(&["audit", "log"], 0);
    talk.run(&["doctor"], 0);

    // Failures of every kind, the client library's own among them.
    let faults = [
        Scripted::Drop,
        Scripted::Garbage(format!("<html>{echo}").into_bytes()),
        Scripted::Redirect(307, format!("http://127.0.0.1:9/{echo}")),
        answer(503, format!("{{\"message\":\"{echo}\"}}")),
        answer(
            400,
            format!("{{\"error\":\"invalid_scope\",\"error_description\":\"{echo}\"}}"),
        ),
        answer(
            401,
            format!("{{\"error\":\"invalid_client\",\"error_description\":\"{echo}\"}}"),
        ),
        answer(
            200,
            format!("{{\"access_token\":\"{echo}\\r\\nEvil: 1\",\"token_type\":\"Bearer\"}}"),
        ),
        answer(200, format!("{{\"access_token\":[\"{echo}\"]}}")),
    ];
    let codes = [10, 4, 4, 4, 4, 4, 4, 4];
    for (fault, code) in faults.iter().zip(codes) {
        talk.next_token_answers(fault, 1);
        talk.login(Consent::Approve, code);
    }
    talk.login(Consent::Deny, 4);

    // The same while renewing, each time with a login that has seen no trouble yet.
    let codes = [10, 10, 6, 10, 6, 6, 6, 6];
    for (fault, code) in faults.iter().zip(codes) {
        for _ in 0..3 {
            talk.login(Consent::Approve, 0);
            let tries = if matches!(fault, Scripted::Status { status: 503, .. }) {
                3
            } else {
                1
            };
            talk.next_token_answers(fault, tries);
            talk.run_once(&["get", "acme", "--refresh"], code);
        }
    }
    talk.run(&["list"], 0);
    talk.acme
        .server
        .script("/revoke", vec![Scripted::Drop, Scripted::Drop]);
    let logout = talk
        .acme
        .product
        .command(&["logout", "acme", "-vvv"])
        .env("AUTHKEEP_LOG", "trace")
        .output();
    let logout = logout.unwrap();
    assert_eq!(logout.status.code(), Some(1));
    talk.said
        .bytes
        .extend([logout.stdout, logout.stderr].concat());

    let log = fs::read(talk.acme.product.home().home().join("log.txt")).unwrap();
    assert!(
        !log.is_empty() && talk.said.bytes.len() > 10_000,
        "it was not talkative"
    );
    talk.said.bytes.extend(log);
    // The audit log is a file in the open as well.
    talk.said
        .bytes
        .extend(fs::read(talk.acme.product.home().authkeep_home().join("audit.log")).unwrap());

    let secrets = talk.acme.server.secrets();
    let found = Scanner::new(&secrets).scan(&talk.said.bytes);
    println!(
        "{} secrets looked for in {} bytes of {} commands",
        secrets.len(),
        talk.said.bytes.len(),
        talk.said.commands
    );
    let around = found.first().map(|hit| {
        let (from, to) = (
            hit.offset.saturating_sub(200),
            (hit.offset + 100).min(talk.said.bytes.len()),
        );
        String::from_utf8_lossy(&talk.said.bytes[from..to]).into_owned()
    });
    assert!(found.is_empty(), "{} found, first: {around:?}", found.len());
}

#[test]
fn a_secret_that_is_asked_for_would_be_found() {
    let acme = Acme::connected();
    let output = acme
        .product
        .run(&["get", "acme", "--field", "token", "--show-secret", "-vvv"]);
    let scanner = Scanner::new(&acme.server.secrets());
    assert_eq!(
        scanner.scan(output.stdout.as_bytes()).len(),
        1,
        "the scanner is blind"
    );
    assert_eq!(scanner.scan(output.stderr.as_bytes()), []);
}

#[test]
fn at_rest_nothing_lies_in_the_open() {
    let secret = canary();
    let acme = Acme::confidential(&secret);
    let arguments = ["login", "acme", "--client-id", "test-client"];
    let mut login = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    assert_eq!(run(login.env("ACME_CLIENT_SECRET", &secret)).code, 0);
    let scanner = Scanner::new(&acme.server.secrets());
    let everything = authkeep_tests::files_below(acme.product.home().root());
    assert!(everything.len() > 4, "{:?}", everything.keys());
    for (path, bytes) in &everything {
        assert_eq!(scanner.scan(bytes), [], "{}", path.display());
    }
    // The negative control: the same key in a file of the user's own.
    fs::write(
        acme.product.home().home().join("notes.txt"),
        format!("secret: {secret}"),
    )
    .unwrap();
    let everything = authkeep_tests::files_below(acme.product.home().root());
    assert!(
        everything
            .values()
            .any(|bytes| !scanner.scan(bytes).is_empty())
    );
}
