//! Whose login it is, as a person and a program see it.

use authkeep_testkit::oauth_server::Scripted;
use authkeep_tests::Consent;
use serde_json::json;

use crate::acme::Acme;

fn named(acme: &Acme, name: &str) {
    let body = json!({ "login": name }).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let answer = Scripted::Status {
        status: 200,
        headers,
        body,
    };
    acme.server.script("/api/me", vec![answer]);
}

#[test]
fn the_account_is_shown_after_login_and_wherever_logins_are_listed() {
    let acme = Acme::new();
    let product = &acme.product;
    // Where nobody's account is known, there is no column for it.
    assert!(!product.run(&["list"]).stdout.contains("ACCOUNT"));
    let output = acme.login(Consent::Approve, &[]);
    assert!(
        output
            .stdout
            .starts_with("Logged in to acme (default) as ada.\n"),
        "{output:?}"
    );
    let again = product.run(&["login", "acme"]);
    assert!(
        again.stdout.contains("is connected already as ada."),
        "{again:?}"
    );

    let table = product.run(&["list", "--connected"]).stdout;
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][4], "ACCOUNT", "{table}");
    assert_eq!(
        lines[1][..6],
        ["acme", "user", "oauth", "default", "ada", "connected"],
        "{table}"
    );
    let (_, list) = product.json(&["list", "--connected"]);
    assert_eq!(list["providers"][0]["connections"][0]["account"], "ada");
    assert_eq!(acme.details()["account"], "ada");
    assert_eq!(
        product.run(&["get", "acme", "--field", "account"]).stdout,
        "ada\n"
    );

    named(&acme, "bob");
    let output = acme.login(Consent::Approve, &["--force"]);
    assert!(
        output
            .stderr
            .contains("this connection was ada before, and is bob now"),
        "{output:?}"
    );
    assert_eq!(acme.details()["account"], "bob");
}

#[test]
fn a_service_that_does_not_say_is_noted_and_the_login_stands() {
    let acme = Acme::new();
    acme.server.script("/api/me", vec![Scripted::Drop]);
    let output = acme.login(Consent::Approve, &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stderr.contains("did not say whose it is"),
        "{output:?}"
    );
    assert!(
        output.stdout.starts_with("Logged in to acme (default).\n"),
        "{output:?}"
    );
    assert!(acme.details()["account"].is_null());
}

#[test]
fn a_hostile_name_does_not_steer_the_terminal() {
    let acme = Acme::new();
    let hostile = "ada\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}31m\u{202e}\r\n\tbob\u{200b}";
    named(&acme, hostile);
    let login = acme.login(Consent::Approve, &[]);
    let list = acme.product.run(&["list", "--connected"]);
    let get = acme.product.run(&["get", "acme"]);
    let is_safe = |text: &str| {
        text.chars()
            .all(|c| c == '\n' || !c.is_control() && !"\u{202e}\u{200b}".contains(c))
    };
    assert!(!is_safe(hostile), "the name must bite");
    for output in [login, list, get] {
        assert!(output.stdout.contains("bob"), "{output:?}");
        assert!(
            is_safe(&output.stdout) && is_safe(&output.stderr),
            "{output:?}"
        );
    }
}
