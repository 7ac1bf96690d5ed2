//! `authkeep logout`: ends one login, at the provider and here.

use std::io::{self, Write};

use authkeep_core::{ConnectionName, LogoutOutcome, RemoteRevocation, Target};
use authkeep_registry::ProviderName;
use clap::Args;
use serde_json::{Value, json};

use super::missing::no_credential;
use super::waiting::{for_revocation, waiting};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};

/// End one login: revoke it at the provider, then delete it here.
///
/// The local copy is deleted even if the provider cannot be reached; the exit code is then 1.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// The provider.
    provider: ProviderName,

    /// Which of its connections.
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &LogoutArgs,
) -> Result<Done, CommandError> {
    let target = Target {
        provider: args.provider.clone(),
        connection: args.connection.clone(),
    };
    end(context, output, &target)
}

/// Ends it; shared by `logout` and `auth --logout`.
pub(super) fn end(
    context: &Context,
    output: &Output,
    target: &Target,
) -> Result<Done, CommandError> {
    let Some(broker) = context.broker()? else {
        return Err(no_credential(context, &target.provider));
    };
    let outcome = block_on(OnInterrupt::Finish(&broker), async {
        let what = for_revocation(target.provider.as_str());
        Ok(waiting(output, &what, broker.logout(target)).await?)
    })?;
    Ok(Done::view(Ended {
        outcomes: vec![outcome],
        also: None,
    }))
}

/// Logins that ended; shared by `logout`, `revoke` and `remove`.
pub(super) struct Ended {
    pub(super) outcomes: Vec<LogoutOutcome>,
    /// What else was done, for `revoke` and `remove`.
    pub(super) also: Option<String>,
}

impl View for Ended {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for LogoutOutcome {
            provider,
            connection,
            remote,
        } in &self.outcomes
        {
            match remote {
                RemoteRevocation::Revoked => {
                    writeln!(
                        out,
                        "Logged out of {provider} ({connection}): revoked there and deleted here."
                    )?;
                }
                RemoteRevocation::NotOffered => writeln!(
                    out,
                    "Logged out of {provider} ({connection}): deleted here. {provider} offers no revocation; \
                     the credential stays good there until it ends or you delete it on its site."
                )?,
                RemoteRevocation::Failed(why) => writeln!(
                    out,
                    "Deleted the login to {provider} ({connection}) here, but it could not be revoked there: {why}. \
                     Revoke it on {provider}'s site."
                )?,
            }
        }
        match &self.also {
            Some(text) => writeln!(out, "{text}"),
            None => Ok(()),
        }
    }

    fn json(&self) -> Value {
        let outcomes: Vec<_> = self
            .outcomes
            .iter()
            .map(|outcome| {
                let (remote, why) = match &outcome.remote {
                    RemoteRevocation::Revoked => ("revoked", None),
                    RemoteRevocation::NotOffered => ("not_offered", None),
                    RemoteRevocation::Failed(why) => ("failed", Some(why)),
                };
                json!({
                    "provider": outcome.provider.as_str(),
                    "connection": outcome.connection.as_str(),
                    "deleted": true,
                    "remote": remote,
                    "why": why,
                })
            })
            .collect();
        json!({ "ended": outcomes, "note": self.also })
    }

    fn exit_code(&self) -> ExitCode {
        let failed =
            |outcome: &LogoutOutcome| matches!(outcome.remote, RemoteRevocation::Failed(_));
        if self.outcomes.iter().any(failed) {
            ExitCode::Other
        } else {
            ExitCode::Ok
        }
    }
}
