//! A login that nobody answers: each way to wait ends when it was told to, stores nothing, and says how to go on.

use authkeep_testkit::home::{Output, run};
use authkeep_tests::Consent;

use crate::acme::Acme;
use crate::terminal::Terminal;

const LOGIN: [&str; 6] = [
    "login",
    "acme",
    "--timeout",
    "1s",
    "--client-id",
    "test-client",
];

/// All of these words are in what was said, and nothing was stored.
fn check(acme: &Acme, said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?}: {said}");
    }
    assert!(!acme.is_connected(), "{said}");
}

#[test]
fn whatever_is_waited_for_its_end_says_how_to_go_on() {
    let ends = |output: Output, code| {
        assert_eq!(output.code, code, "{output:?}");
        output.stderr
    };
    // For a browser that was opened.
    let acme = Acme::new();
    let mut command = acme.product.command_with_browser(Consent::Ignore, &LOGIN);
    let said = ends(run(&mut command), 4);
    let browser = "no answer came back from the browser within 1s";
    let on = "run the command again, or give it longer with --timeout";
    let paste = "use --paste";
    check(&acme, &said, &[browser, "nothing was stored", on, paste]);

    // For an address that is pasted, in a terminal that is as it was then.
    let mut terminal = Terminal::with(&acme.product, "", &format!("{} --paste", LOGIN.join(" ")));
    terminal.until("It is not shown.");
    terminal.types("nothing of the ki");
    let said = terminal.ends(4);
    check(&acme, &said, &[browser, "nothing was stored", on]);
    assert!(!said.contains("nothing of the ki"), "{said}");

    // For a form.
    let mut command = acme.product.command(&LOGIN[..4]);
    let command = command.args(["--browser", "none"]).env("DISPLAY", ":0");
    let said = ends(run(command), 5);
    let form = "the form was not sent within 1s";
    let on = [
        form,
        "set ACME_CLIENT_ID",
        "`authkeep login acme` again",
        "--prompt",
    ];
    check(&acme, &said, &on);

    // For a code to be approved.
    let definition = acme.server.device_definition("acme");
    acme.product.home().write_definition(&definition);
    let said = ends(acme.product.run(&LOGIN), 4);
    let code = "nobody approved the code of `acme` within 1s";
    let on = [
        code,
        "nothing was stored",
        "run the command again",
        "--timeout",
    ];
    check(&acme, &said, &on);
}
