//! `authkeep launch`: the last step between `run` and the program, in a process of its own. It is started by
//! `run/child.rs` and is no command for people.
//!
//! What a process can only do to itself is done here, and then it becomes the program: its end is tied to its parent's,
//! it keeps no file but the standard three, and walls are put around it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::run::not_started;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::isolation::Walls;
use crate::output::Done;
use crate::process;

/// Become a program. Started by authkeep itself; use `authkeep run`.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct LaunchArgs {
    /// The process that has started this one.
    #[arg(long, hide = true)]
    parent: u32,

    /// The folder that the program is kept out of.
    #[arg(long, hide = true, requires = "port")]
    keep_out: Option<PathBuf>,

    /// The only port that it may connect to.
    #[arg(long, hide = true, requires = "keep_out")]
    port: Option<u16>,

    /// The program and its arguments.
    #[arg(last = true, required = true, hide = true)]
    command: Vec<OsString>,
}

pub(crate) fn run(context: &Context, args: &LaunchArgs) -> Result<Done, CommandError> {
    if !process::ends_with(args.parent) {
        // There is nobody left to do this for.
        return Ok(Done::Ended(ExitCode::Interrupted));
    }
    process::share_no_files();
    if let (Some(keep_out), Some(port)) = (args.keep_out.clone(), args.port) {
        Walls { keep_out, port }.raise().map_err(|error| {
            CommandError::caused(ExitCode::ProgramNotStarted, "not_isolated", &error)
                .hint("`authkeep doctor` says what this kernel can enforce")
        })?;
    }
    context.umask.restore();
    match process::become_program(&args.command, Vec::new()) {
        Ok(never) => match never {},
        Err(error) => Err(not_started(&args.command[0], &error)),
    }
}
