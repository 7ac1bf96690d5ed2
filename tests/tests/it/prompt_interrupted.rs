//! The masked prompt: whatever comes in between, the terminal is as it was, and nothing typed is ever seen.

use std::path::Path;
use std::time::Duration;

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_tests::{
    Product, authkeep_bin, moment, processes_of, rounds, send_signal, wait_until,
};

use crate::form::product;
use crate::terminal::Terminal;

/// What comes in between.
const INTERRUPTS: [&str; 6] = ["INT", "TERM", "HUP", "TSTP", "^C", "^Z"];

/// As a shell with job control runs a command: what was stopped goes on when Enter is pressed.
fn in_a_shell(product: &Product, arguments: &str) -> Terminal {
    let script = format!(
        "set -m; trap : INT
         {} {arguments}; code=$?
         while jobs %% >/dev/null 2>&1; do
           echo is stopped; read -r enter; echo goes on; fg %% >/dev/null; code=$?
         done
         echo code $code",
        authkeep_bin().display()
    );
    Terminal::script(product, &script)
}

fn process(product: &Product) -> String {
    let binary = authkeep_bin();
    let mut found = None;
    wait_until("it runs", || {
        let all = processes_of(&product.home().authkeep_home());
        found = all
            .into_iter()
            .find(|process| binary == Path::new(&process.arguments[0]));
        found.is_some()
    });
    found.unwrap().id.to_string()
}

/// One login that is interrupted at this moment after its start, or of its prompt. Whether the terminal was as before,
/// while it was stopped too; and all that was seen.
fn interrupted(how: &str, since: Since, at: Duration, key: &str) -> (bool, String) {
    let product = Product::new();
    let mut terminal = in_a_shell(&product, "login openai --prompt");
    let process = process(&product);
    let mut left = "";
    if since == Since::Prompt {
        terminal.until("API key: ");
        let (typed, rest) = key.split_at(at.as_millis() as usize * 7 % key.len());
        terminal.types(typed);
        left = rest;
    }
    std::thread::sleep(at);
    match how {
        "^C" => terminal.types("\x03"),
        "^Z" => terminal.types("\x1a"),
        signal => assert!(send_signal(signal, &process)),
    }
    let mut was_restored = true;
    if matches!(how, "TSTP" | "^Z") {
        terminal.until("is stopped");
        was_restored &= terminal.is_as_it_was();
        terminal.types("\n");
        terminal.until("API key: ");
        wait_until("what is typed is hidden", || !terminal.echoes());
        terminal.types(left);
        terminal.types("\x03");
    }
    terminal.until("the end");
    was_restored &= terminal.is_as_it_was();
    terminal.mend();
    let (_, code) = terminal.seen.rsplit_once("code ").unwrap();
    let code = code.split_whitespace().next().unwrap().parse().unwrap();
    // Before it can say so itself, a signal ends it as it ends any program.
    assert!(
        matches!((since, code), (_, 130) | (Since::Start, 129..) | (_, 137)),
        "{}",
        terminal.seen
    );
    (was_restored, terminal.ends(code))
}

/// From when on a moment is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Start,
    Prompt,
}

#[test]
fn however_it_is_interrupted_the_terminal_is_as_it_was_and_nothing_was_seen() {
    let (rounds, most) = (rounds(12, 50), Duration::from_millis(120));
    let (mut restored, mut seen) = (0, 0);
    for round in 0..rounds {
        let how = INTERRUPTS[round as usize % INTERRUPTS.len()];
        let since = match round as usize / INTERRUPTS.len() % 2 {
            0 => Since::Prompt,
            _ => Since::Start,
        };
        // Until the shell has put it in front, keys are not meant for it; and a shell ends with what SIGINT ends.
        let how = match (since, how) {
            (Since::Start, "^C" | "INT") => "TERM",
            (Since::Start, "^Z") => "TSTP",
            _ => how,
        };
        let key = canary();
        let (was_restored, screen) = interrupted(how, since, moment(round, most), &key);
        assert!(was_restored, "{how}: {screen:?}");
        restored += u32::from(was_restored);
        seen += Scanner::new(&[key]).scan(screen.as_bytes()).len();
    }
    assert_eq!((restored, seen), (rounds, 0));

    // The control: the one end that no program can prepare for is noticed.
    let (was_restored, screen) = interrupted("KILL", Since::Prompt, most, &canary());
    assert!(!was_restored, "{screen:?}");
    println!(
        "figure: {restored} of {rounds} interrupted prompts left the terminal as it was, {seen} bytes of the key on \
         it; a killed one did not"
    );
}

#[test]
fn what_was_typed_before_a_stop_counts_and_a_shown_prompt_shows() {
    let product = product();
    let mut terminal = in_a_shell(&product, "login keyed --prompt");
    let process = process(&product);
    let key = canary();
    terminal.until("API key: ");
    assert!(!terminal.echoes());
    terminal.types(&key[..9]);
    // Stopped by force, it cannot show anything; but when it goes on, it hides what somebody else has shown.
    std::thread::sleep(Duration::from_millis(100));
    assert!(send_signal("STOP", &process));
    terminal.until("is stopped");
    terminal.mend();
    terminal.types("\n");
    terminal.until("goes on");
    wait_until("what is typed is hidden again", || !terminal.echoes());
    terminal.types(&format!("{}\n", &key[9..]));
    terminal.until("site (empty for none): ");
    wait_until("it shows what is typed", || terminal.echoes());
    terminal.types("europe\n");
    let screen = terminal.ends(0);
    assert!(screen.contains("europe"), "{screen}");
    assert_eq!(Scanner::new(&[&*key]).scan(screen.as_bytes()), []);
    assert_eq!(product.secret("keyed", "token"), key);
    assert_eq!(product.secret("keyed", "site"), "europe");
}

#[test]
fn several_lines_are_no_answer_and_none_of_them_reaches_the_shell() {
    let product = product();
    let mut terminal = in_a_shell(&product, "login keyed --prompt");
    terminal.until("API key: ");
    let (key, first, second) = (canary(), canary(), canary());
    terminal.types(&format!("{first}\r{second}\recho spil''led\r"));
    terminal.see("the question again", |seen| {
        seen.matches("API key: ").count() == 2
    });
    // White space after it, as it comes with many a copy, is no second line.
    terminal.types(&format!("{key}\r\n\n"));
    terminal.until("site (empty for none): ");
    wait_until("it shows what is typed", || terminal.echoes());
    terminal.types("one\ntwo\necho spil''led");
    terminal.until("site is one line, and several were pasted; none was taken\r\nKeyed site");
    terminal.types("\n");
    let screen = terminal.ends(0);
    assert!(!screen.contains("spilled"), "{screen:?}");
    let keys = [&*key, &*first, &*second];
    assert_eq!(Scanner::new(&keys).scan(screen.as_bytes()), []);
    assert_eq!(product.secret("keyed", "token"), key);
}

#[test]
fn what_is_longer_than_a_key_may_be_is_refused_and_not_kept_in_part() {
    let product = product();
    let mut terminal = in_a_shell(&product, "login keyed --prompt");
    terminal.until("API key: ");
    terminal.types(&format!("{}\r", "k".repeat(17 * 1024)));
    terminal.until("site (empty for none): ");
    wait_until("it shows what is typed", || terminal.echoes());
    terminal.types("\r");
    let screen = terminal.ends(2);
    assert!(screen.contains("longer than 16 KiB"), "{screen}");
}

#[test]
fn a_terminal_that_it_may_not_set_is_an_error_and_no_wait_without_an_end() {
    let product = product();
    // In the background, and with no shell left that looks after it: the system refuses it the terminal.
    let script = format!(
        "over=$(mktemp -u)
         OVER=$over bash -c 'set -m
           {{ while kill -0 $$ 2>/dev/null; do sleep 0.01; done
             {} login keyed --prompt; echo code $? > $OVER.new; mv $OVER.new $OVER; }} &'
         until [ -e $over ]; do sleep 0.01; done; cat $over",
        authkeep_bin().display()
    );
    let screen = Terminal::script(&product, &script).ends(5);
    assert!(screen.contains("asking for it failed"), "{screen}");
}
