//! The page of commands, made from `--help`, so that the two cannot differ, and those of the providers.

mod providers;

use std::fs;
use std::process::Command;

use crate::shell::{Failed, cargo, root};

const PAGE: &str = "docs/reference/commands.md";

/// Writes the pages anew.
pub(crate) fn write() -> Result<(), Failed> {
    providers::write()?;
    let page = made()?;
    fs::write(root().join(PAGE), page)
        .map_err(|error| Failed(format!("cannot write {PAGE}: {error}")))
}

/// Checks that the pages are as they would be written.
pub(crate) fn check() -> Result<(), Failed> {
    providers::check()?;
    let there = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    if there == made()? {
        Ok(())
    } else {
        Err(Failed(format!(
            "{PAGE} is out of date: run `cargo xtask docs`"
        )))
    }
}

fn made() -> Result<String, Failed> {
    cargo(&["build", "--quiet", "--locked", "-p", "authkeep-cli"])?;
    let mut page =
        "# Commands\n\nMade from `--help`; `cargo xtask docs` writes it anew.\n".to_owned();
    let top = help(&[])?;
    section(&mut page, "authkeep", &top);
    for command in subcommands(&top) {
        let text = help(&[command])?;
        section(&mut page, &format!("authkeep {command}"), &text);
        for nested in subcommands(&text) {
            section(
                &mut page,
                &format!("authkeep {command} {nested}"),
                &help(&[command, nested])?,
            );
        }
    }
    Ok(page)
}

fn help(arguments: &[&str]) -> Result<String, Failed> {
    let run = ["run", "--quiet", "--locked", "-p", "authkeep-cli", "--"];
    let output = Command::new(env!("CARGO"))
        .args(run)
        .args(arguments)
        .arg("--help")
        .current_dir(root())
        .env("COLUMNS", "100")
        .output()
        .map_err(|error| Failed(error.to_string()))?;
    // A line that ends in spaces would be a blemish in every review.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect())
}

/// The names below the heading "Commands:".
fn subcommands(help: &str) -> Vec<&str> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    below
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

fn section(page: &mut String, title: &str, help: &str) {
    // The global options are the same everywhere: once is enough.
    let text = if title == "authkeep" {
        help
    } else {
        help.split("\nGlobal options:").next().unwrap_or(help)
    };
    page.push_str(&format!(
        "\n## {title}\n\n```text\n{}\n```\n",
        text.trim_end()
    ));
}
