//! `login` on a terminal without a browser: the address that the browser elsewhere ends at is pasted.

use authkeep_testkit::browser::sent_back;
use url::Url;

use crate::acme::Acme;
use crate::terminal::Terminal;

/// The address that is to be opened.
fn address(terminal: &mut Terminal) -> String {
    terminal.until("It is not shown.");
    terminal.until("Waiting for");
    let address = terminal.seen.split_whitespace();
    let mut address = address.filter(|word| word.contains("/authorize?"));
    address.next().unwrap().to_owned()
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
        let mut terminal = Terminal::with(&acme.product, "", LOGIN);
        let end = sent_back(&address(&mut terminal)).unwrap();
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
    let mut terminal = Terminal::with(&acme.product, &variables, &format!("{LOGIN} --paste"));
    let end = sent_back(&address(&mut terminal)).unwrap();
    terminal.types(&end[..end.len() / 2]);
    terminal.types("\x03");
    terminal.until("cancelled; nothing was stored");
    terminal.ends(130);
    assert!(!acme.is_connected());
    assert_eq!(acme.server.count("/token"), 0);
    // The negative control: without the option, the browser is opened and needs no hands.
    let mut terminal = Terminal::with(&acme.product, &variables, LOGIN);
    terminal.until("Logged in to acme");
    let seen = terminal.ends(0);
    assert!(!seen.contains("paste it here"), "{seen}");
}

#[test]
fn over_ssh_the_port_to_forward_is_named() {
    let acme = Acme::new();
    let variables = "SSH_CONNECTION='192.0.2.1 5 192.0.2.2 22'";
    let mut terminal = Terminal::with(&acme.product, variables, LOGIN);
    let redirect = Url::parse(&parameter(&address(&mut terminal), "redirect_uri")).unwrap();
    let port = redirect.port().unwrap();
    terminal.until(&format!("ssh -L {port}:127.0.0.1:{port} 192.0.2.2\r\n"));
    terminal.types("\x04");
    terminal.ends(130);
    // It leads to where the browser will look, and to where the other end came from.
    let mut definition = acme.server.definition("acme");
    definition["oauth"]["redirect"] = "localhost".into();
    acme.product.home().write_definition(&definition);
    for (connection, destination) in [
        ("192.0.2.1 5 ::ffff:192.0.2.2 2222", "-p 2222 192.0.2.2"),
        ("2001:db8::1 5 2001:db8::2 22", "2001:db8::2"),
        ("\\$(id) 5 \\$(id) 22", "HOST"),
    ] {
        let variables = format!("SSH_CONNECTION=\"{connection}\"");
        let mut terminal = Terminal::with(&acme.product, &variables, LOGIN);
        let redirect = Url::parse(&parameter(&address(&mut terminal), "redirect_uri")).unwrap();
        let port = redirect.port().unwrap();
        let hint = format!("ssh -L {port}:localhost:{port} {destination}\r\n");
        assert!(terminal.seen.contains(&hint), "{}", terminal.seen);
        terminal.types("\x04");
        terminal.ends(130);
    }
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
