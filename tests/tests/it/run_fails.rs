//! What goes wrong while a program runs: its requests are refused with the reason, and none goes out without a credential.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use authkeep_testkit::oauth_server::{Scripted, ServerOptions};
use authkeep_tests::{ended, expire, files_below, open_vault, send_signal, wait_until};
use serde_json::Value;

use crate::behind::Behind;
use crate::fresh::Fresh;

/// A program that makes one request, once it is told to.
fn one_request_after(fresh: &Fresh, trouble: impl FnOnce(&Fresh)) -> Value {
    let script = "touch $TMPDIR/ready; while [ ! -e $TMPDIR/go ]; do sleep 0.02; done; curl -sS --max-time 20 $URL/a";
    let mut command = fresh.script(script);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let tmp = fresh.product.home().tmp();
    wait_until("the program is there", || tmp.join("ready").exists());
    trouble(fresh);
    fs::write(tmp.join("go"), "").unwrap();
    let ended = ended(child);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

fn home(fresh: &Fresh) -> PathBuf {
    fresh.product.home().authkeep_home()
}

fn break_audit_log(fresh: &Fresh) {
    drop(fs::remove_file(home(fresh).join("audit.log")));
    fs::create_dir(home(fresh).join("audit.log")).unwrap();
}

fn out_and(fresh: &Fresh, fault: Scripted) {
    expire(&open_vault(&home(fresh)));
    fresh.server.script("/token", vec![fault; 20]);
}

fn status(status: u16) -> Scripted {
    Scripted::Status {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

#[test]
fn without_a_credential_nothing_is_sent() {
    type Trouble = fn(&Fresh);
    let troubles: [(&str, Trouble); 11] = [
        ("audit_unavailable", break_audit_log),
        ("vault_unavailable", |fresh| {
            for file in ["store.db", "store.db-wal"] {
                fs::write(home(fresh).join("profiles/default").join(file), [7; 9000]).unwrap();
            }
        }),
        ("not_connected", |fresh| {
            assert_eq!(fresh.product.run(&["logout", "acme"]).code, 0);
        }),
        ("not_connected", |fresh| {
            assert_eq!(fresh.product.run(&["remove", "acme"]).code, 0);
        }),
        ("login_expired", |fresh| {
            fresh.server.revoke_everything();
            expire(&open_vault(&home(fresh)));
        }),
        ("credential_unavailable", |fresh| {
            out_and(fresh, status(503))
        }),
        ("credential_unavailable", |fresh| {
            out_and(fresh, status(429))
        }),
        ("credential_unavailable", |fresh| {
            out_and(fresh, Scripted::Drop)
        }),
        ("credential_unavailable", |fresh| {
            out_and(fresh, Scripted::Garbage(b"no".to_vec()))
        }),
        ("login_expired", |fresh| {
            let refused = Scripted::Status {
                status: 401,
                headers: vec![("content-type".into(), "application/json".into())],
                body: br#"{"error":"invalid_client"}"#.to_vec(),
            };
            out_and(fresh, refused);
        }),
        ("audit_unavailable", |fresh| {
            expire(&open_vault(&home(fresh)));
            break_audit_log(fresh);
        }),
    ];
    let mut sent = 0;
    let count = troubles.len();
    for (expected, trouble) in troubles {
        let fresh = Fresh::new(ServerOptions::default());
        let refusal = one_request_after(&fresh, trouble);
        let said = [expected, "vault_unavailable"];
        assert!(
            said.contains(&refusal["error"].as_str().unwrap_or_default()),
            "{expected}: {refusal}"
        );
        assert!(refusal["command"].is_string(), "{expected}: {refusal}");
        sent += fresh.origin.seen().len();
    }
    println!("figure: requests sent in {count} failures: {sent}");
    assert_eq!(sent, 0);
    // The negative control: without trouble one is.
    let fresh = Fresh::new(ServerOptions::default());
    one_request_after(&fresh, |_| {});
    assert_eq!(fresh.origin.seen().len(), 1);
}

#[test]
fn a_server_that_nobody_vouches_for_gets_nothing() {
    let behind = Behind::new();
    let mut command = behind.script(&[], "curl -sS --max-time 20 $URL/a");
    command.env_remove("SSL_CERT_FILE");
    let output = authkeep_testkit::home::run(&mut command);
    let refusal: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(refusal["error"], "upstream_tls", "{refusal}");
    assert!(behind.origin.seen().is_empty());
}

/// What a private key begins with, as text and in the two binary forms for its curve.
const KEYS: [&[u8]; 3] = [
    b"PRIVATE KEY",
    &[
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    ],
    &[0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20],
];

fn keys_among(files: impl IntoIterator<Item = Vec<u8>>) -> usize {
    let has_key = |file: &Vec<u8>| {
        KEYS.iter()
            .any(|key| file.windows(key.len()).any(|part| part == *key))
    };
    files.into_iter().filter(has_key).count()
}

#[test]
fn no_key_of_the_authority_is_on_the_disk_and_a_killed_run_leaves_nothing_for_long() {
    let behind = Behind::new();
    let root = behind.product.home().root().to_owned();
    let leftovers = || {
        let places = [root.join("run"), root.join("tmp")];
        let found = places
            .iter()
            .flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
        let names = found.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains("authkeep")).count()
    };
    let script = "curl -sS -o /dev/null --max-time 20 $URL/a; touch $TMPDIR/ready; while :; do sleep 0.05; done";
    let mut child: Child = behind
        .script(&[], script)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a request was made", || root.join("tmp/ready").exists());
    assert_eq!(leftovers(), 1);
    let files = files_below(&root);
    let keys = keys_among(files.into_values());
    println!("figure: keys of the run's authority on the disk: {keys}");
    assert_eq!(keys, 0);
    assert!(send_signal("KILL", &child.id().to_string()));
    child.wait().unwrap();
    assert_eq!(leftovers(), 1, "nobody could clean up");
    // The next run does, and after itself too.
    assert_eq!(behind.run("true").code, 0);
    assert_eq!(leftovers(), 0);
    // The negative control: a key that is there is found.
    assert_eq!(keys_among([b"-----BEGIN PRIVATE KEY-----".to_vec()]), 1);
}
