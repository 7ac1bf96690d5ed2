//! Another user of the same machine, while somebody logs in: what that user can read, open and take.
//!
//! To become another user takes root; without it these tests say that they were left out.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use authkeep_testkit::browser::{Person, fake_open, follow};
use authkeep_testkit::canary::canary;
use authkeep_testkit::home::{Output, run};
use authkeep_tests::{Browser, Consent, Product, send_signal, started, wait_until};
use serde_json::json;
use url::Url;

use crate::acme::Acme;
use crate::form::product;

/// Nobody's, and no member of any group.
pub(crate) const NEIGHBOUR: [&str; 5] = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];

/// What is said where a test cannot be.
pub(crate) const LEFT_OUT: &str = "left out: only root can become another user";

/// A shell of another user; `None` where one cannot become another user.
fn neighbour(script: &str) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let mut command = Command::new("setpriv");
    command
        .args(NEIGHBOUR)
        .args(["sh", "-c", script])
        .current_dir("/")
        .stdin(Stdio::null());
    Some(command)
}

/// Reads the command lines of all processes, over and over, as another user.
struct Watcher {
    shell: Child,
    seen: Arc<Mutex<(BTreeSet<String>, usize)>>,
}

impl Watcher {
    fn start() -> Option<Self> {
        let script = "while echo a round; do grep -a -s -H '' /proc/[0-9]*/cmdline; done";
        let mut shell = neighbour(script)?;
        let mut shell = shell
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(shell.stdout.take().unwrap()).split(b'\n');
        let seen = Arc::new(Mutex::new((BTreeSet::new(), 0)));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                let mut seen = shared.lock().unwrap();
                match line.as_str() {
                    "a round" => seen.1 += 1,
                    _ => drop(seen.0.insert(line)),
                }
            }
        });
        Some(Self { shell, seen })
    }

    /// Waits for two more rounds: one of them lies wholly behind what has happened until now.
    fn look(&self) {
        let round = || self.seen.lock().unwrap().1;
        let now = round();
        wait_until("the other user has looked", || round() > now + 2);
    }

    /// How many command lines with any of these words in them were seen.
    fn lines_with(&self, words: &[&str]) -> usize {
        let seen = self.seen.lock().unwrap();
        let lines = seen.0.iter();
        lines
            .filter(|line| words.iter().any(|word| line.contains(word)))
            .count()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _killed = self.shell.kill();
        let _ended = self.shell.wait();
    }
}

/// A program of the test's own, under a name that says what it is.
fn program(product: &Product, name: &str, script: &str) -> PathBuf {
    let path = product.home().bin().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    path
}

/// The first address that was printed.
fn address(said: &str) -> String {
    let mut words = said.split_whitespace();
    words
        .find(|word| word.starts_with("http://127.0.0.1"))
        .unwrap_or_else(|| panic!("no address: {said}"))
        .to_owned()
}

/// What of an authorization URL would help another user.
fn secrets_of(address: &str) -> [String; 2] {
    let url = Url::parse(address).unwrap();
    let parameter = |name: &str| {
        let found = url.query_pairs().find(|(found, _)| found == name);
        found.unwrap().1.into_owned()
    };
    [parameter("state"), parameter("code_challenge")]
}

/// What lies in the folder of pages.
fn pages(product: &Product) -> Vec<PathBuf> {
    let folder = product.home().authkeep_home().join("open");
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.path()).collect()
}

/// A login with a program of this name as its browser. How many lines another user saw with what must not be known.
fn seen_of_a_login(name: &str, watcher: &Watcher) -> (usize, Output) {
    let acme = Acme::new();
    // It stays for a while, as browsers do.
    let script = format!("{} \"$@\"\nsleep 1", fake_open().display());
    let browser = program(&acme.product, name, &script);
    let arguments = ["login", "acme", "--client-id", "test-client"];
    let mut command = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    let output = run(command.env("BROWSER", &browser));
    assert_eq!(output.code, 0, "{output:?}");
    watcher.look();
    assert!(watcher.lines_with(&[browser.to_str().unwrap()]) > 0);
    assert_eq!(pages(&acme.product), [] as [PathBuf; 0]);
    let secrets = secrets_of(&address(&output.stderr));
    (
        watcher.lines_with(&secrets.each_ref().map(String::as_str)),
        output,
    )
}

#[test]
fn the_address_of_a_login_is_on_no_command_line() {
    let Some(watcher) = Watcher::start() else {
        return println!("{LEFT_OUT}");
    };
    let (seen, _) = seen_of_a_login("firefox", &watcher);
    assert_eq!(seen, 0);
    // The control: what is not known to run here gets the address itself.
    let (control, output) = seen_of_a_login("opener", &watcher);
    assert!(control > 0, "{output:?}");

    // A real one finds the way from the page to the provider.
    let acme = Acme::new();
    let profile = acme.product.home().tmp().join("profile");
    let noted = acme.product.home().tmp().join("browser");
    let browser = program(
        &acme.product,
        "chromium",
        &format!(
            "echo $$ > {}; exec /usr/bin/chromium --headless --no-sandbox --disable-gpu --no-first-run \
             --disable-background-networking --user-data-dir={} \"$@\"",
            noted.display(),
            profile.display()
        ),
    );
    let arguments = ["login", "acme", "--client-id", "test-client", "--browser"];
    let mut command = acme.product.command(&arguments);
    let mut login = started({
        command.arg(&browser);
        command
    });
    let mut said = String::new();
    let mut stderr = BufReader::new(login.stderr.take().unwrap());
    while !said.contains("Waiting for the browser") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let address = address(&said);
    wait_until("the browser is there", || {
        acme.server.count("/authorize") == 1
    });
    watcher.look();
    assert_eq!(pages(&acme.product).len(), 1);
    assert_eq!(follow(&address, Person::Approve).unwrap().status(), 200);
    assert!(login.wait().unwrap().success());
    let group = fs::read_to_string(&noted).unwrap();
    assert!(send_signal("KILL", &format!("-{}", group.trim())));
    let secrets = secrets_of(&address);
    let real = watcher.lines_with(&secrets.each_ref().map(String::as_str));
    assert_eq!(real, 0);
    assert_eq!(pages(&acme.product), [] as [PathBuf; 0]);
    println!(
        "figure: lines of other users' processes with the state or the challenge of a login: {seen}, with a real \
         browser {real}; where the address is handed over itself {control}"
    );
}

#[test]
fn the_address_of_a_form_is_on_no_command_line() {
    let Some(watcher) = Watcher::start() else {
        return println!("{LEFT_OUT}");
    };
    let mut counts = Vec::new();
    for name in ["chromium", "opener"] {
        let (product, key) = (product(), canary());
        let browser = Browser::chromium().with("FB_FIELDS", &json!({"field0": key}).to_string());
        let script = format!("exec {} \"$@\"", browser.command().display());
        let named = program(&product, name, &script);
        let mut command = product.command(&["login", "keyed"]);
        let output = run(browser.apply(&mut command).env("BROWSER", named));
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(product.secret("keyed", "token"), key);
        let address = address(&output.stderr);
        let (_, token) = address.rsplit_once('/').unwrap();
        counts.push(watcher.lines_with(&[token]));
        assert_eq!(pages(&product), [] as [PathBuf; 0]);
    }
    assert!(counts[0] == 0 && counts[1] > 0, "{counts:?}");
    println!(
        "figure: lines with the token of a form: {}, in the control {}",
        counts[0], counts[1]
    );
}

/// What another user gets out of a command, and whether it worked.
fn tried(script: &str) -> (bool, String) {
    let output = neighbour(script).unwrap().output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

#[test]
fn another_user_gets_neither_the_page_nor_the_form_nor_the_environment() {
    if neighbour("").is_none() {
        return println!("{LEFT_OUT}");
    }
    // Only the product's own folder keeps anybody out.
    let product = product();
    for folder in [product.home().root(), &product.home().home()] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    let (value, browser) = (canary(), program(&product, "firefox", "exit 0"));
    let mut command = product.command(&["login", "keyed"]);
    command.env("VALUE", &value).arg("--browser").arg(&browser);
    let mut login = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(login.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("http://") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let address = address(&said);
    let (origin, token) = address.rsplit_once('/').unwrap();
    let page = pages(&product).pop().unwrap();

    let environment = format!("/proc/{}/environ", login.id());
    let mut reads = 0;
    for file in [environment.as_str(), page.to_str().unwrap()] {
        let (worked, said) = tried(&format!("cat {file}"));
        reads += usize::from(worked || !said.is_empty());
        // The control: its owner can.
        let own = fs::read_to_string(file).unwrap();
        assert!(own.contains(&value) || own.contains(token), "{file}");
    }
    let mut forms = 0;
    for request in [
        format!("{origin}/"),
        format!("{origin}/received"),
        format!("{origin}/{}", "0".repeat(token.len())),
        format!("-X POST -d field0=taken {origin}/"),
        format!("-X POST -H 'Origin: {origin}' -d field0=taken {address}"),
    ] {
        let (_, said) = tried(&format!("curl -s -m 5 {request}"));
        forms += usize::from(said.contains("field0") || said.contains(&value));
    }
    assert_eq!((reads, forms), (0, 0));
    // The control: the address is all that it takes.
    let (_, said) = tried(&format!("curl -s -m 5 {address}"));
    assert!(said.contains("field0"), "{said}");
    login.kill().unwrap();
    login.wait().unwrap();
    println!("figure: another user: {reads} of 2 files read, {forms} of 5 ways to the form");
}
