//! `login` with and without a terminal, a display, device codes and a known client: what
//! `docs/guides/headless.md` promises for each, in one table.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::home::run;
use authkeep_tests::authkeep_bin;

use crate::acme::Acme;
use crate::terminal::Terminal;

/// What there is.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is there or is not, whatever the others are"
)]
struct Place {
    terminal: bool,
    display: bool,
    device_codes: bool,
    client_known: bool,
}

/// What `login` comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The browser is opened, and the login goes through.
    Browser,
    /// The browser is opened with a form.
    Form,
    /// A code is shown.
    Code,
    /// The address is printed, and a paste is awaited.
    Address,
    /// The terminal is asked.
    Prompt,
    /// It ends at once with this code, this kind of error and this word in what to do.
    Fails(i32, &'static str, &'static str),
}

/// As documented.
fn promised(place: Place) -> Outcome {
    match (place.display, place.client_known, place.terminal) {
        (true, true, _) => Outcome::Browser,
        (true, false, _) => Outcome::Form,
        (false, true, _) if place.device_codes => Outcome::Code,
        (false, true, true) => Outcome::Address,
        (false, true, false) => Outcome::Fails(4, "no_browser", "set BROWSER"),
        (false, false, true) => Outcome::Prompt,
        (false, false, false) => Outcome::Fails(5, "value_needed", "ACME_CLIENT_ID"),
    }
}

/// A machine whose opener notes what it opens, and where somebody agrees.
fn machine(place: Place) -> Acme {
    let acme = Acme::new();
    let home = acme.product.home();
    if place.device_codes {
        let mut definition = acme.server.device_definition("acme");
        definition["flows"] = serde_json::json!(["authorization_code", "device_code"]);
        home.write_definition(&definition);
    }
    let opener = format!("exec {} \"$@\"", fake_open().display());
    for (name, script) in [("xdg-open", opener.as_str()), ("xdg-settings", "exit 1")] {
        let path = home.bin().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    }
    acme
}

/// The command line, and the variables before it.
fn typed(acme: &Acme, place: Place) -> String {
    let mut line = String::new();
    if place.display {
        let log = acme.product.home().tmp().join("opened");
        let log = log.display();
        line = format!("DISPLAY=:0 FAKE_OPEN_PERSON=approve FAKE_OPEN_LOG={log} ");
    }
    let client = if place.client_known {
        "--client-id test-client"
    } else {
        ""
    };
    // Where nobody answers it ends in time.
    let binary = authkeep_bin();
    line + &format!("{} login acme {client} --timeout 1s", binary.display())
}

/// What became of it, by what could be seen.
fn outcome(place: Place) -> (Outcome, String) {
    let acme = machine(place);
    let line = typed(&acme, place);
    let (code, said) = if place.terminal {
        let mut terminal = Terminal::script(&acme.product, &format!("{line}; echo code $?"));
        // A prompt waits for ever.
        terminal.see("an end", |seen| {
            seen.contains("the end\r\n") || seen.ends_with("client id: ")
        });
        if !terminal.seen.contains("the end\r\n") {
            terminal.types("\x03");
            terminal.until("the end\r\n");
        }
        let (_, code) = terminal.seen.rsplit_once("code ").unwrap();
        let code = code.split_whitespace().next().unwrap().parse().unwrap();
        (code, terminal.ends(code))
    } else {
        let mut command = acme.product.home().command(Path::new("setsid"));
        let output = run(command.args(["--wait", "sh", "-c", &format!("{line} --json")]));
        (output.code, output.stderr + &output.stdout)
    };
    let opened = fs::read_to_string(acme.product.home().tmp().join("opened")).unwrap_or_default();
    let address_of_a_form = opened.contains("http://127.0.0.1") && !opened.contains("authorize");
    let found = if acme.is_connected() {
        assert!(opened.contains("/authorize?"), "{opened}");
        Outcome::Browser
    } else if address_of_a_form {
        Outcome::Form
    } else if said.contains("user_code") || said.contains("enter the code:") {
        Outcome::Code
    } else if said.contains("/authorize?") && said.contains("paste it here") {
        Outcome::Address
    } else if said.contains("client id: ") && code == 130 {
        Outcome::Prompt
    } else {
        let Outcome::Fails(_, kind, word) = promised(place) else {
            return (Outcome::Fails(code, "", ""), said);
        };
        let is_told = said.contains(&format!("\"error\": \"{kind}\"")) && said.contains(word);
        let nothing = ("", "");
        let (kind, word) = if is_told { (kind, word) } else { nothing };
        Outcome::Fails(code, kind, word)
    };
    (found, said)
}

#[test]
fn wherever_it_is_login_does_what_is_documented() {
    let places = (0..16).map(|bits: u32| {
        let has = |bit: u32| bits & (1 << bit) != 0;
        Place {
            terminal: has(0),
            display: has(1),
            device_codes: has(2),
            client_known: has(3),
        }
    });
    let places: Vec<Place> = places.collect();
    let mut kinds = Vec::new();
    // Most of the time they wait for nobody.
    for some in places.chunks(4) {
        let outcomes = std::thread::scope(|scope| {
            let started = some.iter().map(|place| scope.spawn(|| outcome(*place)));
            let started: Vec<_> = started.collect();
            let ended = started.into_iter().map(|thread| thread.join().unwrap());
            ended.collect::<Vec<_>>()
        });
        for (place, (found, said)) in some.iter().zip(outcomes) {
            assert_eq!(found, promised(*place), "{place:?}: {said}");
            kinds.push(format!("{found:?}"));
        }
    }
    kinds.sort();
    kinds.dedup();
    println!(
        "figure: 16 places, {} kinds of outcome, all as documented",
        kinds.len()
    );
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}
