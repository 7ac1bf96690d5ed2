//! Runs parts of a test in processes of their own, which can be killed.
//!
//! The test binary starts itself again with nothing but [`entry_point`] selected, and tells it
//! through two environment variables what to do and where.
#![expect(
    clippy::unwrap_used,
    reason = "a test fixture; a failure here is a failed test"
)]

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use authkeep_vault::{Expected, LocalKeyFile, SqliteStore, Store as _};

use crate::home::{entropy, key, options_in};

const TASK: &str = "AUTHKEEP_VAULT_TEST_TASK";
const HOME: &str = "AUTHKEEP_VAULT_TEST_HOME";

/// What a child does. Each says `>> ready` first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Writes ever larger numbers and says `>> KEY NUMBER` after each.
    Write,
    /// Waits for a line, then opens or creates the vault and says its id.
    Create,
    /// Waits for a line, then makes or takes the master key and says its id.
    CreateKey,
    /// Uses everything that makes a file, and keeps it all open until its input ends.
    TouchEverything,
    /// Holds the lock of the key `a` until its input ends.
    Lock,
    /// Reads how often and whether `locked`, then counts up in the file `counter`, and says its
    /// longest wait for the lock of the key `a` in microseconds.
    Count,
}

const TASKS: [Task; 6] = [
    Task::Write,
    Task::Create,
    Task::CreateKey,
    Task::TouchEverything,
    Task::Lock,
    Task::Count,
];

/// A started child, past its `ready`. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Starts a child, under a umask if one is given.
pub(crate) fn start(task: Task, home: &Path, umask: Option<&str>) -> Running {
    let mut command = Command::new("sh");
    let umask = umask.map_or_else(String::new, |umask| format!("umask {umask}; "));
    command
        .args(["-c", &format!("{umask}exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child::entry_point",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(TASK, format!("{task:?}"))
        .env(HOME, home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let input = child.stdin.take();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut running = Running {
        child,
        input,
        output,
    };
    assert_eq!(running.next_line().as_deref(), Some("ready"));
    running
}

impl Running {
    /// The next thing the child says; `None` when it has ended.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line that was cut by a kill does not count.
            if let Some(said) = line
                .strip_prefix(">> ")
                .and_then(|said| said.strip_suffix('\n'))
            {
                return Some(said.to_owned());
            }
        }
    }

    /// Sends the child an empty line.
    pub(crate) fn go(&mut self) {
        self.tell("");
    }

    /// Sends the child a line.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The child's process id.
    #[cfg(unix)]
    pub(crate) fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Ends the child's input and waits for it to end.
    pub(crate) fn finish(mut self) {
        drop(self.input.take());
        while self.next_line().is_some() {}
        assert!(self.child.wait().unwrap().success());
    }

    /// SIGKILL. Returns what the child had said and nobody had read yet.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next_line()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
#[ignore = "started by other tests as a process of its own"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the parent tells its child what to do"
)]
fn entry_point() {
    let (Ok(task), Ok(home)) = (std::env::var(TASK), std::env::var(HOME)) else {
        return;
    };
    let home = PathBuf::from(home);
    match TASKS
        .into_iter()
        .find(|known| format!("{known:?}") == task)
        .unwrap()
    {
        Task::Write => write(&home),
        Task::Create => create(&home),
        Task::CreateKey => create_key(&home),
        Task::TouchEverything => touch_everything(&home),
        Task::Lock => lock(&home),
        Task::Count => count(&home),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n>> {line}").unwrap();
    out.flush().unwrap();
}

fn wait_for_a_line() -> String {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn wait_for_the_end() {
    std::io::stdin()
        .lock()
        .read_to_end(&mut Vec::new())
        .unwrap();
}

fn write(home: &Path) {
    let store = SqliteStore::open(&options_in(home, "default")).unwrap();
    let last = store
        .list("n:")
        .unwrap()
        .into_iter()
        .map(|(_, entry)| entry.revision.get())
        .max();
    say("ready");
    for number in last.unwrap_or(0) + 1.. {
        let name = format!("n:{}", number % 8);
        store
            .put(&key(&name), number.to_string().as_bytes(), Expected::Any)
            .unwrap();
        say(&format!("{name} {number}"));
    }
}

fn create(home: &Path) {
    say("ready");
    wait_for_a_line();
    let store = SqliteStore::open_or_create(&options_in(home, "default")).unwrap();
    say(&store.meta().unwrap().vault_id);
}

fn create_key(home: &Path) {
    use authkeep_vault::KeySource as _;
    say("ready");
    wait_for_a_line();
    say(&LocalKeyFile::new(home.join("master.key"))
        .create(entropy)
        .unwrap()
        .id());
}

fn touch_everything(home: &Path) {
    let store = SqliteStore::open_or_create(&options_in(home, "default")).unwrap();
    store.put(&key("a"), b"value", Expected::Any).unwrap();
    let _guard = store.lock(&key("a"), Duration::ZERO).unwrap();
    // The negative control: a file made without any care.
    std::fs::write(home.join("careless"), "").unwrap();
    say("ready");
    wait_for_the_end();
}

fn lock(home: &Path) {
    let store = SqliteStore::open(&options_in(home, "default")).unwrap();
    let _guard = store.lock(&key("a"), Duration::from_secs(10)).unwrap();
    say("ready");
    wait_for_the_end();
}

fn count(home: &Path) {
    let store = SqliteStore::open(&options_in(home, "default")).unwrap();
    let counter = home.join("counter");
    say("ready");
    let order = wait_for_a_line();
    let (rounds, how) = order.split_once(' ').unwrap();
    let mut longest = Duration::ZERO;
    for _ in 0..rounds.parse().unwrap() {
        let started = Instant::now();
        let guard = (how == "locked").then(|| store.lock(&key("a"), Duration::from_secs(120)));
        let guard = guard.map(Result::unwrap);
        longest = longest.max(started.elapsed());
        let number = std::fs::read_to_string(&counter).unwrap();
        // Long enough for others to read the same number, if they can.
        std::thread::sleep(Duration::from_millis(1));
        let number = number.parse::<u32>().unwrap_or(0) + 1;
        std::fs::write(&counter, number.to_string()).unwrap();
        drop(guard);
    }
    say(&longest.as_micros().to_string());
}
