//! The project's chores, the same for people and for CI: `cargo xtask help`.
//!
//! Each chore runs the ordinary tools and shows their command lines, so that one can run a part by hand.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the developer who runs it"
)]

mod deny;
mod docs;
mod fuzz;
mod lint;
mod setup;
mod shell;
mod test;

use std::process::ExitCode;

use crate::shell::Failed;

const HELP: &str = "\
cargo xtask setup     install what the tests need beside Rust, Node and Python (Chromium, shells, a keyring, HTTP clients)
cargo xtask lint      formatting, clippy with warnings as errors, every feature set, documentation
cargo xtask test      set up, then all quick tests, the end-to-end ones included
cargo xtask torture   the same tests with their full counts
cargo xtask deny      licences, sources and duplicate crates; advisories where their database is at hand
cargo xtask fuzz [TARGET] [--seconds N]
                      what strangers send, made up by libFuzzer: every target for a minute, or one
cargo xtask docs      write docs/reference/commands.md anew from --help, and docs/providers from the definitions
cargo xtask bench     how fast the commands are, beside the least that any program would need
cargo xtask ci        lint, test, deny and a short torture pass: what a submission has to pass";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let done = match chore.as_str() {
        "setup" => setup::run(),
        "lint" => lint::run(),
        "test" => setup::run().and_then(|()| test::quick()),
        "torture" => setup::run().and_then(|()| test::torture()),
        "deny" => deny::run(),
        "fuzz" => fuzz::all_or_one(std::env::args().skip(2)),
        "docs" => docs::write(),
        "bench" => shell::cargo(&["bench", "--locked", "--package", "authkeep-benches"]),
        "ci" => ci(),
        _ => {
            println!("{HELP}");
            let asked = matches!(chore.as_str(), "" | "help" | "--help" | "-h");
            return if asked {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            eprintln!("xtask {chore}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<(), Failed> {
    lint::run()?;
    docs::check()?;
    setup::run()?;
    test::quick()?;
    test::short_torture()?;
    deny::run()
}
