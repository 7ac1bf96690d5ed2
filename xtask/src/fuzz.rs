//! What strangers send, made up by libFuzzer: `fuzz/`, which is a workspace of its own.
//!
//! Its targets are built and run without cargo-fuzz, by the stable compiler: all that is needed are the counters that
//! tell libFuzzer which way an input has taken. The product has no `unsafe` code, so no sanitizer is asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Failed, root, run};

/// The control: it has a bug, and a fuzzer that does not find it finds nothing.
const PLANTED: &str = "planted";
/// How long each target runs unless told otherwise, and the control at most.
const SECONDS: u32 = 60;
/// Where inputs are kept that crash.
const FOUND: &str = "target/fuzz/found";
/// The counters, in LLVM's words.
const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs the named target, or all of them one after the other; the control comes first.
pub(crate) fn all_or_one(arguments: impl Iterator<Item = String>) -> Result<(), Failed> {
    let known = targets().map_err(|error| Failed(error.to_string()))?;
    let (target, seconds) = read(arguments)?;
    let chosen = match target {
        Some(target) if known.contains(&target) => vec![target],
        Some(target) => {
            let known = known.join(", ");
            return Err(Failed(format!("no target `{target}`; there are {known}")));
        }
        None => known,
    };
    let binaries = build()?;
    match fuzz(&binaries, PLANTED, SECONDS)? {
        Ending::Crashed(said) if said.contains("the planted bug") => println!("{PLANTED}: found"),
        Ending::Crashed(said) => return Err(Failed(said)),
        Ending::Survived(inputs) => {
            let why = format!("the planted bug was not found by {inputs} inputs");
            return Err(Failed(why));
        }
    }
    for target in &chosen {
        match fuzz(&binaries, target, seconds)? {
            Ending::Survived(inputs) => {
                println!("{target}: {inputs} inputs in {seconds} s, 0 crashes");
            }
            Ending::Crashed(said) => {
                println!("{said}");
                return Err(Failed(format!(
                    "{target} crashed; the input is below {FOUND}"
                )));
            }
        }
    }
    Ok(())
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<(Option<String>, u32), Failed> {
    let (mut target, mut seconds) = (None, SECONDS);
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or_else(|| Failed("--seconds needs a number".to_owned()))?;
        } else {
            target = Some(argument);
        }
    }
    Ok((target, seconds))
}

/// Every target but the control, sorted.
fn targets() -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/src/bin"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    found.retain(|target| target != PLANTED);
    found.sort();
    Ok(found)
}

/// Builds all targets and returns their folder.
fn build() -> Result<PathBuf, Failed> {
    let host = host()?;
    let target_dir = root().join("target/fuzz");
    run(Command::new(env!("CARGO"))
        .args(["build", "--manifest-path", "fuzz/Cargo.toml"])
        // Named, so that the counters stay out of build scripts.
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("RUSTFLAGS", COUNTERS))?;
    Ok(target_dir.join(host).join("debug"))
}

fn host() -> Result<String, Failed> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| Failed(format!("rustc cannot be started: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failed("rustc does not name its host".to_owned()))
}

enum Ending {
    /// After so many inputs the time was over.
    Survived(String),
    /// What libFuzzer says of the crash.
    Crashed(String),
}

/// Runs one target. What it learns and what it finds is kept below `target/fuzz`; the seeds stay as they are.
fn fuzz(binaries: &Path, target: &str, seconds: u32) -> Result<Ending, Failed> {
    let learnt = format!("target/fuzz/corpus/{target}");
    for folder in [learnt.as_str(), FOUND] {
        let made = fs::create_dir_all(root().join(folder));
        made.map_err(|error| Failed(format!("{folder} cannot be made: {error}")))?;
    }
    println!("{target}: up to {seconds} s …");
    let output = Command::new(binaries.join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={FOUND}/{target}-"))
        .args(["-timeout=10", "-max_len=4096", "-print_final_stats=1"])
        .arg(learnt)
        .arg(format!("fuzz/corpus/{target}"))
        .current_dir(root())
        .output()
        .map_err(|error| Failed(format!("{target} cannot be started: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    match count {
        Some(count) if output.status.success() => Ok(Ending::Survived(count.trim().to_owned())),
        _ => Ok(Ending::Crashed(said.into_owned())),
    }
}
