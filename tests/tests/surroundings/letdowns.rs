//! Out of memory, out of descriptors, out of file size, killed in the middle: whatever is said then, no secret is
//! in it, and the vault is whole afterwards.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use authkeep_testkit::canary::Scanner;

use crate::stage::Stage;

/// Commands that work with secrets and must not show any.
const COMMANDS: [&str; 4] = [
    "get demo",
    "list --json",
    "run --env --provider openai -- true",
    "get demo --refresh",
];

#[test]
fn fifty_letdowns_show_no_secret_and_break_nothing() {
    let stage = Stage::logged_in();
    let scan = |text: &str, secrets: &[String]| {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        Scanner::new(&secrets).scan(text.as_bytes()).len()
    };
    let memory = (0..32).map(|step| format!("ulimit -v {}", 3_000 + step * 1_500));
    let descriptors = (3..13).map(|count| format!("ulimit -n {count}"));
    let sizes = (0..8).map(|blocks| format!("ulimit -f {blocks}"));
    let (mut letdowns, mut bytes) = (0, 0);
    for (number, limit) in memory.chain(descriptors).chain(sizes).enumerate() {
        let command = COMMANDS[number % COMMANDS.len()];
        let output = stage.shell(&format!("{limit}; exec \"$AUTHKEEP\" -vvv {command}"));
        letdowns += usize::from(output.code != 0);
        bytes += output.stdout.len() + output.stderr.len();
        let hits = scan(
            &format!("{}{}", output.stdout, output.stderr),
            &stage.secrets(),
        );
        assert_eq!(hits, 0, "{limit}: {command}: {}", output.stderr);
    }
    println!(
        "{letdowns} of 50 commands failed for want of something; {bytes} bytes of output hold no secret"
    );
    assert!(letdowns >= 15, "only {letdowns} limits bit");
    // The control: what may be shown is found by the same scan.
    let shown = stage.run(&["get", "openai", "--field", "token", "--show-secret"]);
    assert_eq!(scan(&shown.stdout, &stage.secrets()), 1, "{}", shown.stderr);
    assert_eq!(stage.run(&["doctor"]).code, 0);
}

#[test]
fn a_crash_in_the_middle_of_a_login_shows_nothing_and_stores_nothing() {
    let stage = Stage::empty();
    let mut command = stage.command();
    command
        .args(["login", "demo", "--timeout", "60s", "-vvv"])
        .env("FAKE_OPEN_PERSON", "ignore");
    let mut login = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut stderr = login.stderr.take().unwrap();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&said).contains("Waiting for the browser") {
        let read = stderr.read(&mut buffer).unwrap();
        assert_ne!(
            read,
            0,
            "the login ended early: {}",
            String::from_utf8_lossy(&said)
        );
        said.extend_from_slice(&buffer[..read]);
    }
    // Until one has ended it: the first only takes the runtime's own handler away, and one that comes before that is
    // done counts for nothing.
    let ended = loop {
        let killed = std::process::Command::new("kill")
            .args(["-SEGV", &login.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        if let Some(ended) = login.try_wait().unwrap() {
            break ended;
        }
    };
    stderr.read_to_end(&mut said).unwrap();
    assert_eq!(ended.signal(), Some(11));
    let secrets = stage.secrets();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    assert!(Scanner::new(&secrets).scan(&said).is_empty());
    let list = stage.run(&["list", "--json"]);
    assert!(!list.stdout.contains("\"connected\""), "{}", list.stdout);
}
