//! `authkeep export`: credentials as environment variables, quoted for who reads them.

use authkeep_core::{ConnectionName, ExportFormat, Purpose, Target, Variables};
use authkeep_registry::ProviderName;
use clap::{Args, ValueEnum};

use super::handout::{released, wanted};
use super::missing::broker_for;
use crate::context::Context;
use crate::error::CommandError;
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
    #[arg(long, value_name = "NAME", requires = "providers")]
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
    let target = |provider: &ProviderName| Target {
        provider: provider.clone(),
        connection: args.connection.clone(),
    };
    let named: Vec<_> = args.providers.iter().map(target).collect();
    let broker = match args.providers.first() {
        Some(provider) => Some(broker_for(context, provider)?),
        None => context.broker()?,
    };
    let variables = match broker {
        Some(broker) => released(&broker, wanted(&broker, output, &named)?, Purpose::Export)?,
        None => Variables::default(),
    };
    if variables.iter().next().is_none() {
        output.warn("nothing is connected in this profile: there is nothing to export");
    }
    Ok(Done::Secret(variables.render(format)?))
}
