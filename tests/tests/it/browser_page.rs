//! Which browsers get a page that leads on to the login, and which the address itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_tests::{send_signal, wait_until};
use serde_json::Value;

use crate::acme::Acme;

/// A machine with a display, whose desktop names a browser and has these programs.
fn desktop(entry: &str, programs: &[(&str, &str)]) -> Acme {
    desktop_with(Acme::new(), entry, programs)
}

fn desktop_with(acme: Acme, entry: &str, programs: &[(&str, &str)]) -> Acme {
    let home = acme.product.home();
    let applications = home.home().join(".local/share/applications");
    fs::create_dir_all(&applications).unwrap();
    let entry = format!("[Desktop Entry]\nType=Application\nExec={entry}\n");
    fs::write(applications.join("web.desktop"), entry).unwrap();
    let settings = ("xdg-settings", "echo web.desktop");
    for (name, script) in programs.iter().chain([&settings]) {
        let path = home.bin().join(name);
        let script = script.replace("OPEN", fake_open().to_str().unwrap());
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    }
    acme
}

/// The last word of each command that was started to open something.
fn opened(acme: &Acme, variables: &[(&str, &str)]) -> Vec<String> {
    let log = acme.product.home().tmp().join("opened");
    let arguments = ["login", "acme", "--client-id", "test-client"];
    let mut login = acme.product.command(&arguments);
    login
        .env("DISPLAY", ":0")
        .env("FAKE_OPEN_LOG", &log)
        .env("FAKE_OPEN_PERSON", "approve")
        .envs(variables.iter().copied());
    let output = run(&mut login);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("/authorize?"), "{output:?}");
    let log = fs::read_to_string(log).unwrap();
    let launches = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let words = launches.map(|launch: Value| launch["argv"].as_array().unwrap().clone());
    words
        .map(|words| words.last().unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_desktops_own_browser_gets_a_page_if_it_can_read_one() {
    let opener = ("xdg-open", "exec OPEN \"$@\"");
    let firefox = ("firefox", "exec OPEN \"$@\"");
    let page = ["file:"];
    let address = ["http:"];
    let snap = "env HINT=x /snap/bin/firefox %u";
    let ssh = ("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22");
    let script = ("firefox", "exec /snap/bin/firefox");
    let fails = ("firefox", "exit 3");
    for (entry, programs, variables, expected) in [
        ("firefox %u", [firefox, opener], &[][..], &page[..]),
        ("firefox --new-tab %u", [firefox, opener], &[], &page),
        (snap, [firefox, opener], &[], &address),
        ("firefox %u", [script, opener], &[], &address),
        ("firefox --app=%u", [firefox, opener], &[], &address),
        // What does not start leaves it to the opener.
        ("firefox %u", [fails, opener], &[], &address),
        // What the user names is judged alike.
        (snap, [firefox, opener], &[("BROWSER", "firefox")], &page),
        (
            snap,
            [firefox, opener],
            &[("BROWSER", "xdg-open %s")],
            &address,
        ),
        // Over SSH the browser may be one on the other machine.
        (
            snap,
            [firefox, opener],
            &[("BROWSER", "firefox"), ssh],
            &address,
        ),
    ] {
        let acme = desktop(entry, &programs);
        let opened = opened(&acme, variables);
        let schemes = opened.iter().map(|what| &what[..5]);
        assert!(schemes.eq(expected.iter().copied()), "{entry}: {opened:?}");
    }
}

#[test]
fn an_interrupted_login_leaves_no_page_behind() {
    let acme = desktop("firefox %u", &[("firefox", "sleep 10")]);
    let folder = acme.product.home().authkeep_home().join("open");
    let pages = || fs::read_dir(&folder).map_or(0, Iterator::count);
    for signal in ["INT", "TERM", "HUP"] {
        let arguments = ["login", "acme", "--client-id", "test-client"];
        let mut login = acme
            .product
            .command(&arguments)
            .env("DISPLAY", ":0")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the page is there", || pages() == 1);
        assert!(send_signal(signal, &login.id().to_string()));
        assert_eq!(login.wait().unwrap().code(), Some(130));
        assert_eq!(pages(), 0, "{signal}");
    }
}

#[test]
fn who_names_the_browser_learns_no_secret_and_holds_up_no_login() {
    let opener = ("xdg-open", "exec OPEN \"$@\"");
    let secret = canary();
    let acme = desktop_with(Acme::confidential(&secret), "firefox %u", &[opener]);
    let home = acme.product.home();
    let seen = home.tmp().join("seen");
    // What it starts keeps the pipe open, and it says nothing.
    let script = format!("#!/bin/sh\nenv > {}\nsleep 30 &\n", seen.display());
    fs::write(home.bin().join("xdg-settings"), script).unwrap();
    let started = Instant::now();
    let address = opened(&acme, &[("ACME_CLIENT_SECRET", &secret)]);
    assert!(address[0].starts_with("http:"), "{address:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        seen.contains("DISPLAY=:0") && !seen.contains(&secret),
        "{seen}"
    );
}
