//! `run --env`: the program takes authkeep's place.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::acme::Acme;

#[test]
fn the_exit_code_and_the_arguments_are_the_programs_own() {
    let acme = Acme::connected();
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "--env", "--provider", "acme", "--"];
        arguments.extend(more);
        acme.product.run(&arguments)
    };
    for code in [0, 1, 7, 130, 255] {
        let output = run(&["sh", "-c", &format!("exit {code}")]);
        assert_eq!(
            (output.code, &*output.stdout, &*output.stderr),
            (code, "", "")
        );
    }
    let output = run(&["printf", "%s|", "--json", "", "a b", "$(x)", "--"]);
    assert_eq!(output.stdout, "--json||a b|$(x)|--|");
    let token = acme.product.secret("acme", "token");
    let output = run(&["sh", "-c", "printf %s \"$ACME_ACCESS_TOKEN\""]);
    assert_eq!(output.stdout, token);
    assert_eq!(run(&["sh", "-c", "kill -TERM $$"]).code, 128 + 15);
    // Its files are as private as the user's own mask makes them, not as ours does.
    let output = run(&["sh", "-c", "umask"]);
    let own = authkeep_testkit::home::run(
        acme.product
            .home()
            .command("sh".as_ref())
            .args(["-c", "umask"]),
    );
    assert_eq!(output.stdout, own.stdout);
}

#[test]
fn signals_reach_the_program_and_no_one_is_in_between() {
    let acme = Acme::connected();
    let script = "trap 'echo got it; exit 9' TERM; echo $$; while :; do sleep 0.05; done";
    let mut child = acme
        .product
        .command(&["run", "--env", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let pid = lines.next().unwrap().unwrap();
    assert_eq!(
        pid,
        child.id().to_string(),
        "the program has authkeep's process id"
    );
    let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(killed.success());
    assert_eq!(lines.next().unwrap().unwrap(), "got it");
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn a_program_that_cannot_start_says_so() {
    let acme = Acme::connected();
    let output = acme
        .product
        .run(&["run", "--env", "--", "/no/such/program"]);
    assert_eq!(output.code, 127, "{output:?}");
    assert!(
        output
            .stderr
            .contains("`/no/such/program` cannot be started"),
        "{output:?}"
    );
}
