//! Login by device code with the real binary: the person approves elsewhere, on whatever has a browser.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::canary::Scanner;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, DevicePolls, ServerOptions, Switch};
use authkeep_tests::{Consent, document};
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::refusal::keys;

const LOGIN: [&str; 4] = ["login", "acme", "--client-id", "test-client"];

/// `acme` with the flow in second place.
fn acme(options: ServerOptions) -> Acme {
    let acme = Acme::with(options);
    let definition = acme.server.device_definition("acme");
    acme.product.home().write_definition(&definition);
    acme
}

/// A login that has shown its code and waits.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What stood on stderr so far.
    said: String,
    /// Where the code is filled in already.
    address: String,
}

/// How a login ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// The one document on stdout.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Waiting {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("Waiting for your approval") {
            assert_ne!(
                stderr.read_line(&mut said).unwrap(),
                0,
                "it did not wait: {said}"
            );
        }
        let query = said.find("?user_code=").unwrap();
        let start = said[..query].rfind("http://").unwrap();
        let end = query + "?user_code=0000-0000".len();
        let address = said[start..end].to_owned();
        Self {
            child,
            stderr,
            said,
            address,
        }
    }

    fn end(mut self) -> Ended {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: self.said,
        }
    }

    fn decided(self, person: Person) -> Ended {
        assert_eq!(follow(&self.address, person).unwrap().status(), 200);
        self.end()
    }
}

fn polls(acme: &Acme) -> usize {
    let log = acme.server.log();
    let device = |grant: &str| grant.ends_with(":device_code");
    log.iter()
        .filter(|seen| seen.path == "/token" && seen.field("grant_type").is_some_and(device))
        .count()
}

#[test]
fn without_a_display_it_is_chosen_and_works_to_the_end() {
    let acme = acme(ServerOptions::default());
    let waiting = Waiting::start(acme.product.command(&LOGIN));
    let reason = "Using the device code flow because there is no display; \
                  --flow authorization_code opens a browser instead.";
    assert!(waiting.said.contains(reason), "{}", waiting.said);
    for part in [
        "To log in to Test provider acme (default), open this address on any device:",
        &format!("\n  {}/device\n", acme.server.url()),
        "You give the OAuth client test-client access to: read write",
        "Approve only if the page shows this code",
    ] {
        assert!(waiting.said.contains(part), "{part:?}: {}", waiting.said);
    }
    let code = waiting.address.split_once('=').unwrap().1.to_owned();
    assert!(
        waiting.said.contains(&format!("\n  {code}\n")),
        "{}",
        waiting.said
    );

    let output = waiting.decided(Person::Approve);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stdout.contains("Logged in to acme (default)"),
        "{output:?}"
    );
    assert!(polls(&acme) > 0);
    let details = acme.details();
    assert_eq!(details["flow"], "device_code");
    assert_eq!(details["scopes"], json!(["read", "write"]));
    assert_eq!(details["refreshable"], true);
    let token = acme.product.secret("acme", "token");
    assert!(acme.server.token_is_active(&token));
    // It renews and ends as any other login does.
    assert_eq!(acme.product.run(&["refresh", "acme"]).code, 0);
    assert_ne!(acme.product.secret("acme", "token"), token);
    let (code, ended) = acme.product.json(&["logout", "acme"]);
    assert_eq!((code, &ended["ended"][0]["remote"]), (0, &json!("revoked")));
    // The code to poll with, the tokens: nothing of it stands in what was printed or on the disk.
    let scanner = Scanner::new(&acme.server.secrets());
    assert_eq!(scanner.scan(output.stderr.as_bytes()), []);
    for (path, bytes) in acme.product.files() {
        assert_eq!(scanner.scan(&bytes), [], "{}", path.display());
    }
    // The negative control: where a secret stands, the scanner finds it.
    assert!(!scanner.scan(token.as_bytes()).is_empty());
}

#[test]
fn programs_get_the_code_as_one_line_and_the_result_as_one_document() {
    let acme = acme(ServerOptions::default());
    let waiting = Waiting::start(acme.product.command(&[&LOGIN[..], &["--json"]].concat()));
    let lines: Vec<Value> = waiting
        .said
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [event] = lines.as_slice() else {
        panic!("not one line: {}", waiting.said)
    };
    assert_eq!(
        keys(event),
        "client_id connection event expires_in provider scopes user_code verification_uri \
         verification_uri_complete"
    );
    assert_eq!(event["event"], "device_code");
    assert_eq!(event["provider"], "acme");
    assert_eq!(event["expires_in"], 600);
    assert_eq!(event["verification_uri"], acme.server.url() + "/device");
    assert_eq!(event["verification_uri_complete"], waiting.address);
    let output = waiting.decided(Person::Approve);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.json()["outcome"], "logged_in");
}

#[test]
fn it_is_chosen_only_where_nothing_else_was_asked_for() {
    let acme = acme(ServerOptions::default());
    let ssh = |command: &mut Command| {
        command
            .env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
            .env("DISPLAY", ":99");
    };
    let mut command = acme.product.command(&LOGIN);
    ssh(&mut command);
    let waiting = Waiting::start(command);
    assert!(
        waiting.said.contains("because this is a remote shell"),
        "{}",
        waiting.said
    );
    assert_eq!(waiting.decided(Person::Approve).code, 0);

    // A browser that the user has named is opened, over SSH too.
    let arguments = [&LOGIN[..], &["--force"]].concat();
    let mut command = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    ssh(&mut command);
    let output = run(&mut command);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(acme.details()["flow"], "authorization_code");

    // Asked for by name, it is used, and the browser is left alone.
    let shown = acme.server.count("/authorize");
    let arguments = [&LOGIN[..], &["--force", "--flow", "device_code"]].concat();
    let command = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    let waiting = Waiting::start(command);
    assert!(
        !waiting.said.contains("Using the device code flow"),
        "{}",
        waiting.said
    );
    assert_eq!(waiting.decided(Person::Approve).code, 0);
    assert_eq!(acme.details()["flow"], "device_code");
    assert_eq!(acme.server.count("/authorize"), shown);

    // Where nobody may be asked, nobody is waited for.
    let asked = acme.server.count("/device_authorization");
    let output = acme
        .product
        .run(&[&LOGIN[..], &["--force", "--no-input"]].concat());
    assert_eq!(output.code, 4, "{output:?}");
    assert_eq!(acme.server.count("/device_authorization"), asked);
}

#[test]
fn a_login_that_is_not_approved_leaves_nothing_and_says_what_to_do() {
    let acme = acme(ServerOptions::default());
    let refused = |output: Ended, kind: &str, hint: &str| {
        assert_eq!(output.code, 4, "{output:?}");
        let error = output.json();
        assert_eq!(error["error"], kind, "{error}");
        let hints = error["hint"].as_str().unwrap();
        assert!(
            hints.contains(hint) && hints.contains("nothing was stored"),
            "{error}"
        );
        assert!(!acme.is_connected(), "{kind}: something was stored");
    };
    let login = |more: &[&str]| {
        let arguments = [&LOGIN[..], &["--json"], more].concat();
        Waiting::start(acme.product.command(&arguments))
    };
    refused(
        login(&[]).decided(Person::Deny),
        "denied",
        "authkeep login acme",
    );
    acme.server.set(Switch::DevicePolls(DevicePolls::Expired));
    refused(login(&[]).end(), "timed_out", "again for a new code");
    acme.server.set(Switch::DevicePolls(DevicePolls::Garbage));
    refused(
        login(&[]).decided(Person::Approve),
        "no_token",
        "authkeep login acme",
    );
    acme.server
        .set(Switch::DevicePolls(DevicePolls::WithStatus200));
    refused(login(&["--timeout", "2s"]).end(), "timed_out", "--timeout");

    // The control: the same server, and somebody who approves.
    assert_eq!(login(&[]).decided(Person::Approve).code, 0);
    assert!(acme.is_connected());

    // A client that the server does not know gets no code at all.
    let unknown = ["login", "acme", "--client-id", "nobody", "--force"];
    let output = run(acme.product.command(&unknown).arg("--json"));
    assert_eq!(
        (output.code, &document(&output)["error"]),
        (4, &json!("no_device_code"))
    );
}

#[test]
fn a_client_with_a_secret_authenticates_for_the_code_too() {
    let secret = "cnry_0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    for client in [
        Client::post("test-client", secret),
        Client::basic("test-client", secret),
    ] {
        let acme = acme(ServerOptions {
            clients: vec![client],
            ..ServerOptions::default()
        });
        let mut command = acme.product.command(&LOGIN);
        command.env("ACME_CLIENT_SECRET", secret);
        let output = Waiting::start(command).decided(Person::Approve);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(!output.stderr.contains(secret));
        // Without it, the same server issues no code: a secret is not asked for, but may be needed.
        let unknown = [
            &LOGIN[..],
            &["--reset", "--no-input", "--flow", "device_code"],
        ]
        .concat();
        assert_eq!(acme.product.run(&unknown).code, 4);
    }
}
