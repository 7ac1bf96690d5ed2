//! One command to measure, and one measurement of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::Fallible;

/// A command line, what it must print, and what it may cost.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) bars: Vec<Bar>,
    command: Command,
    lines: usize,
    text: &'static str,
}

/// What a target may cost, at most.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    /// The median of the ratios to the first target's time in the same round.
    TimesTheFloor(f64),
    /// The median time.
    Milliseconds(f64),
    /// The highest resident set of any round.
    Mebibytes(f64),
}

/// One process, from start to exit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The peak resident set in bytes. A child inherits this process's own peak, which is about 3 MiB.
    pub(crate) peak: u64,
}

impl Target {
    pub(crate) fn new(name: &'static str, program: &Path) -> Self {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        Self {
            name,
            bars: Vec::new(),
            command,
            lines: 0,
            text: "",
        }
    }

    pub(crate) fn home(mut self, home: &Path) -> Self {
        self.command.env("AUTHKEEP_HOME", PathBuf::from(home));
        self
    }

    pub(crate) fn arguments<S: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        self.command.args(arguments);
        self
    }

    /// The command does its work only if that many lines of its output, at least, hold this text.
    pub(crate) fn expecting(mut self, lines: usize, text: &'static str) -> Self {
        self.lines = lines;
        self.text = text;
        self
    }

    pub(crate) fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }

    /// Runs it once, to see that it does what it is measured for.
    pub(crate) fn rehearse(&mut self) -> Fallible<()> {
        let output = self.command.stdout(Stdio::piped()).output()?;
        let text = String::from_utf8(output.stdout)?;
        let found = text.lines().filter(|line| line.contains(self.text)).count();
        if !output.status.success() || found < self.lines {
            return Err(format!("`{}` does not work: {found} lines", self.name).into());
        }
        self.command.stdout(Stdio::null());
        Ok(())
    }

    /// Runs it and measures it.
    pub(crate) fn run(&mut self) -> Fallible<Sample> {
        let started = Instant::now();
        let mut child = self.command.spawn()?;
        let used = child.wait4()?;
        let wall = started.elapsed();
        if !used.status.success() {
            return Err(format!("`{}` failed", self.name).into());
        }
        Ok(Sample {
            wall,
            cpu: used.rusage.utime + used.rusage.stime,
            peak: used.rusage.maxrss,
        })
    }
}
