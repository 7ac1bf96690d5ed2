//! `auth SERVICE` with a person at a terminal: a login where nothing is saved, and what it says of the way.

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::canary::{Scanner, canary};
use serde_json::json;

use crate::acme::Acme;
use crate::terminal::Terminal;

/// A provider with a browser login and an API key.
fn acme() -> Acme {
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code", "api_key"]);
    definition["api_key"] = json!({"headers": {"X-Key": "{token}"}});
    definition["env"] = json!({"ACME_API_KEY": "{token}"});
    acme.product.home().write_definition(&definition);
    acme
}

/// `auth acme` on a terminal, with a browser in which the person does this.
fn auth(acme: &Acme, person: &str, more: &str) -> Terminal {
    let browser = fake_open();
    let variables = format!(
        "ACME_CLIENT_ID=test-client BROWSER='{}' FAKE_OPEN_PERSON={person}",
        browser.display()
    );
    Terminal::with(&acme.product, &format!("{variables} {more}"), "auth acme")
}

#[test]
fn a_person_is_led_through_a_login_and_told_which_way_it_was() {
    let acme = acme();
    let mut terminal = auth(&acme, "approve", "");
    terminal.until("Opening your browser.");
    let seen = terminal.ends(0);
    let ready = "acme is ready: a new login (default)";
    assert!(seen.contains(ready), "{seen}");
    assert!(acme.is_connected());
    let tokens = acme.server.secrets();
    assert_eq!(Scanner::new(&tokens).scan(seen.as_bytes()), []);

    // The second time there is nothing to do, and nothing is opened.
    let seen = auth(&acme, "deny", "").ends(0);
    assert!(
        seen.contains("acme is ready: the saved login (default)"),
        "{seen}"
    );
    assert!(!seen.contains("Opening your browser."), "{seen}");
}

#[test]
fn a_person_who_refuses_gets_the_key_and_one_who_cancels_gets_nothing() {
    let (acme, key) = (acme(), canary());
    let with_key = format!("ACME_API_KEY={key}");
    let seen = auth(&acme, "deny", &with_key).ends(0);
    assert!(seen.contains("warning:"), "{seen}");
    let ready = "acme is ready: an API key in the environment (not saved)";
    assert!(seen.contains(ready), "{seen}");
    assert_eq!(Scanner::new(&[key]).scan(seen.as_bytes()), []);

    let seen = auth(&acme, "deny", "").ends(4);
    assert!(!seen.contains("is ready"), "{seen}");

    // Whoever says no to it all does not mean the next way.
    let mut terminal = auth(&acme, "ignore", &with_key);
    terminal.until("Waiting for the browser");
    terminal.types("\x03");
    let seen = terminal.ends(130);
    assert!(!seen.contains("is ready"), "{seen}");
    assert!(!acme.is_connected());

    // The control: with nobody to ask, no browser is opened.
    let command = "ACME_CLIENT_ID=test-client ACME_API_KEY=";
    let seen = Terminal::with(&acme.product, command, "auth acme --no-input").ends(5);
    assert!(seen.contains("ACME_API_KEY"), "{seen}");
    assert!(!seen.contains("Opening your browser."), "{seen}");
}
