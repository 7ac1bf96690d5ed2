//! `authkeep run`: a program with logins. Behind the sidecar it never holds a credential; with `--env` it gets the real
//! ones.

mod child;
mod logins;
mod sidecar;
mod summary;

use std::ffi::OsString;
use std::io;

use authkeep_core::{ConnectionName, Purpose, Target, Variables};
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;

use super::handout::{released, wanted};
use super::missing::broker_for;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};
use crate::process::become_program;

/// Run a program with your logins, without handing it a single credential.
///
/// The program runs behind a proxy of its own, the sidecar, on this machine. Its environment holds placeholders in
/// place of keys and tokens, and the sidecar puts the real ones into requests to the providers' hosts. It renews what
/// runs out, and ends with the program. Exit code and signals are the program's own. Each release is recorded in the
/// audit log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep run -- python app.py\n  \
    authkeep run --provider github=work --provider linear -- ./agent\n  \
    authkeep run --isolate=required --deny-unmatched -- ./agent\n  \
    authkeep run --env --provider openai -- ./program-that-uses-no-proxy")]
pub(crate) struct RunArgs {
    /// The providers, each with a connection if it matters which; without any, all that are connected.
    #[arg(long = "provider", value_name = "PROVIDER[=CONNECTION]", value_parser = target)]
    providers: Vec<Target>,

    /// Refuse connections to hosts that no login is for.
    #[arg(long, conflicts_with = "env")]
    deny_unmatched: bool,

    /// Answer the program's own attempts to refresh its token, with a placeholder.
    #[arg(long, conflicts_with = "env")]
    emulate_token_endpoint: bool,

    /// Keep the program from authkeep's home, and from all TCP ports but the sidecar's (Linux). With `required`, start
    /// nothing where the kernel cannot do both.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true,
        default_missing_value = "best-effort", conflicts_with = "env")]
    isolate: Option<Isolate>,

    /// Put the real values into the program's environment, and start no sidecar.
    #[arg(long)]
    env: bool,

    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// How much isolation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Isolate {
    /// What the kernel can do.
    BestEffort,
    /// All of it, or the program is not started.
    Required,
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
    if args.env {
        with_secrets(context, output, args)
    } else {
        sidecar::run(context, output, args)
    }
}

/// Said where nothing can be handed out.
const NOTHING: &str = "no login of this profile can be used, so the program gets no credential; \
    `authkeep list` says how they stand";

/// Becomes the program, with the real values in its environment.
fn with_secrets(context: &Context, output: &Output, args: &RunArgs) -> Result<Done, CommandError> {
    let variables = variables(context, output, args)?;
    if variables.iter().next().is_none() {
        output.warn(NOTHING);
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

pub(super) fn not_started(program: &OsString, error: &io::Error) -> CommandError {
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
