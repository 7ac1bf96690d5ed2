//! Processes as the kernel shows them: crowds of them, signals to them, and those that belong to one home.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process of one home.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its id.
    pub id: u32,
    /// Its command line, the program first.
    pub arguments: Vec<String>,
}

/// How a process ended and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The exit code; 128 + N when signal N ended it.
    pub code: i32,
    /// Standard output, without the last line's end.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Every living process whose `AUTHKEEP_HOME` is this folder.
#[must_use]
pub fn processes_of(authkeep_home: &Path) -> Vec<Process> {
    let wanted = [b"AUTHKEEP_HOME=", authkeep_home.as_os_str().as_bytes()].concat();
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    ids.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        // What cannot be read has ended, or is another user's.
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted)
            .then_some(())?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0);
        Some(Process {
            id,
            arguments: words
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect(),
        })
    })
    .collect()
}

/// Every living process that has `text` in one of its arguments. Anybody may see those, even of a process that shows
/// nothing else of itself.
#[must_use]
pub fn processes_with(text: &str) -> Vec<Process> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    ids.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let arguments = line.split('\0').map(str::to_owned).collect();
        line.contains(text).then_some(Process { id, arguments })
    })
    .collect()
}

/// Sends a signal, such as `KILL`, to a process or, with a minus before the id, to its group. Whether there was
/// anybody to get it.
///
/// Panics when there is no `kill` program.
#[must_use]
pub fn send_signal(name: &str, target: &str) -> bool {
    Command::new("kill")
        .args(["-s", name, "--", target])
        .stderr(Stdio::null())
        .status()
        .expect("the `kill` program")
        .success()
}

/// Starts all these commands at once and waits for the end of the last.
///
/// Panics when one cannot be started.
#[must_use]
pub fn all_at_once(commands: impl IntoIterator<Item = Command>) -> Vec<Ended> {
    let children: Vec<Child> = commands.into_iter().map(started).collect();
    children.into_iter().map(ended).collect()
}

/// Starts a command whose output is kept.
///
/// Panics when it cannot be started.
#[must_use]
pub fn started(mut command: Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a command that starts")
}

/// Waits for the end of a command and for what it said.
///
/// Panics when it cannot be waited for.
#[must_use]
pub fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().expect("a child that ends");
    let signal = output.status.signal().map(|signal| 128 + signal);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    Ended {
        code: output.status.code().or(signal).unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}
