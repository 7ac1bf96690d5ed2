//! Running other programs, visibly.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A chore that did not succeed, and why.
pub(crate) struct Failed(pub(crate) String);

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs a program in the workspace's folder.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let line = shown(command);
    println!("$ {line}");
    let status = command.current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("`{line}` ended with {status}"))),
        Err(error) => Err(Failed(format!("`{line}` cannot be started: {error}"))),
    }
}

/// Runs cargo itself.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), Failed> {
    run(Command::new(env!("CARGO")).args(arguments))
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$1\" >/dev/null 2>&1", "sh", program])
        .status()
        .is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={} ", name.display(), value?.display())));
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .display()
        .to_string();
    let arguments = command
        .get_args()
        .map(|argument| format!(" {}", argument.display()));
    variables.chain([name]).chain(arguments).collect()
}
