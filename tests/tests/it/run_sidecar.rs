//! A program that makes requests behind the sidecar: its credential arrives, and it never holds it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;

use authkeep_testkit::canary::Scanner;
use authkeep_testkit::home::run;
use authkeep_tests::send_signal;
use serde_json::{Value, json};

use crate::behind::Behind;

/// A request as a careful client makes it: over HTTP/1.1 or 2, by the proxy and the roots that its environment names.
const CURL: &str = "curl -sS --max-time 20";

#[test]
fn the_credential_arrives_and_the_program_never_holds_it() {
    let behind = Behind::new();
    let look = "cat /proc/self/environ /proc/self/cmdline /proc/self/maps /proc/$$/environ";
    let script = format!(
        "{CURL} -H \"Authorization: Bearer $ACME_API_KEY\" $URL/mine; {look}; env; ls -l /proc/self/fd"
    );
    let output = behind.run(&script);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(behind.authorizations(), [format!("Bearer {}", behind.key)]);
    assert_eq!(output.stderr, "authkeep: acme=default 1 request\n");
    let said = format!("{}{}", output.stdout, output.stderr);
    let hits = Scanner::new(&[&behind.key]).scan(said.as_bytes());
    assert_eq!(hits, [], "{said}");
    println!(
        "figure: canaries in the program's environment, arguments, maps and answers: {}",
        hits.len()
    );
    // The negative control: without the sidecar the program holds it, and the scan finds it.
    let mut bare = behind.command(&["run", "--env", "--", "env"]);
    let said = run(&mut bare).stdout;
    assert!(
        !Scanner::new(&[&behind.key])
            .scan(said.as_bytes())
            .is_empty()
    );
}

#[test]
fn several_accounts_are_told_apart() {
    let behind = Behind::new();
    behind.log_in("acme", "work", "cnry_00000000000000000000000000000001");
    let bearer = |key: &str| format!("Bearer {key}");
    let work = bearer("cnry_00000000000000000000000000000001");
    let request = format!("{CURL} $URL/a; {CURL} -H 'Authkeep-Connection: acme=work' $URL/b");
    assert_eq!(behind.run(&request).code, 0);
    assert_eq!(behind.authorizations(), [bearer(&behind.key), work.clone()]);
    // The header is the sidecar's: it goes no further.
    assert!(
        behind.origin.seen()[1]
            .header("authkeep-connection")
            .is_empty()
    );

    let output = run(&mut behind.script(&["--provider", "acme=work"], &format!("{CURL} $URL/c")));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(behind.authorizations()[2], work);

    // Nobody guesses which of two is meant, where neither is the default one.
    assert_eq!(
        behind
            .product
            .run(&["logout", "acme", "--connection", "default"])
            .code,
        0
    );
    behind.log_in("acme", "home", &behind.key);
    let output = behind.run("echo \"${ACME_API_KEY:-none}\"");
    assert_eq!(output.stdout, "none\n");
    assert!(output.stderr.contains("authkeep use acme"), "{output:?}");
    assert_eq!(
        behind
            .product
            .run(&["logout", "acme", "--connection", "home"])
            .code,
        0
    );
    behind.log_in("acme", "default", &behind.key);

    // Two services at one host, and nobody says which is meant.
    behind.define("other", json!({}));
    behind.log_in("other", "default", &behind.key);
    let output = behind.run(&format!("{CURL} $URL/d"));
    let refusal: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(refusal["error"], "ambiguous");
    let choices = json!(["acme=default", "acme=work", "other=default"]);
    assert_eq!(refusal["choices"], choices, "{refusal}");
    assert_eq!(behind.origin.seen().len(), 3);
    // The placeholder says it.
    let output = behind.run(&format!(
        "{CURL} -H \"Authorization: Bearer $OTHER_API_KEY\" $URL/e"
    ));
    assert!(
        output.stderr.contains("other=default 1 request"),
        "{output:?}"
    );
}

#[test]
fn two_services_that_set_one_variable_set_none_unless_one_is_named() {
    let behind = Behind::new();
    behind.define("other", json!({ "env": { "ACME_API_KEY": "{token}" } }));
    behind.log_in("other", "default", &behind.key);
    let script = "echo \"${ACME_API_KEY:-none}\"";
    let output = behind.run(script);
    assert_eq!(output.stdout, "none\n");
    assert!(
        output.stderr.contains("both set `ACME_API_KEY`"),
        "{output:?}"
    );
    let output = run(&mut behind.script(&["--provider", "other"], script));
    assert!(!output.stdout.contains("none"), "{output:?}");
    let both = ["--provider", "other", "--provider", "acme"];
    let output = run(&mut behind.script(&both, script));
    assert_eq!(output.code, 1, "{output:?}");
    assert!(
        output.stderr.contains("both set `ACME_API_KEY`"),
        "{output:?}"
    );
}

#[test]
fn requests_of_a_login_that_is_gone_are_told_why() {
    let behind = Behind::new();
    let mut script = behind.script(
        &[],
        &format!(
            "{CURL} -o /dev/null $URL/a; $BIN logout acme >/dev/null; sleep 1.1; {CURL} -i $URL/b"
        ),
    );
    script.env(
        "BIN",
        format!(
            "env AUTHKEEP_HOME={} {}",
            behind.product.home().authkeep_home().display(),
            authkeep_tests::authkeep_bin().display()
        ),
    );
    let output = run(&mut script);
    let (head, body) = output.stdout.rsplit_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 403"), "{output:?}");
    assert!(
        head.to_lowercase()
            .contains("x-authkeep-error: not_connected"),
        "{output:?}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["command"], "authkeep login acme", "{body}");
    assert_eq!(behind.origin.seen().len(), 1);
    assert_eq!(
        output.stderr,
        "authkeep: acme=default 1 request, 1 refused; reasons: not_connected 1\n"
    );
}

#[test]
fn a_command_to_type_is_for_the_profile_of_the_run() {
    let behind = Behind::new();
    assert_eq!(
        behind.product.run(&["profile", "create", "freelance"]).code,
        0
    );
    let key = json!({ "token": behind.key }).to_string();
    let login = ["login", "acme", "--profile", "freelance", "--with-token"];
    assert_eq!(behind.product.run_with_input(&login, &key).code, 0);
    let ask = format!("{CURL} -H 'Authkeep-Connection: acme=work' $URL/a");
    let command = |options: &[&str]| {
        let output = run(&mut behind.script(options, &ask));
        let body: Value = serde_json::from_str(&output.stdout).unwrap();
        body["command"].as_str().unwrap().to_owned()
    };
    let login = "authkeep login acme --connection work";
    assert_eq!(
        command(&["--profile", "freelance"]),
        format!("{login} --profile freelance")
    );
    assert_eq!(command(&[]), login);
}

#[test]
fn a_refusal_that_the_program_keeps_to_itself_is_said_with_verbose() {
    let behind = Behind::new();
    let silent = "curl -s https://example.com/";
    let said = |options: &[&str]| run(&mut behind.script(options, silent)).stderr;
    let verbose = said(&["--deny-unmatched", "--verbose"]);
    assert!(
        verbose.contains("no login of this run is for example.com:443"),
        "{verbose}"
    );
    assert_eq!(
        said(&["--deny-unmatched"]),
        "authkeep: without a login 1 refused; reasons: unmatched 1\n"
    );
}

#[test]
fn other_hosts_are_passed_on_or_refused_as_was_asked() {
    let behind = Behind::new();
    behind.define(
        "acme",
        json!({ "hosts": [format!("{}/only/", behind.origin.host())] }),
    );
    behind.log_in("acme", "default", &behind.key);
    // A path that no login is for gets no credential.
    assert_eq!(behind.run(&format!("{CURL} $URL/else")).code, 0);
    assert_eq!(behind.authorizations(), [""]);

    let denied = run(&mut behind.script(
        &["--deny-unmatched"],
        &format!("{CURL} -o /dev/null -w '%{{http_connect}}' https://example.com/"),
    ));
    assert_eq!(denied.stdout, "403", "{denied:?}");
    assert!(
        denied
            .stderr
            .contains("without a login 1 refused; reasons: unmatched 1"),
        "{denied:?}"
    );
}

#[test]
fn the_summary_is_said_on_stderr_as_was_asked() {
    let behind = Behind::new();
    let request = format!("{CURL} -o /dev/null $URL/a");
    let output = run(&mut behind.script(&["--quiet"], &request));
    assert_eq!((&*output.stdout, &*output.stderr), ("", ""));
    let output = run(&mut behind.script(&["--json"], &request));
    assert_eq!(output.stdout, "");
    let summary: Value = serde_json::from_str(&output.stderr).unwrap();
    let login = json!({ "provider": "acme", "connection": "default", "injected": 1, "refused": 0 });
    assert_eq!(
        summary,
        json!({ "event": "run_ended", "logins": [login], "refused": 0, "reasons": {}, "passed": 0, "tunnels": 0 })
    );
}

#[test]
fn a_run_within_a_run_has_logins_of_its_own() {
    const WORK: &str = "cnry_00000000000000000000000000000002";
    let behind = Behind::new();
    behind.log_in("acme", "work", WORK);
    let inner = format!(
        "AUTHKEEP_HOME={} {} run --provider acme=work -- {CURL} -o /dev/null $URL/nested",
        behind.product.home().authkeep_home().display(),
        authkeep_tests::authkeep_bin().display()
    );
    let output = behind.run(&inner);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(behind.authorizations(), [format!("Bearer {WORK}")]);
    assert!(output.stderr.contains("acme=work 1 request"), "{output:?}");
}

#[test]
fn the_most_talkative_log_holds_no_secret() {
    let behind = Behind::new();
    let mut command = behind.script(
        &["-vv"],
        &format!("{CURL} -o /dev/null $URL/a; {CURL} -o /dev/null https://192.0.2.1/; true"),
    );
    command.env("AUTHKEEP_LOG", "trace");
    let log = run(&mut command).stderr;
    assert!(log.len() > 1000 && log.contains("authkeep_proxy"), "{log}");
    assert_eq!(Scanner::new(&[&behind.key]).scan(log.as_bytes()), []);
    // The negative control.
    let planted = format!("{log}{}", behind.key);
    assert_eq!(
        Scanner::new(&[&behind.key]).scan(planted.as_bytes()).len(),
        1
    );
}

/// Makes a request with its key, as far as it gets without a sidecar, and stays.
const PYTHON: &str = r#"exec python3 -c "
import os, sys, time, urllib.request
request = urllib.request.Request(os.environ['URL'] + '/mine')
request.add_header('Authorization', 'Bearer ' + os.environ['ACME_API_KEY'])
try:
    urllib.request.urlopen(request, timeout=20).read()
except OSError:
    pass
print('done', os.getpid(), flush=True)
time.sleep(60)""#;

/// Whether the key is anywhere in the memory of a program that has made a request with it.
fn is_in_memory(behind: &Behind, options: &[&str]) -> bool {
    let mut command = behind.script(options, PYTHON);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let id = line
        .trim()
        .strip_prefix("done ")
        .unwrap_or_else(|| panic!("{line:?}"));
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{id}/mem")).unwrap();
    let mut scanned = 0;
    let found = maps.lines().any(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Some of what the kernel maps cannot be read.
        if !rest.starts_with('r') || memory.read_exact_at(&mut bytes, from).is_err() {
            return false;
        }
        scanned += bytes.len();
        bytes
            .windows(behind.key.len())
            .any(|part| part == behind.key.as_bytes())
    });
    assert!(scanned > 1_000_000, "{scanned}");
    assert!(send_signal("KILL", id));
    child.wait().unwrap();
    found
}

#[test]
fn the_credential_is_nowhere_in_the_programs_memory() {
    let behind = Behind::new();
    assert!(!is_in_memory(&behind, &[]));
    assert_eq!(behind.authorizations(), [format!("Bearer {}", behind.key)]);
    // The negative control: a program that is handed the key has it there.
    assert!(is_in_memory(&behind, &["--env"]));
}
