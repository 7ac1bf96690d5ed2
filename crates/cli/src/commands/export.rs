//! `authkeep export`: credentials as environment variables, quoted for who reads them.

use authkeep_core::{
    Broker, Connection, ConnectionName, ExportFormat, ProviderState, Purpose, Target, Variables,
};
use authkeep_registry::ProviderName;
use clap::{Args, ValueEnum};

use super::get::resolved;
use super::missing::no_credential;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};

/// Print credentials as environment variables.
///
/// Access tokens and API keys only, never a refresh token. Each release is recorded in the audit log. Prefer
/// `authkeep run`, which puts nothing into your shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    eval \"$(authkeep export openai --format shell)\"\n  \
    authkeep export github --format fish | source\n  \
    authkeep export --format dotenv > .env")]
pub(crate) struct ExportArgs {
    /// The providers; without any, all that are connected.
    providers: Vec<ProviderName>,

    /// Which connection of the provider.
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,

    /// Who reads it.
    #[arg(long, value_enum, default_value_t = Format::Env)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// NAME=value lines
    Env,
    /// export lines for sh, bash, zsh
    Shell,
    /// set -gx lines for fish
    Fish,
    /// $env: lines for PowerShell
    Powershell,
    /// one JSON object
    Json,
    /// NAME="value" lines for dotenv readers
    Dotenv,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Env => Self::Env,
            Format::Shell => Self::Shell,
            Format::Fish => Self::Fish,
            Format::Powershell => Self::PowerShell,
            Format::Json => Self::Json,
            Format::Dotenv => Self::Dotenv,
        }
    }
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ExportArgs,
) -> Result<Done, CommandError> {
    let format = if output.is_json() {
        ExportFormat::Json
    } else {
        args.format.into()
    };
    let mut variables = Variables::default();
    match (context.broker()?, args.providers.first()) {
        (None, Some(provider)) => return Err(no_credential(context, provider)),
        (None, None) => {}
        (Some(broker), _) => {
            for connection in wanted(&broker, output, args)? {
                variables.extend(released(&broker, connection, Purpose::Export)?)?;
            }
        }
    }
    if variables.iter().next().is_none() {
        output.warn("nothing is connected in this profile: there is nothing to export");
    }
    Ok(Done::Secret(variables.render(format)?))
}

/// The named logins, all of which must work; or all that do.
fn wanted(
    broker: &Broker,
    output: &Output,
    args: &ExportArgs,
) -> Result<Vec<Connection>, CommandError> {
    let target = |provider: &ProviderName| Target {
        provider: provider.clone(),
        connection: args.connection.clone(),
    };
    if !args.providers.is_empty() {
        return args
            .providers
            .iter()
            .map(|provider| resolved(broker, &target(provider), None))
            .collect();
    }
    let mut connections = Vec::new();
    for provider in broker.list()? {
        if provider.state != ProviderState::Connected {
            continue;
        }
        match resolved(broker, &target(&provider.name), None) {
            Ok(connection) => connections.push(connection),
            Err(error) => output.warn(&format!(
                "{} is left out: {}",
                provider.name,
                error.message()
            )),
        }
    }
    Ok(connections)
}

/// The variables of one login, released.
pub(super) fn released(
    broker: &Broker,
    connection: Connection,
    purpose: Purpose,
) -> Result<Vec<(String, secrecy::SecretString)>, CommandError> {
    let provider = broker.provider_of(&connection)?;
    let name = connection.provider().clone();
    let variables = broker.release(connection, purpose)?.environment(&provider);
    if variables.is_empty() {
        return Err(CommandError::new(
            ExitCode::Other,
            "no_variables",
            format!("the definition of `{name}` names no environment variable"),
        )
        .hint(format!(
            "use `authkeep get {name} --field token --show-secret`, or add `env` to the definition"
        )));
    }
    Ok(variables)
}
