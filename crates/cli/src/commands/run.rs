//! `authkeep run`: a program with credentials. Today by its environment; the sidecar proxy comes later.

use std::ffi::OsString;
use std::io;

use authkeep_core::{ConnectionName, Purpose, Target, Variables};
use clap::Args;
use secrecy::ExposeSecret;

use super::handout::{released, wanted};
use super::missing::broker_for;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};
use crate::process::become_program;

/// Run a program with credentials in its environment.
///
/// The program takes authkeep's place: its exit code, its signals and its terminal are its own. Each release is
/// recorded in the audit log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep run --env --provider openai -- python app.py\n  \
    authkeep run --env --provider github=work --provider linear -- ./agent")]
pub(crate) struct RunArgs {
    /// Put the real values into the program's environment. Required until the sidecar proxy is there.
    #[arg(long)]
    env: bool,

    /// The providers, each with a connection if it matters which; without any, all that are connected.
    #[arg(long = "provider", value_name = "PROVIDER[=CONNECTION]", value_parser = target)]
    providers: Vec<Target>,

    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn target(text: &str) -> Result<Target, String> {
    let (provider, connection) = match text.split_once('=') {
        Some((provider, connection)) => (provider, Some(connection)),
        None => (text, None),
    };
    Ok(Target {
        provider: provider
            .parse()
            .map_err(|error: authkeep_registry::InvalidName| error.to_string())?,
        connection: connection
            .map(str::parse::<ConnectionName>)
            .transpose()
            .map_err(|error| error.to_string())?,
    })
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RunArgs,
) -> Result<Done, CommandError> {
    if !args.env {
        return Err(CommandError::new(
            ExitCode::Other,
            "no_sidecar",
            "the sidecar proxy, which keeps credentials out of the program, is not built yet",
        )
        .hint("`authkeep run --env` puts the real values into the program's environment instead"));
    }
    let variables = variables(context, output, args)?;
    if variables.iter().next().is_none() {
        output.warn("nothing is connected in this profile: the program gets no credential");
    }
    // EXPOSE: into the environment of the program that the user named.
    let environment = variables
        .iter()
        .map(|(name, value)| (name.to_owned(), value.expose_secret().to_owned()))
        .collect();
    context.umask.restore();
    match become_program(&args.command, environment) {
        Ok(never) => match never {},
        Err(error) => Err(not_started(&args.command[0], &error)),
    }
}

fn variables(
    context: &Context,
    output: &Output,
    args: &RunArgs,
) -> Result<Variables, CommandError> {
    let broker = match args.providers.first() {
        Some(target) => broker_for(context, &target.provider)?,
        None => match context.broker()? {
            Some(broker) => broker,
            None => return Ok(Variables::default()),
        },
    };
    let connections = wanted(&broker, output, &args.providers)?;
    released(&broker, connections, Purpose::Environment)
}

fn not_started(program: &OsString, error: &io::Error) -> CommandError {
    // As shells and env(1) have it, so that it is told from the program's own codes.
    let code = match error.kind() {
        io::ErrorKind::NotFound => ExitCode::ProgramNotFound,
        _ => ExitCode::ProgramNotStarted,
    };
    CommandError::new(
        code,
        "not_started",
        format!("`{}` cannot be started: {error}", program.to_string_lossy()),
    )
    .hint("check the name and that it is executable")
}
