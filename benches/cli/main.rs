//! Measures whole commands as a user meets them: processes, from start to exit, on seeded homes.
//!
//! `cargo bench -p authkeep-benches` builds both programs, seeds the homes, runs every target once a round
//! and prints a table for `get`, one for `list`, one for `run` and one for what the registry answers. Rounds are interleaved, so that whatever else the
//! machine does befalls all targets alike. Nothing here fails because a machine is slow, unless `--check`
//! asks for that.
//!
//! ```text
//! cargo bench -p authkeep-benches -- [--rounds N] [--check] [--authkeep PROGRAM]
//! ```
//!
//! `--authkeep` measures another build instead of building one.

mod homes;
mod options;
mod report;
mod target;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::homes::{CONNECTIONS, Homes, Programs};
use crate::options::Options;
use crate::report::Report;
use crate::target::{Bar, Target};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Rounds that warm caches and are not counted.
const WARM_UP: usize = 10;

fn main() -> Fallible<ExitCode> {
    let options = Options::read(std::env::args().skip(1))?;
    if !options.bench {
        return Ok(ExitCode::SUCCESS);
    }
    let programs = Programs::find_or_build(options.authkeep.clone())?;
    let mut out = io::stdout().lock();
    writeln!(out, "authkeep: {}", programs.authkeep.display())?;
    writeln!(out, "seeding {CONNECTIONS} connections, three times over")?;
    let folder = tempfile::tempdir()?;
    let homes = Homes::seed(folder.path(), &programs)?;
    let mut missed = false;
    for mut group in groups(&programs, &homes) {
        let report = measure(&mut group, options.rounds)?;
        missed |= report.print(&mut out, &group)?;
    }
    Ok(if options.check && missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs a group in rounds, every other one backwards: who runs after whom is nobody's advantage.
fn measure(group: &mut [Target], rounds: usize) -> Fallible<Report> {
    for target in group.iter_mut() {
        target.rehearse()?;
    }
    let mut report = Report::new(group.len());
    for round in 0..WARM_UP + rounds {
        for step in 0..group.len() {
            let at = if round % 2 == 0 {
                step
            } else {
                group.len() - 1 - step
            };
            let sample = group[at].run()?;
            if round >= WARM_UP {
                report.add(at, sample);
            }
        }
    }
    Ok(report)
}

/// What is measured, in groups of like cost. The first of each is the floor that the others are compared with.
fn groups(programs: &Programs, homes: &Homes) -> [Vec<Target>; 4] {
    let floor = |name, arguments: &[&str]| {
        let files = [
            homes.floor_database.as_os_str(),
            homes.floor_key.as_os_str(),
        ];
        let (verb, rest) = arguments.split_first().unwrap_or((&"", &[]));
        Target::new(name, &programs.floor)
            .arguments([*verb])
            .arguments(files)
            .arguments(rest)
    };
    let authkeep = |name, home: &std::path::Path, arguments: &[&str]| {
        Target::new(name, &programs.authkeep)
            .home(home)
            .arguments(arguments)
    };
    const GET: &[&str] = &["get", "openai", "--field", "token", "--show-secret"];
    let list_bar = Bar::Milliseconds(60.0);
    let get = vec![
        floor("floor get", &["get", "default"]).expecting(1, "sk-cnry_"),
        authkeep("get --show-secret", &homes.one, GET)
            .expecting(1, "sk-cnry_")
            .bar(Bar::TimesTheFloor(1.5))
            .bar(Bar::Mebibytes(12.0)),
        authkeep("get (redacted)", &homes.one, &["get", "openai"]).expecting(1, "openai"),
    ];
    let list = vec![
        floor("floor list", &["list"]).expecting(CONNECTIONS, "openai"),
        authkeep("list, one provider", &homes.one, &["list"])
            .expecting(CONNECTIONS, "openai")
            .bar(list_bar),
        authkeep("list --json, one provider", &homes.one, &["list", "--json"])
            .expecting(CONNECTIONS, "\"connection\": ")
            .bar(list_bar),
        authkeep("list, 100 providers", &homes.hundred, &["list"])
            .expecting(CONNECTIONS, "mine-")
            .bar(list_bar),
        authkeep("list, 1000 providers", &homes.thousand, &["list"])
            .expecting(CONNECTIONS, "mine-")
            .bar(list_bar),
        authkeep(
            "list --json, 1000 providers",
            &homes.thousand,
            &["list", "--json"],
        )
        .expecting(CONNECTIONS, "\"connection\": ")
        .bar(list_bar),
    ];
    let run = vec![
        Target::new("true", "/bin/true".as_ref()),
        authkeep("run -- true", &homes.login, &["run", "--", "/bin/true"])
            .bar(Bar::Milliseconds(30.0)),
        authkeep(
            "run --env -- true",
            &homes.login,
            &["run", "--env", "--", "/bin/true"],
        ),
    ];
    const PROVIDERS: usize = 350;
    let registry_bar = Bar::Milliseconds(25.0);
    let registry = vec![
        authkeep("--version", &homes.login, &["--version"]),
        authkeep("list --json, one login", &homes.login, &["list", "--json"])
            .expecting(PROVIDERS, "\"provider\": ")
            .bar(registry_bar),
        authkeep("providers --json", &homes.login, &["providers", "--json"])
            .expecting(PROVIDERS, "\"provider\": ")
            .bar(registry_bar),
        authkeep(
            "inspect, extended",
            &homes.login,
            &["inspect", "google-drive"],
        )
        .expecting(1, "Google Drive"),
    ];
    [get, list, run, registry]
}
