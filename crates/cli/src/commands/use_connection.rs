//! `authkeep use`: which connection of a provider is meant where none is named.

use std::io::{self, Write};

use authkeep_core::ConnectionName;
use authkeep_registry::ProviderName;
use clap::Args;
use serde_json::{Value, json};

use super::missing::no_credential;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, View};

/// Choose the connection of a provider that is used where none is named.
///
/// Without a choice it is the connection named `default`, or else the only one. Logging out of the chosen connection
/// takes the choice back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep use github work\n  \
    authkeep use github default")]
pub(crate) struct UseArgs {
    /// The provider.
    provider: ProviderName,

    /// The connection, as `authkeep list` shows it.
    connection: ConnectionName,
}

pub(crate) fn run(context: &Context, args: &UseArgs) -> Result<Done, CommandError> {
    let Some(broker) = context.broker()? else {
        return Err(no_credential(context, &args.provider));
    };
    let provider = broker.use_connection(&args.provider, &args.connection)?;
    Ok(Done::view(Chosen {
        provider,
        connection: args.connection.clone(),
    }))
}

struct Chosen {
    provider: ProviderName,
    connection: ConnectionName,
}

impl View for Chosen {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            provider,
            connection,
        } = self;
        writeln!(
            out,
            "From now on {provider} means {connection} where no connection is named."
        )
    }

    fn json(&self) -> Value {
        json!({
            "provider": self.provider.as_str(),
            "default_connection": self.connection.as_str(),
        })
    }
}
