//! `login` with nobody named: choosing on a terminal, and what happens where there is none.

use authkeep_tests::Product;

use crate::terminal::Terminal;

const DOWN: &str = "\x1b[B";
const UP: &str = "\x1b[A";
const ESCAPE: &str = "\x1b";

/// A terminal of the usual size with the list on it.
fn choosing(product: &Product, variables: &str) -> Terminal {
    let mut terminal = Terminal::of(
        product,
        &format!("{variables} authkeep login --no-color --prompt; echo code $?"),
        24,
        80,
    );
    terminal.until("Log in to: _");
    terminal
}

/// What stands on the terminal below the last search that was drawn.
fn drawn(seen: &str) -> &str {
    &seen[seen.rfind("Log in to:").unwrap()..]
}

#[test]
fn typing_narrows_the_list_and_enter_takes_the_marked_one() {
    let product = Product::new();
    let mut terminal = choosing(&product, "");
    assert!(
        drawn(&terminal.seen).contains(" found: type to search"),
        "{}",
        terminal.seen
    );
    terminal.types("opnai");
    terminal.see("the marked one", |seen| drawn(seen).contains("> openai "));
    terminal.types("\r");
    terminal.until("OpenAI API key: ");
    // The list is gone, and what is typed from here on is the login's.
    terminal.types("\x03");
    let seen = terminal.ends(130);
    // Colours end in `m`.
    let ends = seen.split("\x1b[").skip(1);
    let ends: Vec<char> = ends
        .filter_map(|rest| rest.chars().find(char::is_ascii_alphabetic))
        .collect();
    assert!(ends.len() > 2 && !ends.contains(&'m'), "{seen:?}");
}

#[test]
fn arrows_move_the_mark_and_a_letter_can_be_taken_back() {
    let product = Product::new();
    let mut terminal = choosing(&product, "");
    terminal.types("githubx");
    terminal.until("Log in to: githubx_");
    terminal.types("\x7f");
    terminal.see("what was typed before", |seen| {
        drawn(seen).contains("Log in to: github_") && drawn(seen).contains("> github ")
    });
    terminal.types(DOWN);
    terminal.see("the second", |seen| {
        !drawn(seen).contains("> github ") && drawn(seen).contains("  github ")
    });
    terminal.types(UP);
    terminal.see("the first", |seen| drawn(seen).contains("> github "));
    terminal.types(ESCAPE);
    let seen = terminal.ends(130);
    assert!(seen.contains("no provider was chosen"), "{seen}");
}

#[test]
fn categories_are_searched_and_what_is_connected_is_marked() {
    let product = Product::new();
    let stored = authkeep_testkit::home::run_with_input(
        &mut product.command(&["login", "datadog", "--with-token"]),
        br#"{"token": "a", "app_key": "b"}"#,
    );
    assert_eq!(stored.code, 0, "{stored:?}");
    let mut terminal = choosing(&product, "NO_COLOR=1");
    terminal.types("monitoring data");
    terminal.see("a connected one", |seen| {
        drawn(seen)
            .lines()
            .any(|line| line.contains("datadog ") && line.contains("(connected)"))
    });
    terminal.types("zzzz\r");
    terminal.until("nothing found");
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
fn it_fits_whatever_the_size_becomes() {
    let product = Product::new();
    let mut terminal = choosing(&product, "");
    let fits = |seen: &str, rows: usize, columns: usize| {
        let lines: Vec<&str> = drawn(seen).split("\r\n").collect();
        lines.len() <= rows && lines.iter().all(|line| line.chars().count() <= columns)
    };
    assert!(fits(&terminal.seen, 24, 80), "{}", terminal.seen);
    terminal.seen.clear();
    terminal.resize(8, 40);
    terminal.see("a smaller list", |seen| {
        seen.contains("Log in to: _") && seen.ends_with("\r\n")
    });
    assert!(fits(&terminal.seen, 8, 40), "{:?}", terminal.seen);
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
fn it_can_be_stopped_and_continued() {
    let product = Product::new();
    let script = "set -m; authkeep login --prompt; stty -a | grep -o -- '-*echo ' ; fg >/dev/null; echo code $?";
    let mut terminal = Terminal::of(&product, script, 24, 80);
    terminal.until("Log in to: _");
    terminal.types("\x1a");
    terminal.see("the list again, behind an echo that was shown", |seen| {
        let shown = seen.find("\necho ");
        shown.is_some_and(|shown| seen[shown..].contains("Log in to: _"))
    });
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
fn without_a_terminal_the_next_step_is_said() {
    let product = Product::new();
    for arguments in [&["login"][..], &["login", "--no-input"]] {
        let output = product.run(arguments);
        assert_eq!(output.code, 2, "{output:?}");
        assert!(
            output.stderr.contains("authkeep login PROVIDER"),
            "{output:?}"
        );
    }
    let (code, error) = product.json(&["login"]);
    assert_eq!(
        (code, error["error"].as_str()),
        (2, Some("provider_needed")),
        "{error}"
    );
    let seen = Terminal::of(&product, "authkeep login --no-input; echo code $?", 24, 80).ends(2);
    assert!(seen.contains("no provider is named"), "{seen}");
}
