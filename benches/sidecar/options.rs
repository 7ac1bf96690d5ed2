//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use crate::Fallible;

/// The options of one run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Rounds, all of them counted.
    pub(crate) rounds: usize,
    /// How long each load lasts.
    pub(crate) load: Duration,
    /// How much is downloaded at once.
    pub(crate) mebibytes: usize,
    /// Whether a missed bar is a failure.
    pub(crate) check: bool,
    /// Whether `cargo bench` is asking. `cargo test --all-targets` starts benchmarks too, and wants no figures.
    pub(crate) bench: bool,
    /// The only way to measure, where one alone is looked at.
    pub(crate) only: Option<String>,
    /// A program to measure instead of building one.
    pub(crate) authkeep: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Fallible<Self> {
        let mut options = Self {
            rounds: 5,
            load: Duration::from_secs(2),
            mebibytes: 1024,
            check: false,
            bench: false,
            only: None,
            authkeep: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.load = Duration::from_secs_f64(value()?.parse()?),
                "--mebibytes" => options.mebibytes = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--authkeep" => options.authkeep = Some(value()?.into()),
                "--check" => options.check = true,
                "--bench" => options.bench = true,
                _ => return Err(format!("unknown option `{argument}`").into()),
            }
        }
        if options.rounds == 0 {
            return Err("--rounds must be at least 1".into());
        }
        Ok(options)
    }
}
