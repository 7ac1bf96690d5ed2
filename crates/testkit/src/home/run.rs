//! Runs a command to its end and keeps all it said.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Long enough for the slowest command on a busy machine; a test that needs it all is stuck.
const DEADLINE: Duration = Duration::from_secs(120);

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The exit code; 128 + N when signal N ended it, as a shell reports it.
    pub code: i32,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

/// Runs `command` and waits until it has ended and closed its output.
///
/// Panics when it cannot be started or is not done after two minutes (it is killed then).
pub fn run(command: &mut Command) -> Output {
    finish(start(command))
}

/// As [`run`], with `input` on its standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = start(command.stdin(Stdio::piped()));
    let mut pipe = child.stdin.take().expect("a piped standard input");
    let input = input.to_vec();
    // In a thread: a command that never reads must not block the test. Its exit closes the pipe,
    // and a write that fails then is not the test's concern.
    let writer = thread::spawn(move || pipe.write_all(&input).is_ok());
    let output = finish(child);
    writer.join().expect("the writer of standard input ends");
    output
}

fn start(command: &mut Command) -> Child {
    let shown = format!("{command:?}");
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {shown}: {error}"))
}

fn finish(mut child: Child) -> Output {
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let read = |from: mpsc::Receiver<Vec<u8>>, child: &mut Child| {
        from.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            let killed = child.kill();
            panic!("the command kept its output open for {DEADLINE:?}; killed: {killed:?}")
        })
    };
    let stdout = read(stdout, &mut child);
    let stderr = read(stderr, &mut child);
    let status = child.wait().expect("the exit status of a child");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output {
        code: code(status),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let mut pipe = pipe.expect("a piped output");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.read_to_end(&mut bytes);
        // A receiver that is gone means the test has failed already.
        read.is_ok() && sender.send(bytes).is_ok()
    });
    receiver
}

fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return 128 + signal;
        }
    }
    status.code().unwrap_or(-1)
}
