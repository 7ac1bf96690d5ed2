//! `authkeep`: wiring, once per invocation. Arguments in, one use case, one view out, one exit code.
//!
//! This is the only crate that reads the environment, knows the home directory, prints or exits. What the
//! program does is in `authkeep-core`; each subcommand here is one file under `commands/`.

mod args;
mod browser;
mod commands;
mod context;
mod countdown;
mod duration;
mod env;
mod error;
mod exit_code;
mod form;
mod isolation;
mod logging;
mod output;
mod person;
mod printable;
mod process;
mod prompt;
mod refresher;
mod trust_kit;

use std::process::ExitCode as ProcessExit;

use crate::args::Cli;
use crate::context::Context;
use crate::output::Output;

fn main() -> ProcessExit {
    let umask = process::keep_files_private();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let arguments = args::raw();
            return Output::before_arguments(&arguments).usage(&arguments, &error);
        }
    };
    let output = Output::new(&cli.global);
    let context = match logging::start(&cli.global) {
        Ok(()) => Context::new(cli.global, umask),
        Err(error) => return output.failure(&error),
    };
    match commands::run(&context, &output, &cli.command) {
        Ok(done) => output.success(done),
        Err(error) => output.failure(&error),
    }
}
