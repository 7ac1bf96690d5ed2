//! `authkeep get`: what is known of a login, or one field of it.

mod details;

use std::time::Duration;

use authkeep_core::{Broker, Connection, ConnectionName, Purpose, ResolveError, Target};
use authkeep_registry::ProviderName;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use self::details::Details;
use super::missing::broker_for;
use super::resolving::{renewed, resolved};
use crate::context::Context;
use crate::duration;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};

/// Show a login without its secrets, or print one field.
///
/// `--field token --show-secret` prints the live secret of any kind, refreshed if it is about to expire. That
/// release is recorded in the audit log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep get github\n  \
    authkeep get github --field token --show-secret\n  \
    authkeep get github --field expires_at\n  \
    authkeep get google --min-ttl 10m --field token --show-secret")]
pub(crate) struct GetArgs {
    /// The provider.
    provider: ProviderName,

    /// Which of its connections.
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,

    /// Print only this field: token, access_token, api_key, a field of the definition, or any field shown.
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,

    /// Print the field even if it is a secret.
    #[arg(long, requires = "field")]
    show_secret: bool,

    /// Refresh unless the token lives at least this long (10m, 90s).
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    min_ttl: Option<Duration>,

    /// Refresh now.
    #[arg(long)]
    refresh: bool,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &GetArgs,
) -> Result<Done, CommandError> {
    let broker = broker_for(context, &args.provider)?;
    let target = Target {
        provider: args.provider.clone(),
        connection: args.connection.clone(),
    };
    let connection = current(&broker, output, &target, args)?;
    let Some(field) = &args.field else {
        return Ok(Done::view(Details::of(&connection, broker.now())));
    };
    if args.show_secret {
        return released(context, &broker, connection, field);
    }
    if connection.secret_names().contains(&field.as_str()) {
        return Err(CommandError::new(
            ExitCode::Usage,
            "secret_field",
            format!("`{field}` is a secret"),
        )
        .hint(
            "add --show-secret to print it, or let `authkeep run` put it into a program's requests",
        ));
    }
    let details = Details::of(&connection, broker.now());
    details.field(field).map(Done::view)
}

fn current(
    broker: &Broker,
    output: &Output,
    target: &Target,
    args: &GetArgs,
) -> Result<Connection, CommandError> {
    if args.refresh {
        return renewed(broker, output, target);
    }
    // Looking at a login that has run out is no reason to fail: the status says so.
    if !args.show_secret && args.min_ttl.is_none() {
        match broker.show(target) {
            // The environment may have what the vault has not.
            Err(ResolveError::Missing { .. }) => {}
            shown => return Ok(shown?),
        }
    }
    resolved(broker, output, target, args.min_ttl)
}

fn released(
    context: &Context,
    broker: &Broker,
    connection: Connection,
    field: &str,
) -> Result<Done, CommandError> {
    let details = Details::of(&connection, broker.now());
    if !connection.secret_names().contains(&field) {
        // Not a secret: nothing is released.
        return details.field(field).map(Done::view);
    }
    let credential = broker.release(connection, Purpose::Show)?;
    let secret = credential.field(field).map_err(|error| {
        CommandError::caused(ExitCode::CredentialMissing, "unknown_field", &error)
    })?;
    // EXPOSE: into the line that is printed, which is a secret type again.
    let secret = secret.expose_secret();
    Ok(Done::Secret(SecretString::from(if context.global.json {
        format!("{:#}\n", json!({ "field": field, "value": secret }))
    } else {
        format!("{secret}\n")
    })))
}
