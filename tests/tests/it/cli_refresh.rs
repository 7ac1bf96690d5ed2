//! `authkeep refresh`: once, and for as long as it runs.

mod terminal;
mod unit;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use authkeep_testkit::home::{run, run_with_input};
use authkeep_testkit::oauth_server::{OAuthServer, Scripted, ServerOptions, Switch};
use authkeep_tests::{Consent, Product, wait_until};
use serde_json::Value;

use crate::acme::Acme;
use crate::refusal::{keys, refused};

/// Long enough for anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A watch that runs, and what it has told so far.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    told: Vec<Value>,
}

impl Watch {
    fn start(product: &Product, arguments: &[&str]) -> Self {
        let mut command = product.command(&["refresh", "--watch", "--json"]);
        command.args(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            told: Vec::new(),
        }
    }

    /// The next event of this kind. Whatever is told is one JSON object a line.
    fn next(&mut self, event: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no `{event}` after {:#?}", self.told);
            };
            let value: Value = serde_json::from_str(&line).unwrap();
            self.told.push(value.clone());
            if value["event"] == event {
                return value;
            }
        }
    }

    fn count(&mut self, event: &str) -> usize {
        for line in self.lines.try_iter() {
            self.told.push(serde_json::from_str(&line).unwrap());
        }
        let is = |told: &&Value| told["event"] == event;
        self.told.iter().filter(is).count()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// A provider whose tokens live so many seconds, with somebody logged in.
fn short_lived(seconds: u64) -> Acme {
    let acme = Acme::with(ServerOptions {
        access_token_ttl: Some(seconds),
        ..ServerOptions::default()
    });
    let output = acme.login(Consent::Approve, &[]);
    assert_eq!(output.code, 0, "{output:?}");
    acme
}

#[expect(
    clippy::disallowed_methods,
    reason = "how the full counts are asked for"
)]
fn full_counts() -> bool {
    std::env::var_os("AUTHKEEP_TORTURE").is_some()
}

#[test]
fn one_login_is_renewed_now() {
    let acme = Acme::connected();
    let before = acme.product.secret("acme", "token");
    let (code, value) = acme.product.json(&["refresh", "acme"]);
    assert_eq!(code, 0, "{value}");
    assert_eq!(value["refreshed"][0]["result"], "renewed");
    assert_ne!(acme.product.secret("acme", "token"), before);
    let output = acme
        .product
        .run(&["refresh", "acme", "--connection", "default"]);
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output:?}");
    let row = output.stdout.lines().nth(1).unwrap();
    let row: Vec<_> = row.split_whitespace().collect();
    assert_eq!(row[..3], ["acme", "default", "renewed"], "{output:?}");
    assert_eq!(acme.server.count("/token"), 3);
}

#[test]
fn what_is_not_there_cannot_be_renewed() {
    let product = Product::new();
    assert!(refused(&product, &["refresh"], 2, "usage").contains("refresh --all"));
    refused(&product, &["refresh", "openai"], 5, "credential_missing");
    refused(&product, &["refresh", "opnai"], 3, "provider_not_found");
    refused(
        &product,
        &["refresh", "opnai", "--watch"],
        3,
        "provider_not_found",
    );
    for conflict in [
        &["refresh", "openai", "--all"][..],
        &["refresh", "--connection", "work", "--all"],
        &["refresh", "openai", "--hook", "true"],
        &["refresh", "--watch", "--hook", "say 'it"],
        &["refresh", "--watch", "--hook", " "],
        &["refresh", "--unit", "cron"],
    ] {
        assert_eq!(product.run(conflict).code, 2, "{conflict:?}");
    }
    let (code, value) = product.json(&["refresh", "--all"]);
    assert_eq!((code, keys(&value)), (0, "profile refreshed".to_owned()));
    assert_eq!(value["refreshed"], serde_json::json!([]));
    assert!(
        !product.home().authkeep_home().exists(),
        "looking made something"
    );
}

#[test]
fn all_are_tried_and_the_first_failure_names_the_code() {
    let acme = Acme::connected();
    let other = OAuthServer::start(ServerOptions::default());
    let product = &acme.product;
    product.home().write_definition(&other.definition("beta"));
    let output = run(&mut product.command_with_browser(
        Consent::Approve,
        &["login", "beta", "--client-id", "test-client"],
    ));
    assert_eq!(output.code, 0, "{output:?}");
    let output = run_with_input(
        &mut product.command(&["login", "openai", "--with-token"]),
        b"sk-for-this-test-only\n",
    );
    assert_eq!(output.code, 0, "{output:?}");

    // A login that has nothing to be renewed is no failure, unless it was asked for by name.
    let (code, value) = product.json(&["refresh", "--all"]);
    assert_eq!(code, 0, "{value}");
    let results = |value: &Value| -> String {
        let rows = value["refreshed"].as_array().unwrap();
        let word = |row: &Value| format!("{} {}", row["provider"], row["result"]).replace('"', "");
        rows.iter().map(word).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        results(&value),
        "acme renewed, beta renewed, openai not_refreshable"
    );
    let (code, value) = product.json(&["refresh", "openai"]);
    assert_eq!(code, 6, "{value}");
    assert_eq!(value["refreshed"][0]["error"]["error"], "not_refreshable");

    acme.server.revoke_everything();
    let asked = other.count("/token");
    let (code, value) = product.json(&["refresh", "--all"]);
    assert_eq!(code, 4, "{value}");
    assert_eq!(
        results(&value),
        "acme failed, beta renewed, openai not_refreshable"
    );
    assert_eq!(value["refreshed"][0]["error"]["error"], "reauth_required");
    assert_eq!(other.count("/token"), asked + 1);
    let output = product.run(&["refresh", "--all"]);
    assert_eq!(output.code, 4, "{output:?}");
    assert!(output.stdout.contains("nothing to renew"), "{output:?}");
    assert!(
        output.stderr.contains("error: acme (default): "),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("hint: run `authkeep login acme`"),
        "{output:?}"
    );
}

/// The life that is left of the token, which `get` looks at without renewing anything.
fn seconds_left(acme: &Acme) -> i64 {
    acme.details()["seconds_left"].as_i64().unwrap()
}

#[test]
fn a_short_token_is_kept_alive_and_get_never_has_to() {
    let lives = if full_counts() { 40 } else { 3 };
    let acme = short_lived(3);
    let mut watch = Watch::start(&acme.product, &[]);
    let event = watch.next("watching");
    assert_eq!(event["provider"], "acme");
    assert_eq!(
        keys(&event),
        "at connection event expires_at provider refreshable seconds_left status"
    );
    // Another one beside it: that makes no more requests.
    let other = Watch::start(&acme.product, &["acme"]);
    // It may have been due already when the watch began.
    let event = watch.next("renewed");
    assert_eq!(
        keys(&event),
        "at connection event expires_at provider seconds_left"
    );
    let asked = acme.server.count("/token");
    let began = watch.count("renewed");
    let mut looks = 0;
    while watch.count("renewed") < began + lives {
        assert!(
            seconds_left(&acme) >= 1,
            "look {looks}: `get` would have to renew it"
        );
        looks += 1;
    }
    let token = acme.product.secret("acme", "token");
    assert!(acme.server.token_is_active(&token));
    // Each request to the server was told, and each brought a token.
    let asked = acme.server.count("/token") - asked;
    let told = watch.count("renewed") - began;
    assert!(asked.abs_diff(told) <= 1, "{asked} requests, {told} told");
    assert_eq!(watch.count("failed"), 0, "{:#?}", watch.told);

    // The negative control: without the watch it runs out.
    drop((watch, other));
    wait_until("it runs out", || seconds_left(&acme) == 0);
}

#[test]
fn a_person_is_called_once_each_time_a_login_dies() {
    let acme = short_lived(2);
    let noted = acme.product.home().tmp().join("noted");
    let script = format!(
        "echo \"$AUTHKEEP_EVENT $AUTHKEEP_PROVIDER $AUTHKEEP_CONNECTION $AUTHKEEP_PROFILE|$AUTHKEEP_COMMAND|$AUTHKEEP_MESSAGE\" >> '{}'; exit 3",
        noted.display()
    );
    let hook = format!(
        "sh -c \"{}\"",
        script
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
    );
    let mut watch = Watch::start(&acme.product, &["acme", "--hook", &hook]);
    watch.next("watching");
    let called = || fs::read_to_string(&noted).unwrap_or_default();
    watch.next("renewed");
    assert_eq!(called(), "", "called without a reason");
    for times in 1..=2 {
        acme.server.revoke_everything();
        let event = watch.next("needs_login");
        assert_eq!(
            keys(&event),
            "at command connection error event hint message provider"
        );
        assert_eq!(event["error"], "reauth_required");
        assert_eq!(event["command"], "authkeep login acme");
        // A hook that fails is told, and ends nothing.
        let failed = watch.next("hook_failed");
        assert!(
            failed["message"].as_str().unwrap().contains("code 3"),
            "{failed}"
        );
        assert_eq!(acme.login(Consent::Approve, &[]).code, 0);
        assert_eq!(watch.next("recovered")["provider"], "acme");
        watch.next("renewed");
        let called = called();
        assert_eq!(called.lines().count(), times, "{called}");
        let expected = "needs_login acme default default|authkeep login acme|`acme` no longer accepts the saved login";
        assert_eq!(called.lines().last(), Some(expected));
        for secret in acme.server.secrets() {
            assert!(!called.contains(&secret));
        }
    }
    assert_eq!(watch.count("needs_login"), 2);
    assert_eq!(acme.product.run(&["logout", "acme"]).code, 0);
    assert_eq!(watch.next("gone")["provider"], "acme");
}

#[test]
fn a_silent_provider_holds_up_nobody() {
    let acme = short_lived(2);
    let other = OAuthServer::start(ServerOptions {
        access_token_ttl: Some(2),
        ..ServerOptions::default()
    });
    let product = &acme.product;
    product.home().write_definition(&other.definition("beta"));
    let login = |connection: &str| {
        let arguments = [
            "login",
            "beta",
            "--client-id",
            "test-client",
            "--connection",
        ];
        let mut command = product.command_with_browser(Consent::Approve, &arguments);
        let output = run(command.arg(connection));
        assert_eq!(output.code, 0, "{output:?}");
    };
    login("first");
    let asked = acme.server.count("/token");
    acme.server.script("/token", vec![Scripted::Hang; 8]);
    let mut watch = Watch::start(product, &[]);
    wait_until("the silent one is asked", || {
        acme.server.count("/token") > asked
    });
    for _ in 0..2 {
        assert_eq!(watch.next("renewed")["provider"], "beta");
    }
    // All that time the other one was waited for: nothing was given up in favour of this one.
    assert_eq!(watch.count("failed"), 0, "{:#?}", watch.told);
    // A login that was not there at the start is looked after too.
    login("second");
    while watch.next("watching")["connection"] != "second" {}
    while watch.next("renewed")["connection"] != "second" {}
}

#[test]
fn an_outage_is_told_and_outlived() {
    let acme = short_lived(2);
    let mut watch = Watch::start(&acme.product, &[]);
    watch.next("renewed");
    let sorry = Scripted::Status {
        status: 400,
        headers: vec![("content-type".into(), "application/json".into())],
        body: br#"{"error":"unauthorized_client"}"#.to_vec(),
    };
    acme.server.script("/token", vec![sorry]);
    let failed = watch.next("failed");
    assert_eq!(
        keys(&failed),
        "at connection error event failures hint message provider"
    );
    assert_eq!(failed["failures"], 1);
    watch.next("renewed");
    assert_eq!(watch.next("recovered")["provider"], "acme");
}

#[test]
fn a_vault_that_is_gone_for_a_while_does_not_end_the_watch() {
    let acme = short_lived(3600);
    let mut watch = Watch::start(&acme.product, &[]);
    watch.next("watching");
    let folder = acme.product.home().authkeep_home().join("profiles/default");
    let (vault, aside) = (folder.join("store.db"), folder.join("aside.db"));
    // SQLite's own files belong to the vault that is moved away.
    for ending in ["", "-wal", "-shm"] {
        let name = |path: &std::path::Path| format!("{}{ending}", path.display());
        drop(fs::rename(name(&vault), name(&aside)));
    }
    fs::write(&vault, "not a vault").unwrap();
    let failed = watch.next("failed");
    assert_eq!(failed["provider"], Value::Null, "{failed}");
    fs::remove_file(&vault).unwrap();
    for ending in ["", "-wal", "-shm"] {
        let name = |path: &std::path::Path| format!("{}{ending}", path.display());
        drop(fs::rename(name(&aside), name(&vault)));
    }
    assert_eq!(watch.next("recovered")["provider"], Value::Null);
    assert_eq!(watch.count("failed"), 1, "{:#?}", watch.told);
    // It goes on with the vault that is there now.
    acme.server.set(Switch::AccessTokenTtl(Some(2)));
    assert_eq!(acme.product.run(&["refresh", "acme"]).code, 0);
    watch.next("renewed");
    watch.next("renewed");
}

#[test]
fn signals_end_it_at_once_and_what_is_under_way_is_not_lost() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let acme = short_lived(2);
        let mut watch = Watch::start(&acme.product, &[]);
        watch.next("watching");
        acme.server.script("/token", vec![Scripted::Delay(1500)]);
        let asked = acme.server.count("/token");
        wait_until("a renewal is under way", || {
            acme.server.count("/token") > asked
        });
        let started = Instant::now();
        watch.signal(name);
        let status = watch.child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "{name}");
        assert!(
            started.elapsed() < Duration::from_millis(1200),
            "{:?}",
            started.elapsed()
        );
        // Nothing but events was written, and the login works.
        assert_eq!(watch.count("interrupted"), 0);
        wait_until("the renewal is saved", || {
            acme.product
                .run(&["get", "acme", "--field", "token", "--show-secret"])
                .code
                == 0
        });
        let token = acme.product.secret("acme", "token");
        assert!(acme.server.token_is_active(&token), "{name}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let acme = short_lived(2);
    let mut command = acme.product.command(&["refresh", "--watch"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("  watching     acme (default)"), "{line}");
    assert!(!line.contains('\u{1b}'), "{line:?}");
    drop(stdout);
    let mut ended = None;
    wait_until("it ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
    let mut stderr = String::new();
    child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(
        stderr,
        "Keeping 1 login fresh in profile default. Ctrl-C ends it.\n"
    );
}
