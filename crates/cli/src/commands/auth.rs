//! `authkeep auth`: a working credential by whatever way leads to one, and which way that was.

mod services;

use std::io::{self, IsTerminal as _, Write};

use authkeep_core::{
    Broker, Connection, ConnectionName, Method, Obtained, ResolveError, Target, Timestamp,
    usable_flows,
};
use authkeep_registry::{Flow, ProviderName};
use clap::{Args, FromArgMatches as _};
use serde_json::{Value, json};

use super::missing::{broker_for, defined};
use super::waiting::{for_token, waiting};
use super::{login, logout};
use crate::context::{Context, OnInterrupt, block_on};
use crate::duration;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};

/// Make sure of a credential, whichever way leads to one, and say which.
///
/// What is saved (refreshed if it is due); else a token that the OAuth client in the environment buys for itself; else,
/// with a person at a terminal and without --no-input, a browser login; else an API key in the environment. Without a
/// provider: what each would use.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep auth\n  \
    authkeep auth zoom\n  \
    authkeep auth zoom --logout")]
pub(crate) struct AuthArgs {
    /// The provider.
    provider: Option<ProviderName>,

    /// Which of its connections; then only what is saved counts.
    #[arg(long, value_name = "NAME", requires = "provider")]
    connection: Option<ConnectionName>,

    /// End the login instead, as `authkeep logout` does.
    #[arg(long, requires = "provider")]
    logout: bool,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &AuthArgs,
) -> Result<Done, CommandError> {
    let Some(provider) = &args.provider else {
        return services::run(context);
    };
    let target = Target {
        provider: provider.clone(),
        connection: args.connection.clone(),
    };
    if args.logout {
        return logout::end(context, output, &target);
    }
    let person = !context.global.no_input && io::stdin().is_terminal();
    let broker = match broker_for(context, provider) {
        Ok(broker) => broker,
        // A person can still log in, and what that needs is made then.
        Err(_) if person && args.connection.is_none() => {
            defined(context, provider)?;
            context.broker_or_new()?
        }
        Err(error) => return Err(error),
    };
    let ways = broker.ways(&target)?;
    let by_browser = person && args.connection.is_none() && opens_a_browser(context, provider)?;
    let last = if by_browser {
        Method::ClientCredentials
    } else {
        Method::ApiKey
    };
    let error = match obtained(&broker, output, &target, last)? {
        Ok(obtained) => {
            return Ok(ready(
                &broker,
                &obtained.connection,
                obtained.method.as_str(),
            ));
        }
        Err(error) => error,
    };
    if !person || args.connection.is_some() || !asks_for_a_login(&error) {
        // Where nothing is saved the error names the variables by itself.
        let told = matches!(error, ResolveError::Missing { .. });
        let error = CommandError::from(error);
        return Err(if told { error } else { error.with_ways(&ways) });
    }
    match logged_in(context, output, provider) {
        Ok(()) => {}
        Err(error) if error.exit_code() == ExitCode::Interrupted => return Err(error),
        Err(error) => {
            // The last way: a key in the environment.
            return match obtained(&broker, output, &target, Method::ApiKey)? {
                Ok(obtained) => {
                    output.warn(&error.message());
                    Ok(ready(
                        &broker,
                        &obtained.connection,
                        obtained.method.as_str(),
                    ))
                }
                Err(_) => Err(error),
            };
        }
    }
    Ok(ready(&broker, &broker.show(&target)?, "login"))
}

/// What is wrong with a login that another one would mend.
fn asks_for_a_login(error: &ResolveError) -> bool {
    match error {
        ResolveError::Missing { .. } | ResolveError::NeedsLogin { .. } => true,
        ResolveError::Client(_) => true,
        ResolveError::Refresh { error, .. } => error.ends_the_login(),
        _ => false,
    }
}

fn obtained(
    broker: &Broker,
    output: &Output,
    target: &Target,
    last: Method,
) -> Result<Result<Obtained, ResolveError>, CommandError> {
    block_on(OnInterrupt::Leave, async {
        let what = for_token(target.provider.as_str());
        Ok(waiting(output, &what, broker.obtain(target, None, last)).await)
    })
}

fn opens_a_browser(context: &Context, provider: &ProviderName) -> Result<bool, CommandError> {
    let bound = defined(context, provider)?.bind(&Default::default());
    let first = bound
        .ok()
        .and_then(|bound| usable_flows(&bound).first().copied());
    Ok(first.is_some_and(|flow| flow != Flow::ApiKey && flow != Flow::ClientCredentials))
}

/// As if `authkeep login PROVIDER` had been typed.
fn logged_in(
    context: &Context,
    output: &Output,
    provider: &ProviderName,
) -> Result<(), CommandError> {
    let command = login::LoginArgs::augment_args(clap::Command::new("login"));
    let read = command
        .try_get_matches_from(["login", "--force", "--", provider.as_str()])
        .and_then(|matches| login::LoginArgs::from_arg_matches(&matches));
    let args = read.map_err(|error| CommandError::caused(ExitCode::Usage, "usage", &error))?;
    login::run(context, output, &args).map(drop)
}

fn ready(broker: &Broker, connection: &Connection, method: &'static str) -> Done {
    Done::view(Ready::of(connection, method, broker.now()))
}

struct Ready {
    provider: String,
    connection: String,
    method: &'static str,
    auth: &'static str,
    expires_at: Option<String>,
    time_left: Option<String>,
    refreshable: bool,
}

impl Ready {
    fn of(connection: &Connection, method: &'static str, now: Timestamp) -> Self {
        let expires_at = connection.expires_at();
        Self {
            provider: connection.provider().to_string(),
            connection: connection.name().to_string(),
            method,
            auth: connection.kind().as_str(),
            expires_at: expires_at.map(|at| at.to_string()),
            time_left: expires_at.and_then(|at| duration::left(now, at)),
            refreshable: connection.is_refreshable(),
        }
    }
}

impl View for Ready {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            provider,
            connection,
            ..
        } = self;
        let by = match self.method {
            "saved_token" => format!("the saved login ({connection})"),
            "client_credentials" => {
                format!("a token that the client in the environment bought (saved as {connection})")
            }
            "login" => format!("a new login ({connection})"),
            _ => "an API key in the environment (not saved)".to_owned(),
        };
        let left = match &self.time_left {
            Some(left) => format!("; it lives for {left}"),
            None => String::new(),
        };
        writeln!(out, "{provider} is ready: {by}{left}.")
    }

    fn json(&self) -> Value {
        json!({
            "provider": self.provider,
            "connection": self.connection,
            "method": self.method,
            "auth": self.auth,
            "status": "connected",
            "expires_at": self.expires_at,
            "refreshable": self.refreshable,
        })
    }
}
