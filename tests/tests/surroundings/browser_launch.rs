//! Which programs a login starts: one browser, with one argument, and never a shell.

use std::fs;
use std::os::unix::fs::symlink;

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::home::{TestHome, run};
use authkeep_tests::authkeep_bin;
use serde_json::{Value, json};

use crate::trace::{Call, traced};

/// Authorization addresses that are https and still hope for a shell or an option parser.
const TREACHEROUS: [&str; 10] = [
    "https://login.example.test/a?x=$(touch%20PWNED)",
    "https://login.example.test/$(touch$IFS'PWNED')",
    "https://login.example.test/a;touch",
    "https://login.example.test/a&touch",
    "https://login.example.test/'a'",
    "https://login.example.test/a?--help",
    "https://login.example.test/%00a",
    "https://login.example.test/%0a-touch",
    "https://xn--80ak6aa92e.example.test/a",
    "https://login.example.test/a?url=file:///etc/passwd",
];

/// Addresses that must not reach any program.
const FORBIDDEN: [&str; 24] = [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,<script>1</script>",
    "ms-msdt:/id",
    "ms-officecmd:x",
    "smb://example.test/share",
    "vbscript:x",
    "ftp://example.test/",
    "http://login.example.test/",
    "http://127.0.0.1/",
    "--help",
    "-a",
    "/etc/passwd",
    "$(touch PWNED)",
    "`touch PWNED`",
    "https://login.example.test/`touch`",
    "https://login.example.test/a|touch",
    "https://user@login.example.test/",
    "https://user:pass@login.example.test/",
    "https://login.example.test/a\nb",
    "https://login.example.test/a\tb",
    " https://login.example.test/",
    "https://",
    "https:///path",
];

/// Each address as it is; with full counts, in many variants, 2,000 in all.
#[expect(
    clippy::disallowed_methods,
    reason = "the switch that asks for full counts"
)]
fn variants(address: &str, full: usize) -> Vec<String> {
    let count = if std::env::var_os("AUTHKEEP_TORTURE").is_some() {
        full
    } else {
        0
    };
    let varied = (1..count).map(|number| {
        format!(
            "{address}{}v={number}",
            ["?", "&", "#", "/", ";"][number % 5]
        )
    });
    std::iter::once(address.to_owned()).chain(varied).collect()
}

fn definition(authorization_url: &str) -> Value {
    json!({
        "schema_version": 2, "name": "evil", "display_name": "Evil", "category": "test",
        "flows": ["authorization_code"], "hosts": ["api.example.test"],
        "oauth": {
            "authorization_url": authorization_url, "token_url": "https://login.example.test/token",
            "public_client": true, "client_auth": "none",
        },
    })
}

/// The programs that were started, each with its arguments, authkeep itself left out.
fn launches(calls: &[Call]) -> Vec<Vec<String>> {
    let execs = calls
        .iter()
        .filter(|call| call.name() == "execve" && call.succeeded());
    execs
        .skip(1)
        .map(|call| {
            // execve("program", ["argv0", "argv1"], [environment]): the environment is not of interest.
            let arguments = call.0.split("], [").next().unwrap_or_default().to_owned();
            Call(arguments)
                .strings()
                .into_iter()
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

fn login(authorization_url: &str) -> (i32, Vec<Vec<String>>, TestHome) {
    let home = TestHome::new();
    home.write_definition(&definition(authorization_url));
    symlink(fake_open(), home.bin().join("xdg-open")).unwrap();
    // The desktop is asked for its browser, and has none.
    symlink("/bin/false", home.bin().join("xdg-settings")).unwrap();
    let mut command = home.command(&authkeep_bin());
    command
        .args([
            "login",
            "evil",
            "--client-id",
            "public",
            "--timeout",
            "200ms",
            "--no-input",
        ])
        .env("DISPLAY", ":0")
        .env("FAKE_OPEN_PERSON", "ignore");
    let (output, calls) = traced(&command, "execve", &home.tmp());
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    (output.code, launches(&calls), home)
}

#[test]
fn an_https_address_is_one_argument_of_one_program() {
    for address in TREACHEROUS.iter().flat_map(|address| variants(address, 8)) {
        // A fragment is refused before anything is started.
        let expected = if address.contains('#') {
            vec![1]
        } else {
            vec![4]
        };
        let (code, launches, home) = login(&address);
        assert!(expected.contains(&code), "{address}: {code}");
        if code == 1 {
            assert_eq!(launches, Vec::<Vec<String>>::new(), "{address}");
            continue;
        }
        let [question, launch] = launches.as_slice() else {
            panic!("{address}: {launches:?}")
        };
        assert_eq!(
            question[1..],
            ["xdg-settings", "get", "default-web-browser"],
            "{address}"
        );
        // The path, then argv: the program's name and the address.
        let [program, _, url] = launch.as_slice() else {
            panic!("{address}: {launch:?}")
        };
        assert!(program.ends_with("/xdg-open"), "{address}: {program}");
        assert!(url.starts_with("https://"), "{address}: {url}");
        let entries = fs::read_dir(home.home()).unwrap().flatten();
        let stray = entries.filter(|entry| entry.file_name() == "PWNED").count();
        assert_eq!(stray, 0, "{address}: something was executed");
    }
}

#[test]
fn what_is_not_https_reaches_no_program() {
    // More text behind an https address could make it a good one; behind the others nothing can.
    let full = |address: &str| {
        if address.starts_with("https://") {
            1
        } else {
            120
        }
    };
    for address in FORBIDDEN
        .iter()
        .flat_map(|address| variants(address, full(address)))
    {
        let (code, launches, _home) = login(&address);
        assert_ne!(code, 0, "{address}");
        assert_eq!(launches, Vec::<Vec<String>>::new(), "{address}");
    }
}

#[test]
fn a_shell_would_be_seen() {
    let home = TestHome::new();
    let mut command = home.command(std::path::Path::new("sh"));
    command.args(["-c", "sh -c 'exec true --help'; true"]);
    let (_, calls) = traced(&command, "execve", &home.tmp());
    let launches = launches(&calls);
    assert!(
        launches.iter().any(|launch| launch[0].ends_with("/sh")),
        "{launches:?}"
    );
    assert!(
        launches
            .iter()
            .any(|launch| launch.len() == 3 && launch[2] == "--help"),
        "{launches:?}"
    );
    assert_eq!(run(home.command(&authkeep_bin()).arg("--version")).code, 0);
}
