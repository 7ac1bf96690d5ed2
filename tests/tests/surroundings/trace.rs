//! What a command asked of the kernel, by strace.

use std::path::Path;
use std::process::Command;

use authkeep_testkit::home::{Output, run};

/// One system call as strace wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Call(pub(crate) String);

impl Call {
    pub(crate) fn name(&self) -> &str {
        let after_pid = self
            .0
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        after_pid.split('(').next().unwrap_or_default()
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.0
            .rsplit(" = ")
            .next()
            .is_some_and(|result| !result.starts_with('-'))
    }

    /// The quoted strings among the arguments.
    pub(crate) fn strings(&self) -> Vec<&str> {
        self.0.split('"').skip(1).step_by(2).collect()
    }
}

/// Runs `command` under strace, and lists its calls of `calls`.
pub(crate) fn traced(command: &Command, calls: &str, folder: &Path) -> (Output, Vec<Call>) {
    let file = folder.join(format!("trace-{:?}", std::thread::current().id()));
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-y",
            "-v",
            "-s",
            "4096",
            "-e",
            &format!("trace={calls}"),
            "-o",
        ])
        .arg(&file);
    strace.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        strace.current_dir(folder);
    }
    strace.env_clear();
    for (name, value) in command.get_envs() {
        strace.env(name, value.unwrap_or_default());
    }
    let output = run(strace.stdin(std::process::Stdio::null()));
    let text = std::fs::read_to_string(&file).unwrap();
    let calls = text
        .lines()
        .filter(|line| line.contains('('))
        .map(|line| Call(line.to_owned()))
        .collect();
    (output, calls)
}
