//! A terminal, with the test at its keyboard and before its screen.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use authkeep_tests::{Product, authkeep_bin, send_signal};
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, Termios, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

/// How long it may take until something is said.
const PATIENCE: Duration = Duration::from_secs(60);

/// Wide enough for an address to stand on one line.
const SIZE: Winsize = Winsize {
    ws_row: 30,
    ws_col: 200,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// A terminal on which a shell runs a script, in a session of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Kept open, for with the last program that has it open a terminal forgets how it was set.
    line: OwnedFd,
    before: Termios,
    pub(crate) seen: String,
}

impl Terminal {
    /// Runs the binary with these arguments, behind assignments of variables. Its end prints its exit code.
    pub(crate) fn with(product: &Product, variables: &str, arguments: &str) -> Self {
        let binary = authkeep_bin();
        let script = format!("{variables} {} {arguments}; echo code $?", binary.display());
        Self::script(product, &script)
    }

    /// Runs a script of bash, and says when that has come to its end.
    pub(crate) fn script(product: &Product, script: &str) -> Self {
        Self::sized(product, script, SIZE)
    }

    /// Runs a script in which `authkeep` is the binary, on a terminal of this size.
    pub(crate) fn of(product: &Product, script: &str, rows: u16, columns: u16) -> Self {
        let binary = authkeep_bin();
        let script = script.replace("authkeep ", &format!("{} ", binary.display()));
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ..SIZE
        };
        Self::sized(product, &script, size)
    }

    /// Makes the terminal larger or smaller.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ..SIZE
        };
        tcsetwinsize(&self.keyboard, size).unwrap();
    }

    fn sized(product: &Product, script: &str, size: Winsize) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let mut options = File::options();
        options.custom_flags(OFlags::NOCTTY.bits().cast_signed());
        let line = options.read(true).write(true);
        let line = line.open(name.to_str().unwrap()).unwrap();
        let before = tcgetattr(&line).unwrap();
        let stream = || Stdio::from(line.try_clone().unwrap());
        let mut command: Command = product.home().command(Path::new("setsid"));
        let child = command
            .args([
                "--ctty",
                "bash",
                "-c",
                &format!("{script}\necho the \"\"end"),
            ])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap_or_else(|error| panic!("`setsid` of util-linux: {error}"));
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut piece) {
                if sender.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            line: line.into(),
            before,
            seen: String::new(),
        }
    }

    /// Waits until `enough` of what stands there is there.
    pub(crate) fn see(&mut self, what: &str, enough: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(&self.seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(piece) => self.seen.push_str(&String::from_utf8_lossy(&piece)),
                Err(_) => panic!("no {what:?} in {:?}", self.seen),
            }
        }
    }

    /// Waits until `text` stands there.
    pub(crate) fn until(&mut self, text: &str) {
        self.see(text, |seen| seen.contains(text));
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Whether what is typed now would be shown.
    pub(crate) fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.line).unwrap();
        modes.local_modes.contains(LocalModes::ECHO)
    }

    /// Whether the terminal is set as it was when nothing ran on it.
    pub(crate) fn is_as_it_was(&self) -> bool {
        let shown = |modes: &Termios| format!("{modes:?}");
        shown(&tcgetattr(&self.line).unwrap()) == shown(&self.before)
    }

    /// Sets it as it was, as `stty sane` would.
    pub(crate) fn mend(&self) {
        tcsetattr(&self.line, OptionalActions::Now, &self.before).unwrap();
    }

    /// All that stood there, once the script is at its end. The terminal is as it was, and the binary ended with `code`.
    pub(crate) fn ends(mut self, code: i32) -> String {
        self.until("the end\r\n");
        assert!(self.is_as_it_was(), "{}", self.seen);
        assert!(
            self.seen.contains(&format!("code {code}\r\n")),
            "{}",
            self.seen
        );
        self.child.wait().unwrap();
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // What it runs is of its session, and gets a hang-up as from a terminal that is closed.
        let _told = send_signal("HUP", &format!("-{}", self.child.id()));
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Runs the binary on a terminal of 100 columns until `enough` is in what it wrote, and then ends it with Ctrl-C.
/// Returns all that it wrote.
pub(crate) fn on_a_terminal(
    product: &Product,
    arguments: &str,
    enough: impl Fn(&str) -> bool,
) -> String {
    let size = Winsize {
        ws_row: 20,
        ws_col: 100,
        ..SIZE
    };
    let script = format!("{} {arguments}; echo code $?", authkeep_bin().display());
    let mut terminal = Terminal::sized(product, &script, size);
    terminal.see("enough", enough);
    // Ctrl-C, as a person types it.
    terminal.types("\x03");
    terminal.ends(130)
}
