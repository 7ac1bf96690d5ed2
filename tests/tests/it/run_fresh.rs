//! Tokens that run out while a program runs: none that is stale gets out, and none is lost.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use authkeep_testkit::oauth_server::{Scripted, ServerOptions};
use authkeep_tests::{expire, moment, open_vault, rounds, send_signal, wait_until};
use serde_json::Value;

use crate::fresh::{Fresh, bearer};

const CURL: &str = "curl -sS --max-time 20";

#[test]
fn no_token_that_is_out_reaches_the_service() {
    let fresh = Fresh::new(ServerOptions {
        access_token_ttl: Some(2),
        ..ServerOptions::default()
    });
    // Some seconds of requests, each over a connection of its own, and all of them answered.
    let requests = "end=$(($(date +%s) + 7)); while [ $(date +%s) -lt $end ]; do";
    let output = fresh.run(&format!(
        "{requests} {CURL} -o /dev/null -w '%{{http_code}}\\n' $URL/a; done"
    ));
    assert_eq!(output.code, 0, "{output:?}");
    let answers: Vec<_> = output.stdout.lines().collect();
    assert!(answers.len() > 20, "{output:?}");
    let stale = answers.iter().filter(|status| **status != "200").count();
    assert_eq!(stale, 0, "{output:?}");
    let seen = fresh.origin.seen();
    let mut tokens: Vec<_> = seen.iter().filter_map(bearer).collect();
    tokens.sort();
    tokens.dedup();
    assert!(tokens.len() >= 3, "{}", tokens.len());
    println!(
        "figure: stale answers in {} requests with {} tokens: {stale}",
        answers.len(),
        tokens.len()
    );
    // The negative control: a token that is taken along runs out on the way.
    let held = fresh.product.secret("acme", "token");
    wait_until("the token is out", || !fresh.server.token_is_active(&held));
}

#[test]
fn a_token_that_the_service_refuses_is_renewed_and_the_request_repeated() {
    let fresh = Fresh::new(ServerOptions::default());
    let before = fresh.product.secret("acme", "token");
    fresh.server.expire_access_tokens();
    let output = fresh.run(&format!(
        "{CURL} -w '%{{http_code}} ' -o /dev/null $URL/a; {CURL} -w '%{{http_code}}' -o /dev/null $URL/b"
    ));
    assert_eq!(output.stdout, "200 200", "{output:?}");
    let tokens: Vec<_> = fresh.origin.seen().iter().filter_map(bearer).collect();
    assert_eq!(
        tokens.len(),
        3,
        "refused, repeated, and the next: {tokens:?}"
    );
    assert_eq!(tokens[0], before);
    assert!(tokens[1] != before && tokens[1] == tokens[2]);
    assert_eq!(fresh.server.count("/token"), 2);
}

#[test]
fn a_login_that_is_over_is_refused_with_what_to_do_and_mended_while_the_program_runs() {
    let fresh = Fresh::new(ServerOptions::default());
    fresh.server.revoke_everything();
    let again = "while [ ! -e $TMPDIR/mended ]; do sleep 0.05; done; sleep 1.1";
    let mut command = fresh.script(&format!("{CURL} $URL/a >/dev/null; {CURL} $URL/a; {again}; {CURL} -o /dev/null -w '%{{http_code}}' $URL/b"));
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the login is known to be over", || {
        let (_, list) = fresh.product.json(&["list", "--connected"]);
        list["providers"][0]["connections"][0]["status"] == "reauth_required"
    });
    fresh.log_in();
    std::fs::write(fresh.product.home().tmp().join("mended"), "").unwrap();
    let ended = authkeep_tests::ended(child);
    let (refusal, status) = ended.stdout.split_once('\n').unwrap();
    let refusal: Value = serde_json::from_str(refusal).unwrap();
    assert_eq!(refusal["error"], "login_expired", "{ended:?}");
    assert_eq!(refusal["command"], "authkeep login acme");
    assert_eq!(status, "200", "{ended:?}");
}

#[test]
fn a_login_that_is_known_to_be_over_is_told_of_before_the_program_starts() {
    let fresh = Fresh::new(ServerOptions::default());
    assert_eq!(fresh.run("true").stderr, "");
    fresh.server.revoke_everything();
    assert_eq!(fresh.product.run(&["refresh", "acme"]).code, 4);
    let output = fresh.run("true");
    assert_eq!(output.code, 0, "{output:?}");
    let warning = "warning: acme=default: ";
    assert!(output.stderr.starts_with(warning), "{output:?}");
    assert!(
        output.stderr.contains("run `authkeep login acme`"),
        "{output:?}"
    );
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_refresh_loses_nothing() {
    let fresh = Fresh::new(ServerOptions::default());
    let count = rounds(20, 500);
    let mut lost = 0;
    for round in 0..count {
        // The token is out, so the request waits for the refresh, whose answer is late.
        expire(&open_vault(&fresh.product.home().authkeep_home()));
        fresh.server.script("/token", vec![Scripted::Late(80)]);
        let leaves_after = moment(round, Duration::from_millis(250)) + Duration::from_millis(20);
        let leave = format!(
            "timeout {:.3} {CURL} -o /dev/null $URL/a; exit 0",
            leaves_after.as_secs_f64()
        );
        // In every second round the whole run is killed, with its group.
        let mut command = fresh.script(&leave);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child: Child = command.stderr(Stdio::null()).spawn().unwrap();
        if round % 2 == 0 {
            std::thread::sleep(leaves_after);
            // It may have ended by itself.
            let _was_there = send_signal("KILL", &format!("-{}", child.id()));
        }
        child.wait().unwrap();
        // A refresh that was begun comes to its end by itself.
        let settled = Instant::now();
        while !fresh.is_whole() && settled.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(50));
        }
        if !fresh.is_whole() {
            lost += 1;
            fresh.log_in();
        }
    }
    println!("figure: logins lost in {count} refreshes whose client had left: {lost}");
    assert_eq!(lost, 0);
    // The negative control: a login that is lost is seen to be.
    fresh.server.revoke_everything();
    assert!(!fresh.is_whole());
}
