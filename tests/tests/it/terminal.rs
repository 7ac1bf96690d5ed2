//! A terminal that `script` provides.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use authkeep_tests::{Product, authkeep_bin};

/// How long it may take until there is enough to see.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the binary on a terminal of 100 columns until `enough` is in what it wrote, and then ends it with Ctrl-C.
/// Returns all that it wrote.
pub(crate) fn on_a_terminal(
    product: &Product,
    arguments: &str,
    enough: impl Fn(&str) -> bool,
) -> String {
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
    seen.extend(pieces.iter().flatten());
    String::from_utf8_lossy(&seen).into_owned()
}
