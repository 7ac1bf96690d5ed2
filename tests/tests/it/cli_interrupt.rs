//! Ctrl-C: nothing is stored, nothing is left behind, and it does not take long.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::oauth_server::Scripted;
use authkeep_tests::{Consent, wait_until};
use serde_json::json;

use crate::acme::Acme;

fn signal(name: &str, process: &str) -> bool {
    Command::new("kill")
        .args([name, "--", process])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// A login that waits for its browser, and the port that it waits on.
fn waiting_login(mut command: Command) -> (Child, String, BufReader<ChildStderr>) {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Waiting for the browser") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it did not wait");
    }
    let address = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http://"))
        .and_then(|rest| rest.split_once("/callback/"))
        .unwrap()
        .0
        .to_owned();
    wait_until("it has a way to deal with Ctrl-C", || {
        catches_interrupts(child.id())
    });
    (child, address, stderr)
}

/// Until then Ctrl-C ends it as it ends any program.
fn catches_interrupts(process: u32) -> bool {
    const INTERRUPT: u64 = 1 << (2 - 1);
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & INTERRUPT != 0)
}

#[test]
fn a_login_that_is_interrupted_stores_nothing_and_closes_its_port() {
    let acme = Acme::new();
    let arguments = ["login", "acme", "--client-id", "test-client", "--json"];
    for name in ["-INT", "-TERM"] {
        let command = acme
            .product
            .command_with_browser(Consent::Ignore, &arguments);
        let (child, address, _stderr) = waiting_login(command);
        assert!(
            TcpStream::connect(&address).is_ok(),
            "nobody listens on {address}"
        );
        let database = acme
            .product
            .home()
            .authkeep_home()
            .join("profiles/default/store.db");
        let before = std::fs::read(&database).unwrap();
        let started = Instant::now();
        assert!(signal(name, &child.id().to_string()));
        let output = child.wait_with_output().unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{:?}",
            started.elapsed()
        );
        if name == "-INT" {
            assert_eq!(output.status.code(), Some(130));
            let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(error["error"], "interrupted");
        }
        assert!(
            TcpStream::connect(&address).is_err(),
            "{address} is still open"
        );
        assert!(
            std::fs::read(&database).unwrap() == before,
            "the vault was written to"
        );
        assert!(!acme.is_connected());
    }
    assert_eq!(acme.server.count("/token"), 0);
    // Left alone, the same command goes on to store a login.
    assert_eq!(acme.login(Consent::Approve, &[]).code, 0);
    assert!(acme.is_connected());
}

#[test]
fn the_browser_outlives_the_login_that_is_interrupted() {
    let acme = Acme::new();
    let home = acme.product.home();
    let noted = home.tmp().join("browser");
    let browser = format!("sh -c 'echo $$ > {}; exec sleep 60' -- ", noted.display());
    let mut command = acme.product.command(&[
        "login",
        "acme",
        "--client-id",
        "test-client",
        "--browser",
        &browser,
    ]);
    command.process_group(0);
    let (mut child, _, _stderr) = waiting_login(command);
    let browser = std::fs::read_to_string(&noted).unwrap();
    let browser = browser.trim();
    // As a terminal does it: everything of the foreground group gets the signal.
    assert!(signal("-INT", &format!("-{}", child.id())));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(signal("-0", browser), "the browser was taken along");
    assert!(signal("-KILL", browser));
}

#[test]
fn whoever_waits_for_a_lock_can_be_interrupted_too() {
    let acme = Acme::connected();
    let token = acme.product.secret("acme", "token");
    acme.server
        .script("/token", vec![Scripted::Hang, Scripted::Hang]);
    let refresh = || {
        acme.product
            .command(&["get", "acme", "--refresh"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut holder = refresh();
    wait_until("the first is under way", || {
        acme.server.count("/token") == 2
    });
    let mut waiter = refresh();
    // It waits in the kernel for the other's lock.
    let blocked = format!("/proc/{}/task", waiter.id());
    wait_until("the second waits", || {
        std::fs::read_dir(&blocked).is_ok_and(|tasks| tasks.count() > 1)
    });
    wait_until("both catch Ctrl-C", || {
        catches_interrupts(waiter.id()) && catches_interrupts(holder.id())
    });
    let started = Instant::now();
    assert!(signal("-INT", &waiter.id().to_string()));
    assert_eq!(waiter.wait().unwrap().code(), Some(130));
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    // The one whose request is out need not stay either: the request is in the hands of another process.
    assert!(signal("-INT", &holder.id().to_string()));
    assert_eq!(holder.wait().unwrap().code(), Some(130));
    assert_eq!(
        acme.server.count("/token"),
        2,
        "the one that waited asked nobody"
    );
    assert_eq!(acme.product.secret("acme", "token"), token);
}

#[test]
fn a_refresh_that_is_under_way_is_finished_and_saved() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let acme = Acme::connected();
        let before = acme.product.secret("acme", "token");
        acme.server.script("/token", vec![Scripted::Delay(700)]);
        let mut command = acme.product.command(&["get", "acme", "--refresh"]);
        let mut refresh = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("it is under way", || acme.server.count("/token") == 2);
        wait_until("it catches signals", || catches_interrupts(refresh.id()));
        assert!(signal(name, &refresh.id().to_string()));
        assert_eq!(refresh.wait().unwrap().code(), Some(130), "{name}");
        // The server rotates the token: were the answer dropped, the login would be lost.
        wait_until("it is saved by itself", || {
            acme.product.secret("acme", "token") != before
        });
        assert_eq!(
            acme.product.run(&["get", "acme", "--refresh"]).code,
            0,
            "{name}"
        );
    }
}

#[test]
fn the_address_that_is_printed_can_be_opened_by_hand() {
    let acme = Acme::new();
    let mut command = acme.product.command(&[
        "login",
        "acme",
        "--client-id",
        "test-client",
        "--browser",
        "none",
        "--json",
    ]);
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = stderr
        .find_map(|line| {
            line.unwrap()
                .trim()
                .strip_prefix("http")
                .map(|rest| format!("http{rest}"))
        })
        .unwrap();
    assert_eq!(follow(&address, Person::Approve).unwrap().status(), 200);
    let output = child.wait_with_output().unwrap();
    let login: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(login["outcome"], json!("logged_in"));
}
