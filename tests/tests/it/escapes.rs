//! Text that others wrote cannot steer the terminal it is shown on.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use authkeep_testkit::home::Output;
use authkeep_testkit::oauth_server::Scripted;
use authkeep_testkit::plain_http::Request;
use serde_json::json;
use url::Url;

use crate::acme::Acme;

/// Cursor, screen, title, clipboard and link sequences in seven and eight bits, and characters that hide or
/// reorder text.
const PIECES: [&str; 17] = [
    "\u{1b}[2J",
    "\u{1b}[1A\u{1b}[2K",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\link",
    "\u{9b}31m",
    "\u{9d}0;title\u{9c}",
    "\u{1b}P+q\u{1b}\\",
    "\u{7}",
    "\u{8}\u{8}\u{8}",
    "\rerror: all is well",
    "\u{b}\u{c}",
    "\u{7f}",
    "\u{202e}gnp.exe",
    "\u{2066}\u{2069}",
    "\u{200b}\u{feff}",
    "\u{e0041}",
];

fn payloads() -> impl Iterator<Item = String> {
    (0..50).map(|i| {
        let (a, b) = (
            PIECES[i % PIECES.len()],
            PIECES[(i * 7 + i / PIECES.len()) % PIECES.len()],
        );
        format!("before{a}between{b}after")
    })
}

/// Line breaks and tabs are all that may stand beside text.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| match c {
        '\n' | '\t' => true,
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => false,
        '\u{e0000}'..='\u{e0fff}' => false,
        c => !c.is_control(),
    })
}

fn assert_harmless(output: &Output) {
    assert!(is_harmless(&output.stdout), "{output:?}");
    assert!(is_harmless(&output.stderr), "{output:?}");
}

#[test]
fn the_payloads_bite() {
    for payload in payloads() {
        assert!(!is_harmless(&payload), "{payload:?}");
    }
    assert!(is_harmless("Zürich 東京\n\tok"));
}

/// What the provider says when it sends the browser back.
#[test]
fn a_refusal_in_the_callback() {
    let acme = Acme::new();
    for (index, payload) in payloads().enumerate() {
        let mut command = acme.product.command(&[
            "login",
            "acme",
            "--client-id",
            "test-client",
            "--browser",
            "none",
            "-vvv",
        ]);
        if index % 2 == 1 {
            command.arg("--json");
        }
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut address) = (String::new(), None);
        while address.is_none() {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
            address = said.lines().find_map(|line| Url::parse(line.trim()).ok());
        }
        let address = address.unwrap();
        let of = |name: &str| {
            address
                .query_pairs()
                .find(|(key, _)| key == name)
                .unwrap()
                .1
                .into_owned()
        };
        let mut callback = Url::parse(&of("redirect_uri")).unwrap();
        callback
            .query_pairs_mut()
            .append_pair("state", &of("state"))
            .append_pair("error", "access_denied")
            .append_pair("error_description", &payload);
        let answer = Request::get(callback.as_str()).send().unwrap();
        assert_eq!(answer.status, 303);
        let last_page = callback.join(answer.header("location").unwrap()).unwrap();
        assert_eq!(Request::get(last_page.as_str()).send().unwrap().status, 200);
        // Anything but its lines ends the reading, at the latest its exit.
        for line in stderr.lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
        }
        let output = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(4), "{said}");
        // What looks like a credential is not shown at all.
        let shown = ["between", "[redacted]"]
            .iter()
            .any(|word| said.contains(word) || stdout.contains(word));
        assert!(shown, "{said}{stdout}");
        assert!(
            is_harmless(&said) && is_harmless(&stdout),
            "{said:?}{stdout:?}"
        );
    }
}

/// Scopes and errors of the token endpoint.
#[test]
fn an_answer_of_the_token_endpoint() {
    let acme = Acme::connected();
    for payload in payloads() {
        let body = json!({
            "access_token": "cnry_22222222222222222222222222222222",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "cnry_33333333333333333333333333333333",
            "scope": format!("read {payload}"),
        });
        let refusal = json!({ "error": payload, "error_description": payload });
        acme.server.script(
            "/token",
            vec![
                Scripted::Garbage(refusal.to_string().into_bytes()),
                Scripted::Garbage(body.to_string().into_bytes()),
            ],
        );
        for arguments in [
            &["get", "acme", "--refresh", "-vvv"][..],
            &["get", "acme", "--refresh"],
            &["get", "acme", "--json"],
        ] {
            assert_harmless(&acme.product.run(arguments));
        }
    }
}

/// A definition that somebody else wrote, a file with a strange name, and an argument that was pasted.
#[test]
fn a_definition_and_an_argument() {
    let acme = Acme::new();
    let product = &acme.product;
    for payload in payloads() {
        let mut definition = acme.server.definition("evil");
        definition["display_name"] = json!(payload);
        definition["notes"] = json!(payload);
        definition["category"] = json!(payload);
        definition["oauth"]["scopes"] = json!([payload]);
        definition[&payload] = json!(1);
        product.home().write_definition(&definition);
        let file = product
            .home()
            .home()
            .join(format!("{payload}.json").replace('/', "_"));
        std::fs::write(&file, definition.to_string()).unwrap();
        for arguments in [
            &["inspect", "evil"][..],
            &["providers", "--json"],
            &["register", file.to_str().unwrap()],
            &["get", &payload],
        ] {
            let output = product.run(arguments);
            assert_harmless(&output);
        }
        std::fs::remove_file(file).unwrap();
    }
    // Where only the texts for people are strange, the definition may be usable: it must still be harmless.
    for payload in payloads().take(10) {
        let mut definition = acme.server.definition("evil");
        definition["display_name"] = json!(payload);
        definition["notes"] = json!(payload);
        product.home().write_definition(&definition);
        for arguments in [
            &["inspect", "evil"][..],
            &["providers"],
            &["list"],
            &["login", "evil", "--no-input"],
            &["doctor"],
        ] {
            assert_harmless(&product.run(arguments));
        }
    }
}
