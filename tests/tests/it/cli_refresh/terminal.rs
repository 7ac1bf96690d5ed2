//! The live table, on a terminal that `script` provides.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Instant;

use authkeep_tests::{Product, authkeep_bin};

use super::{PATIENCE, short_lived};

/// Runs the binary on a terminal of its own until `enough` is in what it wrote, and then ends it.
fn on_a_terminal(product: &Product, arguments: &str, enough: impl Fn(&str) -> bool) -> String {
    let mut command = product.home().command("script".as_ref());
    let line = format!(
        "stty cols 100 rows 20; exec {} {arguments}",
        authkeep_bin().display()
    );
    let mut child = command
        .args([
            "--quiet",
            "--flush",
            "--return",
            "--command",
            &line,
            "/dev/null",
        ])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`script` of util-linux: {error}"));
    let mut keyboard = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, pieces) = channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            if sender.send(piece[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut seen = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while !enough(&String::from_utf8_lossy(&seen)) {
        let left = deadline.saturating_duration_since(Instant::now());
        match pieces.recv_timeout(left) {
            Ok(piece) => seen.extend(piece),
            Err(_) => panic!("not enough: {:?}", String::from_utf8_lossy(&seen)),
        }
    }
    // Ctrl-C, as a person types it.
    keyboard.write_all(b"\x03").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn on_a_terminal_there_is_one_table_that_is_redrawn() {
    let acme = short_lived(2);
    let times = |seen: &str| seen.matches("PROVIDER").count();
    let seen = on_a_terminal(&acme.product, "refresh --watch", |seen| times(seen) > 4);
    let (first, rest) = seen.split_once("\x1b[J").unwrap();
    assert!(first.contains("Keeping 1 login fresh"), "{first:?}");
    // Each drawing goes back over the header and the one row before it.
    let drawings: Vec<_> = rest.split("\r\x1b[2A\x1b[J").collect();
    assert_eq!(drawings.len(), times(&seen), "{seen:?}");
    for word in ["CONNECTION", "STATUS", "TIME LEFT", "LAST REFRESH", "NOTE"] {
        assert!(drawings[0].contains(word), "{seen:?}");
    }
    for drawing in &drawings[..drawings.len() - 1] {
        assert!(
            drawing.contains("acme") && drawing.contains("connected"),
            "{drawing:?}"
        );
        assert_eq!(drawing.matches('\n').count(), 2, "{drawing:?}");
    }
    // Programs that read a terminal still get lines.
    let seen = on_a_terminal(&acme.product, "refresh --watch --json", |seen| {
        seen.contains("\"event\":\"renewed\"")
    });
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}
