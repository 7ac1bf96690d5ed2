//! What the command line says.

use std::path::PathBuf;

use crate::Fallible;

/// The options of one run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Counted rounds.
    pub(crate) rounds: usize,
    /// Whether a missed bar is a failure.
    pub(crate) check: bool,
    /// Whether `cargo bench` is asking. `cargo test --all-targets` starts benchmarks too, and wants no figures.
    pub(crate) bench: bool,
    /// A program to measure instead of building one.
    pub(crate) authkeep: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Fallible<Self> {
        let mut options = Self {
            rounds: 200,
            check: false,
            bench: false,
            authkeep: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
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
