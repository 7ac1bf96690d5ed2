//! What the terminal is told around a question, and an answer that is none.

use serde_json::json;

use crate::acme::Acme;
use crate::terminal::Terminal;

#[test]
fn what_is_needed_is_asked_for_until_it_is_there() {
    let acme = Acme::new();
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code"]);
    definition["oauth"]["docs"] = json!("https://acme.example/apps");
    acme.product.home().write_definition(&definition);
    let mut terminal = Terminal::with(&acme.product, "", "login acme --prompt");
    terminal.until("client id: ");
    terminal.types("\r");
    terminal.until("client id is needed; Ctrl-C cancels");
    terminal.until("client id: ");
    terminal.types("test-client\r");
    terminal.until("Open this address in a browser");
    terminal.types("\x03");
    let seen = terminal.ends(130);
    let redirect = "redirect address to register there, which stands for any port:";
    for text in [
        "at https://acme.example/apps",
        redirect,
        "http://127.0.0.1/callback",
    ] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    assert_eq!(
        seen.matches("https://acme.example/apps").count(),
        1,
        "{seen}"
    );

    // The negative control: a value that is there is not asked for, and nothing around it is said.
    let seen = Terminal::with(
        &acme.product,
        "ACME_CLIENT_ID=x ACME_CLIENT_SECRET=y",
        "login acme --paste --timeout 1s",
    );
    let seen = seen.ends(4);
    assert!(!seen.contains(redirect), "{seen}");
}
