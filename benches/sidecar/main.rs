//! Measures what the sidecar costs a program's traffic, beside no proxy at all, a proxy that only copies bytes, and the
//! least that a proxy has to do that opens the traffic and sets a header (`src/bin/reference.rs`).
//!
//! Every round measures each subject once, forwards and backwards by turns, so that whatever else the machine does
//! befalls all alike; ratios and differences are taken inside a round, and their medians are printed. The load, the
//! server and the proxy share the machine's cores.
//!
//! ```text
//! cargo bench -p authkeep-benches --bench sidecar -- [--rounds N] [--seconds S] [--mebibytes M]
//!     [--only SUBJECT] [--check] [--authkeep PROGRAM]
//! ```

mod client;
mod measure;
mod options;
mod report;
mod subject;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::measure::Sample;
use crate::options::Options;
use crate::subject::Stage;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Fallible<ExitCode> {
    let options = Options::read(std::env::args().skip(1))?;
    if !options.bench {
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut stage = Stage::build(&options)?;
    if let Some(only) = &options.only {
        stage.subjects.retain(|subject| subject.name == only);
    }
    let mut samples: Vec<Vec<Sample>> = stage.subjects.iter().map(|_| Vec::new()).collect();
    let mut out = io::stdout().lock();
    for round in 0..options.rounds {
        let count = stage.subjects.len();
        for step in 0..count {
            let at = if round % 2 == 0 {
                step
            } else {
                count - 1 - step
            };
            let subject = &stage.subjects[at];
            let sample = runtime.block_on(measure::all(subject, &options))?;
            writeln!(out, "round {} {:<10} {sample}", round + 1, subject.name)?;
            samples[at].push(sample);
        }
    }
    let missed = report::print(&mut out, &stage.subjects, &samples)?;
    Ok(if options.check && missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
