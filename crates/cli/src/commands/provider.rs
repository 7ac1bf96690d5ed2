//! `authkeep provider`: for those who write definitions.

mod check;
mod draw_up;
mod schema;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, Output};

/// Write a provider definition: begin one, check it, see what it would send.
#[derive(Debug, Args)]
pub(crate) struct ProviderArgs {
    #[command(subcommand)]
    command: ProviderCommand,
}

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    /// Begin a definition: answer a few questions, or start from what a server publishes.
    New(draw_up::NewArgs),
    /// Check a definition, and show every request that it would send.
    Check(check::CheckArgs),
    /// Print the JSON Schema of definitions, for editors.
    Schema,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ProviderArgs,
) -> Result<Done, CommandError> {
    match &args.command {
        ProviderCommand::New(args) => draw_up::run(context, output, args),
        ProviderCommand::Check(args) => check::run(context, args),
        ProviderCommand::Schema => Ok(schema::run()),
    }
}
