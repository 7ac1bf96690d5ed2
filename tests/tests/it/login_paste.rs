//! `login` on a terminal without a browser: the address that the browser elsewhere ends at is pasted.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use authkeep_testkit::browser::sent_back;
use authkeep_tests::authkeep_bin;
use url::Url;

use crate::acme::Acme;

/// How long it may take until something is said.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary on a terminal that `script` provides.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    pieces: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn with(acme: &Acme, variables: &str, arguments: &str) -> Self {
        let line = format!(
            "stty cols 200 rows 30; {variables} {} {arguments}; echo code $?; stty -a | tr ' ' '\\n' | grep -E '^-?(echo|icanon|isig);?$'; echo the end",
            authkeep_bin().display()
        );
        let mut command = acme.product.home().command("script".as_ref());
        let mut child = command
            .args(["--quiet", "--flush", "--command", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`script` of util-linux: {error}"));
        let keyboard = child.stdin.take().unwrap();
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
        Self {
            child,
            keyboard,
            pieces,
            seen: String::new(),
        }
    }

    /// Waits until `text` stands there.
    fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.seen.push_str(&String::from_utf8_lossy(&piece)),
                Err(_) => panic!("no {text:?} in {:?}", self.seen),
            }
        }
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// The address that is to be opened.
    fn address(&mut self) -> String {
        self.until("It is not shown.");
        self.until("Waiting for");
        let address = self.seen.split_whitespace();
        let mut address = address.filter(|word| word.contains("/authorize?"));
        address.next().unwrap().to_owned()
    }

    /// All that stood there, the code of its end among it. The terminal is as it was.
    fn ends(mut self, code: i32) -> String {
        self.until("the end\r\n");
        for setting in ["echo", "icanon", "isig"] {
            assert!(!self.seen.contains(&format!("-{setting}")), "{}", self.seen);
        }
        assert!(
            self.seen.contains(&format!("code {code}\r\n")),
            "{}",
            self.seen
        );
        self.child.wait().unwrap();
        self.seen.clone()
    }
}

fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(address).unwrap();
    let mut parameters = url.query_pairs();
    parameters
        .find(|(found, _)| found == name)
        .unwrap()
        .1
        .into_owned()
}

const LOGIN: &str = "login acme --client-id test-client";

#[test]
fn without_a_display_pasting_is_offered_and_nothing_pasted_is_shown() {
    for whole in [true, false] {
        let acme = Acme::new();
        let mut terminal = Terminal::with(&acme, "", LOGIN);
        let end = sent_back(&terminal.address()).unwrap();
        let code = parameter(&end, "code");
        terminal.types("what is this?\n");
        terminal.until("try again");
        terminal.types(&format!("{}\n", if whole { &end } else { &code }));
        terminal.until("Logged in to acme (default) as ada.");
        let seen = terminal.ends(0);
        assert!(
            !seen.contains(&code) && !seen.contains("what is this?"),
            "{seen}"
        );
        assert!(acme.is_connected());
    }
}

#[test]
fn paste_opens_no_browser_and_ctrl_c_leaves_nothing_behind() {
    let acme = Acme::new();
    // A browser there is, and it would approve.
    let variables = format!(
        "FAKE_OPEN_PERSON=approve BROWSER='{}'",
        authkeep_testkit::browser::fake_open().display()
    );
    let mut terminal = Terminal::with(&acme, &variables, &format!("{LOGIN} --paste"));
    let end = sent_back(&terminal.address()).unwrap();
    terminal.types(&end[..end.len() / 2]);
    terminal.types("\x03");
    terminal.until("cancelled; nothing was stored");
    terminal.ends(130);
    assert!(!acme.is_connected());
    assert_eq!(acme.server.count("/token"), 0);
    // The negative control: without the option, the browser is opened and needs no hands.
    let mut terminal = Terminal::with(&acme, &variables, LOGIN);
    terminal.until("Logged in to acme");
    let seen = terminal.ends(0);
    assert!(!seen.contains("paste it here"), "{seen}");
}

#[test]
fn over_ssh_the_port_to_forward_is_named() {
    let acme = Acme::new();
    let variables = "SSH_CONNECTION='192.0.2.1 5 192.0.2.2 22'";
    let mut terminal = Terminal::with(&acme, variables, LOGIN);
    let redirect = Url::parse(&parameter(&terminal.address(), "redirect_uri")).unwrap();
    let port = redirect.port().unwrap();
    terminal.until(&format!("ssh -L {port}:127.0.0.1:{port} HOST"));
    terminal.types("\x04");
    terminal.ends(130);
}

#[test]
fn without_a_terminal_there_is_nothing_to_paste_into() {
    let acme = Acme::new();
    let (code, error) = acme.product.json(&["login", "acme", "--paste"]);
    assert_eq!(
        (code, &error["error"]),
        (2, &"no_terminal".into()),
        "{error}"
    );
    // A provider that redirects to https only cannot do without.
    let mut definition = acme.server.definition("acme");
    definition["oauth"]["redirect"] = "https".into();
    acme.product.home().write_definition(&definition);
    let (code, error) = acme
        .product
        .json(&["login", "acme", "--client-id", "test-client"]);
    assert_eq!(
        (code, &error["error"]),
        (5, &"paste_needed".into()),
        "{error}"
    );
}
